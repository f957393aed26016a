"""Statements to a HiveServer2 (Impala, Hive, Spark's Thrift Server) over impyla."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from impala.dbapi import connect
from impala.error import Error as ImpylaError
from impala.hiveserver2 import HiveServer2Connection, HiveServer2Cursor
from thrift.Thrift import TException
from thrift.transport.TTransport import TTransportException

from proxy_oa_assets.model.errors import SettingsError, WarehouseError, WarehouseUnreachableError
from proxy_oa_assets.model.network import PATIENCE_SECONDS, UNTRUSTED, certificate_problem, retrying, silence
from proxy_oa_assets.model.secrets import Secrets

TRANSPORT = (TTransportException, OSError, EOFError)
Value = str | int | float | None

# Kerberos' message about a reply that it should unwrap and that isn't wrapped.
_NOT_WRAPPED = "Token header is malformed"
# A Java exception's name before its message.
_EXCEPTION_NAMES = re.compile(r"^(?:[\w.]+\.\w*(?:Exception|Error): )+")

silence("impala.hiveserver2", "thrift.transport.TSocket", "thrift.transport.TSSLSocket")


@dataclass(frozen=True)
class Server:
    """The engine's address and login, as impyla's `connect` takes them; `timeout` in seconds."""

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
    def secrets(self) -> Secrets:
        """What no error may quote."""
        return Secrets(self.password)

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class ResultSet:
    """A result's columns, by name and Hive type, and its rows, which can be iterated once."""

    columns: list[tuple[str, str]]
    rows: Iterator[tuple[object, ...]]


class HiveConnection:
    """A connection, opened by the first statement; each statement has its own session.

    A session is opened in the database (the configuration `use:database`, which saves a USE), except by
    statements that pass `in_database=False`, because the database may not exist. Every method raises
    WarehouseUnreachableError if the server can't be reached or the connection is lost, and WarehouseError
    if the server refuses.
    """

    def __init__(self, server: Server, database: str, *, expands_variables: bool) -> None:
        self.server = server
        self._database = database
        self._expands_variables = expands_variables
        self._connection: HiveServer2Connection | None = None

    def run(self, sql: str, values: Sequence[Value] = (), *, in_database: bool = True) -> None:
        """Execute a statement without a result."""
        with self.executed(sql, values, in_database=in_database):
            pass

    def run_all(self, statements: Iterable[str]) -> None:
        """Execute statements without results."""
        for statement in statements:
            self.run(statement)

    @contextmanager
    def query(
        self, sql: str, values: Sequence[Value] = (), *, in_database: bool = True
    ) -> Iterator[ResultSet]:
        """Execute a statement with a result."""
        with self.executed(sql, values, in_database=in_database) as cursor:
            yield ResultSet([(column[0], column[1]) for column in cursor.description], _rows(cursor))

    def close(self) -> None:
        """Close the connection; the next statement opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @contextmanager
    def executed(
        self, sql: str, values: Sequence[Value] = (), *, in_database: bool = True
    ) -> Iterator[HiveServer2Cursor]:
        """Execute a statement; its result can be fetched while the block lasts."""
        text, bound = self._bindable(sql, values)
        session = {"use:database": self._database} if in_database else None
        with _warehouse_errors(self.server, sql):
            retry = retrying(4, _is_transient, longest_pause=5, patience=PATIENCE_SECONDS)
            cursor = retry(self._open_session, session)
            try:
                # impyla's other styles also rewrite what looks like a placeholder inside literals.
                cursor.execute(text, bound, configuration={"paramstyle": "format"})
                yield cursor
            except TRANSPORT:
                # The session is lost with the connection. On an open connection, impyla's __del__ would send
                # CloseSession, and wait for a server that hangs.
                self.close()
                raise
            except (Exception, GeneratorExit):
                cursor.close()
                raise
            except BaseException:
                # An interrupt may have left a message half read, and the next statement would read its rest.
                self.close()
                raise
            cursor.close()

    def _open_session(self, configuration: dict[str, str] | None) -> HiveServer2Cursor:
        """Open a session, on a new connection if there is none; no statement has been sent yet."""
        try:
            if self._connection is None:
                self._connection = _connect(self.server)
            return self._connection.cursor(user=self.server.user, configuration=configuration)
        except BaseException:
            self.close()
            raise

    def _bindable(self, sql: str, values: Sequence[Value]) -> tuple[str, list[Value]]:
        """Return a statement with impyla's placeholders, and the values to bind to them."""
        parts, bound = sql.split("?"), list[Value]()
        if len(parts) != len(values) + 1:
            raise WarehouseError(f"{len(values)} values for {len(parts) - 1} placeholders: {_short(sql)}")
        text = [parts[0]]
        for value, part in zip(values, parts[1:], strict=True):
            pieces = self._pieces(value)
            bound += pieces
            marks = ", ".join(["%s"] * len(pieces))
            text += [marks if len(pieces) == 1 else f"concat({marks})", part]
        return "".join(text), bound

    def _pieces(self, value: Value) -> list[Value]:
        """Split a value so that no piece contains `${...}`.

        Hive and Spark replace variables, those of the environment too, before they parse a statement, and so
        in literals. An unpaired surrogate can't be encoded: impyla would leave half a message on the
        connection.
        """
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode("utf-8")
            except UnicodeEncodeError as error:
                raise WarehouseError(f"A value can't be encoded as UTF-8: {error}") from error
        if self._expands_variables and isinstance(value, str):
            return list(re.split(r"(?<=\$)(?=\{)", value))
        return [value]


def _connect(server: Server) -> HiveServer2Connection:
    """Connect, without impyla's own retries and reconnects.

    It would reconnect in the middle of a statement, whose session is lost with the connection.
    """
    with _ticket_errors(server):
        connection = connect(**vars(server), retries=1)
    # impyla opens its transport again wherever it finds it closed. It has no switch against that, and no
    # public name for the transport. If these names change, every connection fails; if they lose their
    # effect, tests/resources/cluster/test_retries.py fails.
    connection.service.client._iprot.trans.open = _refuse_reconnect  # noqa: SLF001 - there is no public way
    return connection


def _refuse_reconnect() -> None:
    raise TTransportException(TTransportException.NOT_OPEN, "the connection was lost")


def _rows(cursor: HiveServer2Cursor) -> Iterator[tuple[object, ...]]:
    """Yield the rows. Text that isn't UTF-8, which impyla returns as bytes, is decoded with U+FFFD."""
    while rows := cursor.fetchmany(10_000):
        for row in rows:
            yield tuple(
                value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
                for value in row
            )


@contextmanager
def _ticket_errors(server: Server) -> Iterator[None]:
    """Turn Kerberos' errors at the login into errors that name the remedy."""
    if server.auth_mechanism != "GSSAPI":
        yield
        return
    try:
        from kerberos import GSSError
    except ImportError as error:
        raise SettingsError(
            "IMPALA_AUTH_MECHANISM=GSSAPI: install the extra kerberos "
            "(pip install 'proxy-oa-assets[kerberos]')"
        ) from error
    try:
        yield
    except GSSError as error:
        # The innermost pair of a text and its number.
        reason, _ = error.args[-1]
        raise WarehouseError(
            f"Kerberos has no ticket for {server.kerberos_service_name}@{server.host} ({reason}); run kinit "
            f"as the user to log in as, and check that IMPALA_KERBEROS_SERVICE_NAME and IMPALA_HOST name the "
            f"server as Kerberos knows it"
        ) from error


def _is_transient(error: BaseException) -> bool:
    """Return whether a retry may succeed; it doesn't after a certificate or a login was refused."""
    texts = _texts(error)
    lasting = UNTRUSTED in texts or _NOT_WRAPPED in texts or _is_refused_login(texts)
    return isinstance(error, TRANSPORT) and not lasting


@contextmanager
def _warehouse_errors(server: Server, sql: str) -> Iterator[None]:
    """Turn impyla's and thrift's errors into errors that name the server, the statement and the remedy.

    Secrets are struck out of the server's words; an error that quotes one isn't the cause of ours.
    """
    try:
        yield
    except (*TRANSPORT, ImpylaError, TException) as error:
        failure = _failure(server, _short(sql), error)
        raise type(failure)(server.secrets.struck(str(failure))) from server.secrets.cause(error)


def _failure(server: Server, statement: str, error: Exception) -> WarehouseError:
    address = server.address
    # Struck before it is cut, which could leave half a secret.
    reason = server.secrets.struck(_first_line(error))
    if isinstance(error, ImpylaError):
        return WarehouseError(f"{address} refused ({statement}): {_EXCEPTION_NAMES.sub('', reason)[:600]}")
    texts = _texts(error)
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
            f"{address} refused the login ({reason[:600]}); check IMPALA_AUTH_MECHANISM, IMPALA_USER and "
            f"IMPALA_PASSWORD"
        )
    if "timed out" in texts:
        return WarehouseUnreachableError(
            f"{address} didn't answer within {server.timeout:g} s (IMPALA_TIMEOUT): {statement}"
        )
    kind, problem = (
        (WarehouseUnreachableError, "is unreachable, or the connection was lost")
        if isinstance(error, TRANSPORT)
        else (WarehouseError, "doesn't answer as a HiveServer2")
    )
    return kind(
        f"{address} {problem} ({reason[:600]}): {statement}. "
        f"Is it up? Check IMPALA_HOST, IMPALA_PORT, IMPALA_USE_SSL and IMPALA_AUTH_MECHANISM"
    )


def _short(sql: str) -> str:
    """Return the beginning of a statement, on one line."""
    return " ".join(sql.split())[:120]


def _is_refused_login(texts: str) -> bool:
    return "Bad status" in texts or "SASL" in texts.upper()


def _first_line(error: BaseException) -> str:
    """Return an error's text without the server's stack trace."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _texts(error: BaseException | None) -> str:
    """Return the texts of an error and of its causes."""
    texts = []
    while error is not None:
        texts.append(str(error))
        error = getattr(error, "inner", None) or error.__cause__ or error.__context__
    return " ".join(texts)
