"""A HiveServer2 that records statements and returns results as a test defines them."""

import socket
import threading
import time
import uuid
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
    """A result of text columns: their names and the rows."""

    columns: Sequence[str] = ("result",)
    rows: Sequence[Sequence[bytes]] = ()


class StatementRefusedError(Exception):
    """The engine refuses a statement, with this message."""


Execute = Callable[[str], Rows]


@dataclass
class Served:
    """The server's port, and the statements that it received, in order, with their sessions' databases."""

    port: int = 0
    statements: list[str] = field(default_factory=list)
    databases: list[str | None] = field(default_factory=list)


class _Engine(TCLIService.Iface):
    """The first request named `slow` takes 0.6 seconds."""

    def __init__(self, execute: Execute, served: Served, slow: str) -> None:
        self._execute, self._served, self._slow = execute, served, slow
        self._database: str | None = None
        # By the guid of a statement's operation: connections execute statements at once.
        self._results: dict[bytes, Rows] = {}

    def _wait(self, request: str) -> None:
        if self._slow == request:
            self._slow = ""
            time.sleep(0.6)

    @override
    def OpenSession(self, request):
        self._wait("OpenSession")
        self._database = (request.configuration or {}).get("use:database")
        session = t.TSessionHandle(t.THandleIdentifier(b"s" * 16, b"s" * 16))
        return t.TOpenSessionResp(_DONE, t.TProtocolVersion.HIVE_CLI_SERVICE_PROTOCOL_V6, session, {})

    @override
    def ExecuteStatement(self, request):
        self._wait("ExecuteStatement")
        statement = " ".join(request.statement.split())
        self._served.statements.append(statement)
        self._served.databases.append(self._database)
        try:
            found = self._execute(statement)
        except StatementRefusedError as refusal:
            return t.TExecuteStatementResp(t.TStatus(t.TStatusCode.ERROR_STATUS, errorMessage=str(refusal)))
        # Thrift's server takes only a guid that is text.
        guid = uuid.uuid4().hex[:16].encode()
        self._results[guid] = found
        identifier = t.THandleIdentifier(guid, b"o" * 16)
        handle = t.TOperationHandle(identifier, t.TOperationType.EXECUTE_STATEMENT, hasResultSet=True)
        return t.TExecuteStatementResp(_DONE, handle)

    @override
    def GetOperationStatus(self, _request):
        return t.TGetOperationStatusResp(_DONE, t.TOperationState.FINISHED_STATE)

    @override
    def GetResultSetMetadata(self, request):
        kind = t.TTypeDesc([t.TTypeEntry(primitiveEntry=t.TPrimitiveTypeEntry(t.TTypeId.STRING_TYPE))])
        columns = [t.TColumnDesc(name, kind, at) for at, name in enumerate(self._result(request).columns)]
        return t.TGetResultSetMetadataResp(_DONE, t.TTableSchema(columns))

    @override
    def FetchResults(self, request):
        self._wait("FetchResults")
        found = self._result(request)
        self._results[request.operationHandle.operationId.guid] = Rows(found.columns)
        values = [[row[at] for row in found.rows] for at in range(len(found.columns))]
        columns = [t.TColumn(stringVal=t.TStringColumn(column, b"\0")) for column in values]
        return t.TFetchResultsResp(_DONE, bool(found.rows), t.TRowSet(0, [], columns))

    def _result(self, request) -> Rows:
        return self._results[request.operationHandle.operationId.guid]

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
    """A socket with a port before its server starts."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        super().listen()
        self.port: int = self.handle.getsockname()[1]

    def listen(self) -> None:
        """Do nothing: it listens already."""


class _Server(TThreadedServer):
    """A server that ends with its socket: thrift's own calls accept on a closed one forever."""

    @override
    def serve(self) -> None:
        with suppress(OSError):
            while True:
                client = self.serverTransport.accept()
                threading.Thread(target=self.handle, args=(client,), daemon=True).start()


@contextmanager
def serving(execute: Execute, slow: str = "") -> Iterator[Served]:
    """Serve an engine on loopback, one statement at a time."""
    listening, served = _Listening("127.0.0.1", 0), Served()
    served.port = listening.port
    server = _Server(
        TCLIService.Processor(_Engine(execute, served, slow)),
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
