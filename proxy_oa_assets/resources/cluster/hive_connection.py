"""Statements to a HiveServer2 (Impala, Hive, Spark's Thrift Server) over impyla."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from impala.error import HttpError
from impala.hiveserver2 import HiveServer2Connection, HiveServer2Cursor
from thrift.protocol.TProtocol import TProtocolException

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.network import PATIENCE_SECONDS, retrying
from proxy_oa_assets.resources.cluster.hive_errors import is_transient, short, warehouse_errors
from proxy_oa_assets.resources.cluster.hive_transport import TRANSPORT, Server, connect, disconnect

Value = str | int | float | None


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
            disconnect(connection)

    @contextmanager
    def executed(
        self, sql: str, values: Sequence[Value] = (), *, in_database: bool = True
    ) -> Iterator[HiveServer2Cursor]:
        """Execute a statement; its result can be fetched while the block lasts."""
        text, bound = self._bindable(sql, values)
        session = {"use:database": self._database} if in_database else None
        with warehouse_errors(self.server, sql):
            retry = retrying(4, is_transient, longest_pause=5, patience=PATIENCE_SECONDS)
            cursor = retry(self._open_session, session)
            try:
                # impyla's other styles also rewrite what looks like a placeholder inside literals.
                cursor.execute(text, bound, configuration={"paramstyle": "format"})
                yield cursor
            except (*TRANSPORT, HttpError, TProtocolException):
                # The session is lost with the connection, or behind a gateway that refuses. On an open
                # connection, impyla's __del__ would send CloseSession, and wait for a server that hangs.
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
                self._connection = connect(self.server)
            return self._connection.cursor(user=self.server.user, configuration=configuration)
        except BaseException:
            self.close()
            raise

    def _bindable(self, sql: str, values: Sequence[Value]) -> tuple[str, list[Value]]:
        """Return a statement with impyla's placeholders, and the values to bind to them."""
        parts, bound = sql.split("?"), list[Value]()
        if len(parts) != len(values) + 1:
            raise WarehouseError(f"{len(values)} values for {len(parts) - 1} placeholders: {short(sql)}")
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


def _rows(cursor: HiveServer2Cursor) -> Iterator[tuple[object, ...]]:
    """Yield the rows. Text that isn't UTF-8, which impyla returns as bytes, is decoded with U+FFFD."""
    while rows := cursor.fetchmany(10_000):
        for row in rows:
            yield tuple(
                value.decode("utf-8", errors="replace") if isinstance(value, bytes) else value
                for value in row
            )
