"""A server that speaks HiveServer2's protocol: it answers statements as a test says, and keeps them."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from impala._thrift_gen.TCLIService import TCLIService
from impala._thrift_gen.TCLIService import ttypes as t
from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
from thrift.server.TServer import TThreadedServer
from thrift.transport.TSocket import TServerSocket
from thrift.transport.TTransport import TBufferedTransportFactory
from typing_extensions import override


@dataclass(frozen=True)
class Rows:
    """An answer, of text: its columns' names and its rows."""

    columns: Sequence[str] = ("result",)
    rows: Sequence[Sequence[bytes]] = ()


class StatementRefusedError(Exception):
    """A statement is refused, with the engine's words."""


Answer = Callable[[str], Rows]


@dataclass
class Served:
    """The server's port, and the statements that it was asked to run, in order."""

    port: int = 0
    statements: list[str] = field(default_factory=list)


class _Engine(TCLIService.Iface):
    """One kind of request takes a while, once."""

    def __init__(self, answer: Answer, statements: list[str], slow: str) -> None:
        self._answer, self._statements, self._slow = answer, statements, slow
        self._columns: Sequence[str] = ()
        self._left: Sequence[Sequence[bytes]] = ()

    def _wait(self, request: str) -> None:
        if self._slow == request:
            self._slow = ""
            time.sleep(0.6)

    @override
    def OpenSession(self, _request):
        self._wait("OpenSession")
        session = t.TSessionHandle(t.THandleIdentifier(b"s" * 16, b"s" * 16))
        return t.TOpenSessionResp(_DONE, t.TProtocolVersion.HIVE_CLI_SERVICE_PROTOCOL_V6, session, {})

    @override
    def ExecuteStatement(self, request):
        self._wait("ExecuteStatement")
        self._statements.append(" ".join(request.statement.split()))
        try:
            found = self._answer(self._statements[-1])
        except StatementRefusedError as refusal:
            return t.TExecuteStatementResp(t.TStatus(t.TStatusCode.ERROR_STATUS, errorMessage=str(refusal)))
        self._columns, self._left = found.columns, found.rows
        identifier = t.THandleIdentifier(b"o" * 16, b"o" * 16)
        handle = t.TOperationHandle(identifier, t.TOperationType.EXECUTE_STATEMENT, hasResultSet=True)
        return t.TExecuteStatementResp(_DONE, handle)

    @override
    def GetOperationStatus(self, _request):
        return t.TGetOperationStatusResp(_DONE, t.TOperationState.FINISHED_STATE)

    @override
    def GetResultSetMetadata(self, _request):
        kind = t.TTypeDesc([t.TTypeEntry(primitiveEntry=t.TPrimitiveTypeEntry(t.TTypeId.STRING_TYPE))])
        columns = [t.TColumnDesc(name, kind, at) for at, name in enumerate(self._columns)]
        return t.TGetResultSetMetadataResp(_DONE, t.TTableSchema(columns))

    @override
    def FetchResults(self, _request):
        self._wait("FetchResults")
        rows, self._left = self._left, ()
        values = [[row[at] for row in rows] for at in range(len(self._columns))]
        columns = [t.TColumn(stringVal=t.TStringColumn(column, b"\0")) for column in values]
        return t.TFetchResultsResp(_DONE, bool(rows), t.TRowSet(0, [], columns))

    @override
    def GetLog(self, _request):
        return t.TGetLogResp(_DONE, "")

    @override
    def CloseOperation(self, _request):
        return t.TCloseOperationResp(_DONE)

    @override
    def CloseSession(self, _request):
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


class _Server(TThreadedServer):
    """A server that ends with its socket: thrift's own asks a closed one for ever."""

    @override
    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client = self.serverTransport.accept()
                threading.Thread(target=self.handle, args=(client,), daemon=True).start()


@contextmanager
def serving(answer: Answer, slow: str = "") -> Iterator[Served]:
    """Serve an engine on loopback, one statement at a time."""
    listening, served = _Listening("127.0.0.1", 0), Served()
    served.port = listening.port
    server = _Server(
        TCLIService.Processor(_Engine(answer, served.statements, slow)),
        listening,
        TBufferedTransportFactory(),
        TBinaryProtocolFactory(),
    )
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        # Closing alone doesn't wake accept().
        listening.handle.shutdown(socket.SHUT_RDWR)
        thread.join()
        listening.close()
