"""Statements to a HiveServer2 (Impala, Hive, Spark's Thrift Server) over impyla."""

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Protocol

from impala.dbapi import connect
from impala.error import Error as ImpylaError
from impala.hiveserver2 import HiveServer2Connection, HiveServer2Cursor
from thrift.transport.TTransport import TTransportException

from proxy_oa_assets.model.errors import SettingsError, WarehouseError, WarehouseUnreachableError
from proxy_oa_assets.model.network import PATIENCE_SECONDS, UNTRUSTED, certificate_problem, retrying, silence

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
                certificate_problem(address, told, certificate="IMPALA_CA_CERT", address="IMPALA_HOST")
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


Value = str | int | float | None

_ROWS_AT_A_TIME = 10_000
_ATTEMPTS = 4
_LONGEST_PAUSE_SECONDS = 5
# impyla's other ways of binding also rewrite what looks like a placeholder inside of literals.
_BINDING = {"paramstyle": "format"}

silence("impala.hiveserver2", "thrift.transport.TSocket", "thrift.transport.TSSLSocket")


@dataclass(frozen=True)
class Server:
    """Where the engine is and how to log in, as impyla's `connect` takes it; `timeout` in seconds."""

    host: str
    port: int
    auth_mechanism: str
    user: str
    password: str | None = field(repr=False)
    use_ssl: bool
    ca_cert: str | None
    verify_cert: bool
    kerberos_service_name: str
    timeout: float

    @property
    def address(self) -> str:
        """The address as people write it."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """An answer's columns, by name and Hive type, and its rows, which can be gone through once."""

    columns: list[tuple[str, str]]
    rows: Iterator[tuple[object, ...]]


class Asking(Protocol):
    """A cursor that has an answer."""

    def fetchmany(self, size: int) -> list[tuple[object, ...]]:
        """Return the next rows, none at the end."""


class HiveConnection:
    """A connection, opened by the first statement; each statement has a session of its own.

    Every method raises WarehouseUnreachableError where the server isn't there or goes away, and
    WarehouseError where it refuses.
    """

    def __init__(self, server: Server, *, expands_variables: bool) -> None:
        self.server = server
        self._expands_variables = expands_variables
        self._connection: HiveServer2Connection | None = None

    def run(self, sql: str, values: Sequence[Value] = ()) -> None:
        """Run a statement that gives no rows."""
        with self._executed(sql, values):
            pass

    @contextmanager
    def asked(self, sql: str, values: Sequence[Value] = ()) -> Iterator[Answer]:
        """Run a statement that gives rows."""
        with self._executed(sql, values) as cursor:
            yield Answer([(column[0], column[1]) for column in cursor.description], _rows(cursor))

    def close(self) -> None:
        """Close the connection; the next statement opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def _executed(self, sql: str, values: Sequence[Value]) -> Iterator[HiveServer2Cursor]:
        written, bound = self._bindable(sql, values)
        with explained(self.server.address, self.server.timeout, sql):
            again = retrying(_ATTEMPTS, passes, _LONGEST_PAUSE_SECONDS, patience=PATIENCE_SECONDS)
            cursor = again(self._session)
            try:
                cursor.execute(written, bound, configuration=_BINDING)
                yield cursor
            except TRANSPORT:
                # The session went with the connection. On an open one, impyla's __del__ would ask the server
                # to end it, and wait for a server that hangs.
                self.close()
                raise
            except (Exception, GeneratorExit):
                cursor.close()
                raise
            except BaseException:
                # Interrupted, perhaps in the middle of a message, whose rest the next one would read.
                self.close()
                raise
            cursor.close()

    def _session(self) -> HiveServer2Cursor:
        """Open a session, on a new connection where the old one is gone; nothing was run by then."""
        try:
            if self._connection is None:
                self._connection = _connected(self.server)
            return self._connection.cursor(user=self.server.user)
        except BaseException:
            self.close()
            raise

    def _bindable(self, sql: str, values: Sequence[Value]) -> tuple[str, list[Value]]:
        """Return a statement with impyla's placeholders, and what to bind to them."""
        parts, bound = sql.split("?"), list[Value]()
        if len(parts) != len(values) + 1:
            raise WarehouseError(f"{len(values)} values for {len(parts) - 1} placeholders: {short(sql)}")
        written = [parts[0]]
        for value, part in zip(values, parts[1:], strict=True):
            pieces = self._pieces(value)
            bound += pieces
            marks = ", ".join(["%s"] * len(pieces))
            written += [marks if len(pieces) == 1 else f"concat({marks})", part]
        return "".join(written), bound

    def _pieces(self, value: Value) -> list[Value]:
        """Cut a value so that it holds no `${...}`.

        Hive and Spark put variables in place of it, the environment's among them, before they parse a
        statement, and so in literals, too. Half a surrogate pair is no text: sent, it would leave half a
        message on the connection.
        """
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as error:
                raise WarehouseError(f"A value is no text that can be looked for: {error}") from error
        if self._expands_variables and isinstance(value, str):
            return list(re.split(r"(?<=\$)(?=\{)", value))
        return [value]


def _connected(server: Server) -> HiveServer2Connection:
    """Connect; impyla neither asks again what timed out, nor opens the connection again once it is lost.

    It would do so in the middle of a statement, whose session is gone with the connection.
    """
    with _log_in_explained(server):
        connection = connect(**vars(server), retries=1)
    # impyla opens its transport again by itself wherever it finds it closed. It has no switch against that,
    # and no public name for the transport, which service, session and statement each look up. Should these
    # names change, every connection fails; should they lose their effect, tests/cluster/test_retries.py does.
    connection.service.client._iprot.trans.open = _lost  # noqa: SLF001 - there is no public way
    return connection


def _lost() -> None:
    raise TTransportException(TTransportException.NOT_OPEN, "the connection was lost")


def _log_in_explained(server: Server) -> AbstractContextManager[None]:
    if server.auth_mechanism != "GSSAPI":
        return nullcontext()
    try:
        from proxy_oa_assets.resources.cluster.kerberos import ticket_explained
    except ImportError as error:
        raise SettingsError(
            "IMPALA_AUTH_MECHANISM=GSSAPI: install the extra kerberos "
            "(pip install 'proxy-oa-assets[kerberos]')"
        ) from error
    return ticket_explained(f"{server.kerberos_service_name}@{server.host}")


def _rows(cursor: Asking) -> Iterator[tuple[object, ...]]:
    """Yield the rows. Text that isn't UTF-8, which impyla leaves as bytes, is repaired as everywhere."""
    while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
        for row in rows:
            yield tuple(
                value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
                for value in row
            )
