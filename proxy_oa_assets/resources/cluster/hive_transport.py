"""Connections to a HiveServer2 by impyla, over its binary protocol or over HTTP."""

from dataclasses import dataclass, field
from http.client import HTTPException

from impala._thrift_api import ImpalaHttpClient
from impala.dbapi import connect as impyla_connect
from impala.hiveserver2 import HiveServer2Connection
from thrift.transport.TTransport import TBufferedTransport, TTransportException

from proxy_oa_assets.model.network import silence
from proxy_oa_assets.model.secrets import Secrets

TRANSPORT = (TTransportException, OSError, EOFError, HTTPException)

silence("impala.hiveserver2", "impala._thrift_api", "thrift.transport.TSocket", "thrift.transport.TSSLSocket")


@dataclass(frozen=True)
class Server:
    """The engine's address and login, as impyla's `connect` takes them; `timeout` in seconds.

    `http_path` is None for the binary protocol. `jwt` is the token for the mechanism JWT.
    """

    host: str
    port: int
    http_path: str | None
    auth_mechanism: str
    user: str
    password: str | None = field(repr=False)
    jwt: str | None = field(repr=False)
    use_ssl: bool
    ca_cert: str | None
    verify_cert: bool
    kerberos_service_name: str
    timeout: float

    @property
    def secrets(self) -> Secrets:
        """What no error may quote."""
        return Secrets(self.password, self.jwt)

    @property
    def address(self) -> str:
        """Host and port; over HTTP, the URL."""
        if self.http_path is None:
            return f"{self.host}:{self.port}"
        return f"{'https' if self.use_ssl else 'http'}://{self.host}:{self.port}/{self.http_path}"


def connect(server: Server) -> HiveServer2Connection:
    """Connect, without impyla's own retries and reconnects.

    It would reconnect in the middle of a statement, whose session is lost with the connection. Over HTTP,
    nothing is sent yet.
    """
    by_token = server.auth_mechanism == "JWT"
    connection = impyla_connect(
        host=server.host,
        port=server.port,
        timeout=server.timeout,
        auth_mechanism=server.auth_mechanism,
        user=None if by_token else server.user,
        password=None if by_token else server.password,
        jwt=server.jwt if by_token else None,
        use_ssl=server.use_ssl,
        ca_cert=server.ca_cert,
        verify_cert=server.verify_cert,
        kerberos_service_name=server.kerberos_service_name,
        use_http_transport=server.http_path is not None,
        http_path=server.http_path or "",
        retries=1,
    )
    # impyla opens its transport again wherever it finds it closed. It has no switch against that, and no
    # public name for the transport. If these names change, every connection fails; if they lose their
    # effect, tests/resources/cluster/test_retries.py and test_hanging_servers.py fail.
    transport = _transport(connection)
    if server.http_path is not None:
        _complete(transport._TBufferedTransport__trans, server.timeout)  # noqa: SLF001 - there is no public way
    transport.open = _refuse_reconnect
    return connection


def disconnect(connection: HiveServer2Connection) -> None:
    """Close a connection; impyla's HTTP client can't be closed twice."""
    if _transport(connection).isOpen():
        connection.close()


def _transport(connection: HiveServer2Connection) -> TBufferedTransport:
    return connection.service.client._iprot.trans  # noqa: SLF001 - there is no public way


def _complete(client: ImpalaHttpClient, timeout: float) -> None:
    """Give impyla's HTTP client what `connect` can't: a time-out, and no proxy.

    A proxy of the environment isn't meant for the cluster, and would be sent the login.
    """
    client.setTimeout(timeout * 1000)
    if client.using_proxy():
        client.host, client.port = client.realhost, client.realport
        client.realhost = client.realport = client.proxy_auth = None


def _refuse_reconnect() -> None:
    raise TTransportException(TTransportException.NOT_OPEN, "the connection was lost")
