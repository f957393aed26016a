"""What goes wrong with a HiveServer2, said so that it can be mended."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from impala.error import Error as ImpylaError
from thrift.transport.TTransport import TTransportException

from proxy_oa_assets.errors import WarehouseError, WarehouseUnreachableError
from proxy_oa_assets.network.certificates import UNTRUSTED, complaint

TRANSPORT = (TTransportException, OSError, EOFError)

_LONGEST_REASON = 600
# So Kerberos says that it was given what it had not wrapped.
_NOT_WRAPPED = "Token header is malformed"
# A Java exception's name before its message.
_EXCEPTION_NAMES = re.compile(r"^(?:[\w.]+\.\w*(?:Exception|Error): )+")


def passes(error: BaseException) -> bool:
    """Return whether trying again may help; it doesn't with a certificate, or a log-in."""
    told = _told(error)
    lasting = UNTRUSTED in told or _NOT_WRAPPED in told or _is_refused_login(told)
    return isinstance(error, TRANSPORT) and not lasting


@contextmanager
def explained(address: str, timeout: float, sql: str) -> Iterator[None]:
    """Turn what impyla and thrift raise into errors that name the server, the statement and the remedy."""
    statement = short(sql)
    try:
        yield
    except TRANSPORT as error:
        told = _told(error)
        if UNTRUSTED in told:
            raise WarehouseError(
                complaint(address, told, certificate="IMPALA_CA_CERT", address="IMPALA_HOST")
            ) from error
        if _NOT_WRAPPED in told:
            raise WarehouseError(
                f"{address} wants Kerberos to wrap what is sent (hive.server2.thrift.sasl.qop is auth-int or "
                f"auth-conf), which impyla can't; set it to auth there, and IMPALA_USE_SSL for TLS"
            ) from error
        if _is_refused_login(told):
            raise WarehouseError(
                f"{address} refused the log-in ({_first_line(error)}); IMPALA_AUTH_MECHANISM says how to "
                f"log in, IMPALA_USER and IMPALA_PASSWORD as whom"
            ) from error
        if "timed out" in told:
            raise WarehouseUnreachableError(
                f"{address} gave no answer within {timeout:g} s (IMPALA_TIMEOUT) to: {statement}"
            ) from error
        raise WarehouseUnreachableError(
            f"{address} isn't there, or went away ({_first_line(error)}), at: {statement}. Is it up, and do "
            f"IMPALA_HOST, IMPALA_PORT, IMPALA_USE_SSL and IMPALA_AUTH_MECHANISM say how it is reached?"
        ) from error
    except ImpylaError as error:
        reason = _EXCEPTION_NAMES.sub("", _first_line(error))[:_LONGEST_REASON]
        raise WarehouseError(f"{address} refused ({statement}): {reason}") from error


def short(sql: str) -> str:
    """Return the beginning of a statement, on one line."""
    return " ".join(sql.split())[:120]


def _is_refused_login(told: str) -> bool:
    return "Bad status" in told or "SASL" in told.upper()


def _first_line(error: BaseException) -> str:
    """Return what a server says without its stack trace."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _told(error: BaseException | None) -> str:
    """Return what an error and those behind it say."""
    texts = []
    while error is not None:
        texts.append(str(error))
        error = getattr(error, "inner", None) or error.__cause__ or error.__context__
    return " ".join(texts)
