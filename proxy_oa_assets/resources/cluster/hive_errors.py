"""Errors of statements to a HiveServer2, with the server, the statement and the setting to fix."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from impala.error import Error as ImpylaError
from impala.error import HttpError
from thrift.Thrift import TException
from thrift.transport.TTransport import TTransportException

from proxy_oa_assets.model.errors import SettingsError, WarehouseError, WarehouseUnreachableError
from proxy_oa_assets.model.network import UNTRUSTED, certificate_problem
from proxy_oa_assets.resources.cluster.hive_transport import TRANSPORT, Server

# Kerberos' message about a reply that it should unwrap and that isn't wrapped.
_NOT_WRAPPED = "Token header is malformed"
# A Java exception's name before its message.
_EXCEPTION_NAMES = re.compile(r"^(?:[\w.]+\.\w*(?:Exception|Error): )+")

_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429
_REDIRECTS, _SERVER_ERRORS = range(300, 400), range(500, 600)
# What a web server answers where no HiveServer2 is.
_NO_ENGINE = (400, 404, 405, 415, 501)
_LOGIN_REMEDIES = {
    "GSSAPI": "run kinit as the user to log in as, and check IMPALA_KERBEROS_SERVICE_NAME",
    "JWT": "set IMPALA_JWT to a token of this server that is still valid",
}


def is_transient(error: BaseException) -> bool:
    """Return whether a retry may succeed; it doesn't after a certificate or a login was refused."""
    if isinstance(error, HttpError):
        return _is_transient_status(error.code)
    if _is_another_protocol(error):
        return False
    texts = _texts(error)
    lasting = UNTRUSTED in texts or _NOT_WRAPPED in texts or _is_refused_login(texts)
    return isinstance(error, TRANSPORT) and not lasting


@contextmanager
def warehouse_errors(server: Server, sql: str) -> Iterator[None]:
    """Turn impyla's, thrift's and Kerberos' errors into errors that name the statement and the remedy.

    Secrets are struck out of the server's words; an error that quotes one isn't the cause of ours.
    """
    no_ticket = _ticket_error(server)
    try:
        yield
    except (*TRANSPORT, ImpylaError, TException, *no_ticket) as error:
        failure = _failure(server, short(sql), error)
        raise type(failure)(server.secrets.struck(str(failure))) from server.secrets.cause(error)


def short(sql: str) -> str:
    """Return the beginning of a statement, on one line."""
    return " ".join(sql.split())[:120]


def _ticket_error(server: Server) -> tuple[type[Exception], ...]:
    """Return Kerberos' exception; raises SettingsError if the package for it is missing."""
    if server.auth_mechanism != "GSSAPI":
        return ()
    try:
        from kerberos import GSSError
    except ImportError as error:
        raise SettingsError(
            "IMPALA_AUTH_MECHANISM=GSSAPI: install the extra kerberos "
            "(pip install 'proxy-oa-assets[kerberos]')"
        ) from error
    return (GSSError,)


def _failure(server: Server, statement: str, error: Exception) -> WarehouseError:
    address = server.address
    # Struck before it is cut, which could leave half a secret.
    reason = server.secrets.struck(_first_line(str(error)) or type(error).__name__)
    if isinstance(error, HttpError):
        return _http_failure(server, statement, error)
    if isinstance(error, ImpylaError):
        return WarehouseError(f"{address} refused ({statement}): {_EXCEPTION_NAMES.sub('', reason)[:600]}")
    if _is_another_protocol(error):
        return WarehouseError(
            f"{address} doesn't answer as a HiveServer2 ({reason[:600]}): {statement}. Check IMPALA_HOST, "
            f"IMPALA_PORT, IMPALA_USE_SSL and IMPALA_HTTP_PATH"
        )
    if not isinstance(error, TRANSPORT):
        return _ticket_failure(server, error)
    return _transport_failure(server, statement, error, reason[:600])


def _transport_failure(server: Server, statement: str, error: Exception, reason: str) -> WarehouseError:
    address, texts = server.address, _texts(error)
    if UNTRUSTED in texts:
        return WarehouseError(
            certificate_problem(address, texts, certificate="IMPALA_CA_CERT", address="IMPALA_HOST")
        )
    if _NOT_WRAPPED in texts:
        return WarehouseError(
            f"{address} requires Kerberos to wrap messages (hive.server2.thrift.sasl.qop is auth-int or "
            f"auth-conf), which impyla can't; set it to auth there, and IMPALA_USE_SSL for TLS"
        )
    if _is_refused_login(texts):
        return WarehouseError(
            f"{address} refused the login ({reason}); check IMPALA_AUTH_MECHANISM, IMPALA_USER and "
            f"IMPALA_PASSWORD"
        )
    if "timed out" in texts:
        return WarehouseUnreachableError(
            f"{address} didn't answer within {server.timeout:g} s (IMPALA_TIMEOUT): {statement}"
        )
    return WarehouseUnreachableError(
        f"{address} is unreachable, or the connection was lost ({reason}): {statement}. Is it up? "
        f"Check IMPALA_HOST, IMPALA_PORT, IMPALA_HTTP_PATH, IMPALA_USE_SSL and IMPALA_AUTH_MECHANISM"
    )


def _is_another_protocol(error: BaseException) -> bool:
    """Return whether a response isn't thrift's: read as a length, a web page's text is above every limit."""
    if isinstance(error, TTransportException):
        return bool(error.type == TTransportException.SIZE_LIMIT)
    return isinstance(error, TException)


def _ticket_failure(server: Server, error: Exception) -> WarehouseError:
    # The innermost pair of a text and its number.
    reason, _ = error.args[-1]
    return WarehouseError(
        f"Kerberos has no ticket for {server.kerberos_service_name}@{server.host} ({reason}); run kinit as "
        f"the user to log in as, and check that IMPALA_KERBEROS_SERVICE_NAME and IMPALA_HOST name the server "
        f"as Kerberos knows it"
    )


def _http_failure(server: Server, statement: str, error: HttpError) -> WarehouseError:
    """Return what an HTTP status says about the engine, or about the gateway before it."""
    address, said = (
        server.address,
        server.secrets.struck(f"HTTP {error.code} {error.message}{_body(error)}")[:600],
    )
    if error.code == _UNAUTHORIZED:
        remedy = _LOGIN_REMEDIES.get(
            server.auth_mechanism, "check IMPALA_AUTH_MECHANISM, IMPALA_USER and IMPALA_PASSWORD"
        )
        return WarehouseError(f"{address} refused the login ({said}): {statement}; {remedy}")
    if error.code == _FORBIDDEN:
        return WarehouseError(
            f"{address} forbids this user's access ({said}): {statement}; have it granted there, or log in "
            f"as another user"
        )
    if error.code in _REDIRECTS:
        return WarehouseError(
            f"{address} redirects to another address ({said}), as a login page for browsers does; set "
            f"IMPALA_HTTP_PATH to the path for programs, and check IMPALA_USE_SSL"
        )
    if error.code in _NO_ENGINE:
        return WarehouseError(
            f"{address} doesn't answer as a HiveServer2 ({said}); set IMPALA_HTTP_PATH to the engine's path, "
            f"such as cliservice"
        )
    if _is_transient_status(error.code):
        return WarehouseUnreachableError(
            f"{address} can't serve now ({said}): {statement}; is the engine behind it up?"
        )
    return WarehouseError(f"{address} refused ({said}): {statement}")


def _is_transient_status(status: int) -> bool:
    return status == _TOO_MANY or (status in _SERVER_ERRORS and status not in _NO_ENGINE)


def _body(error: HttpError) -> str:
    """Return the first line of a response's text; a page for people says no more than the status."""
    text = (error.body or b"")[:2000].decode("utf-8", errors="replace").strip()
    return "" if not text or text.startswith("<") else f": {_first_line(text)}"


def _is_refused_login(texts: str) -> bool:
    return "Bad status" in texts or "SASL" in texts.upper()


def _first_line(text: str) -> str:
    """Return a text without the server's stack trace."""
    return text.strip().partition("\n")[0]


def _texts(error: BaseException | None) -> str:
    """Return the texts of an error and of its causes."""
    texts = []
    while error is not None:
        texts.append(str(error))
        error = getattr(error, "inner", None) or error.__cause__ or error.__context__
    return " ".join(texts)
