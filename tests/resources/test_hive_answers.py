"""Answers of an engine that doesn't ask whether text is UTF-8, as Impala doesn't."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from impala._thrift_gen.TCLIService import TCLIService
from impala._thrift_gen.TCLIService import ttypes as t
from support.reached import reached
from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.server.TServer import TThreadedServer
from thrift.transport.TSocket import TServerSocket
from thrift.transport.TTransport import TBufferedTransportFactory

from proxy_oa_assets.errors import WarehouseError
from proxy_oa_assets.queries import Query
from proxy_oa_assets.resources.impala import ImpalaResource

QUERY = Query("SELECT fulluri FROM proxy_scores")
STORED = [b"evil.example/\xff\xfe", b"plain.example/", "caf\u00e9".encode()]
REPAIRED = ["evil.example/\ufffd\ufffd", "plain.example/", "caf\u00e9"]


def test_text_that_is_not_utf_8_is_repaired(tmp_path: Path) -> None:
    """One request with such bytes costs no query: neither the frame of its rows, nor the rows one by one."""
    with _answering(STORED) as port, reaching(tmp_path, port) as warehouse:
        assert list(warehouse.query(QUERY)["fulluri"]) == REPAIRED
        assert list(warehouse.rows(QUERY)) == [(text,) for text in REPAIRED]


def test_half_a_surrogate_pair_is_refused_and_the_connection_goes_on(tmp_path: Path) -> None:
    """UTF-8 has no such text; the next statement finds no half of a message before it."""
    with _answering(STORED) as port, reaching(tmp_path, port) as warehouse:
        with pytest.raises(WarehouseError, match="surrogates not allowed"):
            warehouse.query(Query("SELECT fulluri FROM proxy_scores WHERE fulluri = ?", ("a\ud83d",)))
        assert list(warehouse.query(QUERY)["fulluri"]) == REPAIRED


@pytest.mark.parametrize("slow", ["OpenSession", "ExecuteStatement", "FetchResults"])
def test_an_interrupted_query_spoils_none_that_follows(tmp_path: Path, slow: str) -> None:
    """Whoever stops a notebook's cell does so in the middle of a message; its rest is no other's answer."""
    with _answering(STORED, slow) as port, reaching(tmp_path, port) as warehouse:
        with interrupting(after=0.2), pytest.raises(KeyboardInterrupt):
            warehouse.query(QUERY)
        time.sleep(0.6)
        for _ in range(3):
            assert list(warehouse.query(QUERY)["fulluri"]) == REPAIRED


@contextmanager
def interrupting(after: float) -> Iterator[None]:
    """Have the block interrupted after so many seconds, as by Ctrl-C."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def reaching(home: Path, port: int) -> Iterator[ImpalaResource]:
    """Give a warehouse whose engine has that port."""
    warehouse = reached(home, IMPALA_HOST="127.0.0.1", IMPALA_PORT=str(port)).impala
    yield warehouse
    warehouse.close()


class _Engine:
    """A HiveServer2 whose every answer is the same column; one kind of request takes a while, once."""

    def __init__(self, values: list[bytes], slow: str) -> None:
        self._values = values
        self._slow = slow
        self._left: list[bytes] = []

    def _wait(self, request: str) -> None:
        if self._slow == request:
            self._slow = ""
            time.sleep(0.6)

    def OpenSession(self, _request):  # noqa: N802 - the protocol's name, and those below
        self._wait("OpenSession")
        session = t.TSessionHandle(t.THandleIdentifier(b"s" * 16, b"s" * 16))
        return t.TOpenSessionResp(_DONE, t.TProtocolVersion.HIVE_CLI_SERVICE_PROTOCOL_V6, session, {})

    def ExecuteStatement(self, _request):  # noqa: N802
        self._wait("ExecuteStatement")
        self._left = list(self._values)
        identifier = t.THandleIdentifier(b"o" * 16, b"o" * 16)
        handle = t.TOperationHandle(identifier, t.TOperationType.EXECUTE_STATEMENT, hasResultSet=True)
        return t.TExecuteStatementResp(_DONE, handle)

    def GetOperationStatus(self, _request):  # noqa: N802
        return t.TGetOperationStatusResp(_DONE, t.TOperationState.FINISHED_STATE)

    def GetResultSetMetadata(self, _request):  # noqa: N802
        kind = t.TTypeDesc([t.TTypeEntry(primitiveEntry=t.TPrimitiveTypeEntry(t.TTypeId.STRING_TYPE))])
        return t.TGetResultSetMetadataResp(_DONE, t.TTableSchema([t.TColumnDesc("fulluri", kind, 0)]))

    def FetchResults(self, _request):  # noqa: N802
        self._wait("FetchResults")
        values, self._left = self._left, []
        column = t.TColumn(stringVal=t.TStringColumn(values, b"\0"))
        return t.TFetchResultsResp(_DONE, bool(values), t.TRowSet(0, [], [column]))

    def GetLog(self, _request):  # noqa: N802
        return t.TGetLogResp(_DONE, "")

    def CloseOperation(self, _request):  # noqa: N802
        return t.TCloseOperationResp(_DONE)

    def CloseSession(self, _request):  # noqa: N802
        return t.TCloseSessionResp(_DONE)


_DONE = t.TStatus(t.TStatusCode.SUCCESS_STATUS)


class _Listening(TServerSocket):
    """A socket that has a port before its server is started."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        super().listen()
        self.port: int = self.handle.getsockname()[1]

    def listen(self) -> None:
        """Do nothing: it does so already."""


@contextmanager
def _answering(values: list[bytes], slow: str = "") -> Iterator[int]:
    """Serve an engine that never ends by itself, and yield its port."""
    socket = _Listening("127.0.0.1", 0)
    server = TThreadedServer(
        TCLIService.Processor(_Engine(values, slow)),
        socket,
        TBufferedTransportFactory(),
        TBinaryProtocolFactory(),
        daemon=True,
    )
    threading.Thread(target=server.serve, daemon=True).start()
    yield socket.port
    socket.close()
