"""A real HDFS on loopback: processes of a NameNode and two DataNodes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import requests
from requests.auth import AuthBase
from support.programs import java_program

from cluster_servers.jars import hadoop_jars
from cluster_servers.java_server import JavaServer, Servers, free_port
from cluster_servers.keystores import Keystore

# Two addresses of the loopback network are two hosts for HDFS.
DATANODE_HOSTS = ("127.0.0.2", "127.0.0.3")
USER = "spot"


class HdfsServers(Servers):
    """An HDFS whose superuser is `spot`.

    With a key it uses TLS only. `options` are Java's, and `auth` logs in to request the NameNode's state.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        environ: Mapping[str, str] | None = None,
        key: Keystore | None = None,
        options: Sequence[str] = (),
        auth: AuthBase | None = None,
    ) -> None:
        self.folder = folder
        self._key = key
        self._options = options
        self._auth = auth
        self.rpc_port, self.web_port = free_port(), free_port()
        self._extra = dict(settings or {})
        self._environ = {"HADOOP_USER_NAME": USER, **(environ or {})}
        self.namenode = self._server("namenode", "server.namenode.NameNode", {})
        self.datanodes = [
            self._server(
                f"datanode{number}",
                "server.datanode.DataNode",
                {
                    "dfs.datanode.data.dir": f"file://{folder}/datanode{number}/data",
                    "dfs.datanode.hostname": host,
                    "dfs.datanode.address": f"{host}:{free_port()}",
                    f"dfs.datanode.{self._scheme}.address": f"{host}:{free_port()}",
                    "dfs.datanode.ipc.address": f"{host}:{free_port()}",
                },
            )
            for number, host in enumerate(DATANODE_HOSTS, 1)
        ]

    @property
    def _scheme(self) -> str:
        return "https" if self._key else "http"

    @property
    def default_fs(self) -> str:
        """The address for Java clients."""
        return f"hdfs://127.0.0.1:{self.rpc_port}"

    @property
    def url(self) -> str:
        """The address for WebHDFS."""
        return f"{self._scheme}://{'localhost' if self._key else '127.0.0.1'}:{self.web_port}"

    def start(self) -> None:
        """Format the file system and start its servers; return when both DataNodes have reported."""
        format_it = self._server("format", "server.namenode.NameNode", {}, "-format", "-nonInteractive")
        format_it.run()
        self.start_namenode()
        for datanode in self.datanodes:
            datanode.start()
        self.wait_for_datanodes(len(self.datanodes))

    def start_namenode(self) -> None:
        """Start the NameNode (again)."""
        self.namenode.start()
        self.namenode.wait_for_port(self.web_port)

    def wait_for_datanodes(self, count: int) -> None:
        """Wait until that many DataNodes have reported, and files can be written."""

        def ready() -> bool:
            state = self._bean("FSNamesystemState")
            return state.get("NumLiveDataNodes") == count and not self._bean("NameNodeInfo").get("Safemode")

        self.namenode.wait_until(ready, f"{count} DataNodes")

    def stop(self) -> None:
        """Stop every server."""
        for server in (*self.datanodes, self.namenode):
            server.stop()

    def _bean(self, name: str) -> dict[str, object]:
        try:
            response = requests.get(
                f"{self.url}/jmx?qry=Hadoop:service=NameNode,name={name}",
                timeout=5,
                auth=self._auth,
                verify=str(self._key.authority) if self._key else None,
            )
        except (requests.ConnectionError, requests.Timeout):
            return {}
        beans = response.json()["beans"]
        return dict(beans[0]) if beans else {}

    def _server(self, name: str, class_name: str, settings: Mapping[str, str], *arguments: str) -> JavaServer:
        home = self.folder / name
        conf = home / "conf"
        conf.mkdir(parents=True, exist_ok=True)
        every = {
            "fs.defaultFS": self.default_fs,
            "hadoop.tmp.dir": str(home / "tmp"),
            "dfs.namenode.name.dir": f"file://{self.folder}/names",
            "dfs.namenode.rpc-address": f"127.0.0.1:{self.rpc_port}",
            f"dfs.namenode.{self._scheme}-address": f"127.0.0.1:{self.web_port}",
            "dfs.http.policy": f"{self._scheme.upper()}_ONLY",
            "dfs.replication": "2",
            "dfs.namenode.datanode.registration.ip-hostname-check": "false",
            "dfs.namenode.safemode.extension": "0",
            "dfs.heartbeat.interval": "1",
            "dfs.namenode.stale.datanode.interval": "3000",
            "dfs.namenode.avoid.read.stale.datanode": "true",
            "dfs.namenode.avoid.write.stale.datanode": "true",
            # HiveServer2 impersonates the logged-in user.
            f"hadoop.proxyuser.{USER}.hosts": "*",
            f"hadoop.proxyuser.{USER}.groups": "*",
            # Both DataNodes reach the NameNode from 127.0.0.1, so they go by their names.
            "dfs.client.use.datanode.hostname": "true",
            "dfs.datanode.use.datanode.hostname": "true",
            "dfs.client.block.write.replace-datanode-on-failure.policy": "NEVER",
            # Small blocks, so that a file of the tests has several.
            "dfs.blocksize": str(4 << 20),
            "dfs.namenode.fs-limits.min-block-size": str(1 << 20),
            **self._extra,
            **settings,
        }
        for file in ("core-site.xml", "hdfs-site.xml"):
            (conf / file).write_text(_site(every), encoding="utf-8")
        if self._key:
            (conf / "ssl-server.xml").write_text(_site(_tls(self._key)), encoding="utf-8")
        (conf / "log4j.properties").write_text(_LOGGING, encoding="utf-8")
        classpath = f"{conf}:{hadoop_jars()}:{hadoop_jars()}/*"
        command = [
            java_program("java"),
            "-Xmx256m",
            "-XX:+UseSerialGC",
            *_OPENED,
            *self._options,
            "-cp",
            classpath,
            f"org.apache.hadoop.hdfs.{class_name}",
            *arguments,
        ]
        return JavaServer(name, home, command, self._environ)


_LOGGING = """
log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %c{1}: %m%n
"""

# Packages that Hadoop accesses by reflection on Java 17.
_OPENED = ("--add-opens=java.base/java.lang=ALL-UNNAMED", "--add-opens=java.base/java.util=ALL-UNNAMED")


def _tls(key: Keystore) -> dict[str, str]:
    return {
        "ssl.server.keystore.location": str(key.path),
        "ssl.server.keystore.type": "pkcs12",
        "ssl.server.keystore.password": key.password,
        "ssl.server.keystore.keypassword": key.password,
    }


def _site(settings: Mapping[str, str]) -> str:
    lines = (
        f"<property><name>{escape(name)}</name><value>{escape(value)}</value></property>"
        for name, value in settings.items()
    )
    return f"<configuration>\n{chr(10).join(lines)}\n</configuration>\n"
