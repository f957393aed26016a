"""Statements to a HiveServer2 (Impala, Hive, Spark's Thrift Server) over impyla."""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from impala.dbapi import connect
from impala.error import Error as ImpylaError
from impala.error import HttpError, RPCError
from thrift.transport.TTransport import TTransportException

from proxy_oa_assets.errors import WarehouseError, WarehouseUnreachableError
from proxy_oa_assets.resources.retrying import retrying

Value = str | int | float | None

_ROWS_AT_A_TIME = 10_000
_ATTEMPTS = 4
_LONGEST_PAUSE_SECONDS = 5
_TRANSPORT = (TTransportException, OSError, EOFError)
# Each placeholder stands for itself alone: no other paramstyle leaves literals alone.
_BINDING = {"paramstyle": "format"}

# What these log as errors, with a traceback, is raised here, too.
for _name in ("impala.hiveserver2", "thrift.transport.TSocket", "thrift.transport.TSSLSocket"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


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
    """An answer's columns, by name and Hive type, and its rows; these can be gone through once."""

    columns: list[tuple[str, str]]
    rows: Iterator[tuple[Any, ...]]


class HiveConnection:
    """A connection, opened by the first statement; each statement has a session of its own."""

    def __init__(self, server: Server, *, expands_variables: bool) -> None:
        self._server = server
        self._expands_variables = expands_variables
        self._connection: Any = None

    def run(self, sql: str, values: Sequence[Value] = ()) -> None:
        """Run a statement that gives no rows.

        Raises WarehouseUnreachableError where the server isn't there or goes away, WarehouseError if it refuses.
        """
        with self._explained(sql), self._cursor(sql, values):
            pass

    @contextmanager
    def asked(self, sql: str, values: Sequence[Value] = ()) -> Iterator[Answer]:
        """Run a statement that gives rows. Errors as in `run`, while rows are fetched, too."""
        with self._explained(sql), self._cursor(sql, values) as cursor:
            columns = [(column[0], column[1]) for column in cursor.description]
            yield Answer(columns, _rows(cursor))

    def close(self) -> None:
        """Close the connection; the next statement opens it again."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            connection.close()
        except _TRANSPORT:
            logging.getLogger(__name__).debug("%s had gone already", self._server.address)

    @contextmanager
    def _cursor(self, sql: str, values: Sequence[Value]) -> Iterator[Any]:
        sql, values = self._bindable(sql, values)
        cursor = self._open_session()
        try:
            cursor.execute(sql, list(values), configuration=_BINDING)
            yield cursor
        except _TRANSPORT:
            # The session is gone with the connection; closing it would only fail again.
            cursor._closed = True  # noqa: SLF001
            self._forget()
            raise
        finally:
            if not cursor._closed:  # noqa: SLF001
                cursor.close()

    def _open_session(self) -> Any:
        """Open a session, on a new connection if the old one is gone: nothing was run yet."""

        def attempt() -> Any:
            try:
                if self._connection is None:
                    self._connection = connect(**vars(self._server))
                return self._connection.cursor(user=self._server.user)
            except _TRANSPORT:
                self._forget()
                raise

        return retrying(_ATTEMPTS, _passing, _LONGEST_PAUSE_SECONDS)(attempt)

    def _forget(self) -> None:
        self._connection = None

    def _bindable(self, sql: str, values: Sequence[Value]) -> tuple[str, list[Value]]:
        """Write the placeholders as impyla's, and keep `${...}` inside of values apart.

        Hive and Spark replace `${env:HOME}` even within a literal, before they parse the statement.
        """
        placeholders, bound = [], list[Value]()
        for value in values:
            pieces = [value]
            if self._expands_variables and isinstance(value, str):
                pieces = list(re.split(r"(?<=\$)(?=\{)", value))
            bound += pieces
            marks = ", ".join(["%s"] * len(pieces))
            placeholders.append(marks if len(pieces) == 1 else f"concat({marks})")
        parts = sql.split("?")
        if len(parts) != len(placeholders) + 1:
            raise WarehouseError(f"{len(placeholders)} values for {len(parts) - 1} placeholders: {_short(sql)}")
        written = parts[0] + "".join(
            mark + part for mark, part in zip(placeholders, parts[1:], strict=True)
        )
        return written, bound

    @contextmanager
    def _explained(self, sql: str) -> Iterator[None]:
        try:
            yield
        except _TRANSPORT as error:
            raise WarehouseUnreachableError(self._unreachable(error, sql)) from error
        except (ImpylaError, HttpError, RPCError) as error:
            raise WarehouseError(f"{self._server.address} refused ({_short(sql)}): {_reason(error)}") from error

    def _unreachable(self, error: BaseException, sql: str) -> str:
        address, chain = self._server.address, _chain(error)
        if "CERTIFICATE_VERIFY_FAILED" in chain:
            return (
                f"{address} showed a certificate that isn't trusted; set IMPALA_CA_CERT to the file of the "
                f"authority that signed it"
            )
        if "Bad status" in chain or "SASL" in chain.upper():
            return (
                f"{address} refused the log-in ({_first_line(error)}); IMPALA_USER, IMPALA_PASSWORD and "
                f"IMPALA_AUTH_MECHANISM say who logs in, and how"
            )
        if "timed out" in chain:
            return (
                f"{address} gave no answer within {self._server.timeout:g} s (IMPALA_TIMEOUT), at: {_short(sql)}"
            )
        return (
            f"{address} isn't there, or went away ({_first_line(error)}), at: {_short(sql)}. Is it up, and are "
            f"IMPALA_HOST, IMPALA_PORT, IMPALA_USE_SSL and IMPALA_AUTH_MECHANISM right?"
        )


def _passing(error: BaseException) -> bool:
    return isinstance(error, _TRANSPORT) and "CERTIFICATE_VERIFY_FAILED" not in _chain(error)


def _rows(cursor: Any) -> Iterator[tuple[Any, ...]]:
    while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
        yield from rows


def _reason(error: BaseException) -> str:
    """Return a server's reason without its stack trace."""
    line = _first_line(error)
    return re.sub(r"^(?:[\w.]+\.[A-Z]\w*(?:Exception|Error): )+", "", line)[:600]


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def _chain(error: BaseException | None) -> str:
    texts = []
    while error is not None:
        texts.append(str(error))
        error = getattr(error, "inner", None) or error.__cause__ or error.__context__
    return " ".join(texts)


def _short(sql: str) -> str:
    return " ".join(sql.split())[:120]
