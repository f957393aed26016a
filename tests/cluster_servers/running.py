"""The servers of a cluster."""

from collections.abc import Mapping
from pathlib import Path

from cluster_servers.hdfs_servers import HdfsServers
from cluster_servers.java_server import Servers
from cluster_servers.thrift_server import ThriftServer


class Cluster(Servers):
    """An HDFS, and a HiveServer2 whose tables are on it. Their logs are in the given folder."""

    def __init__(self, folder: Path, sql_settings: Mapping[str, str] | None = None) -> None:
        self.hdfs = HdfsServers(folder / "hdfs")
        self.sql = ThriftServer(folder / "sql", self.hdfs.default_fs, sql_settings)

    @property
    def variables(self) -> dict[str, str]:
        """The settings that name the servers."""
        return {
            "HDFS_URL": self.hdfs.url,
            "IMPALA_HOST": "127.0.0.1",
            "IMPALA_PORT": str(self.sql.port),
            "PROXY_OA_SQL_ENGINE": "hive",
        }

    def start(self) -> None:
        """Start every server, HDFS and HiveServer2 concurrently."""
        self.sql.begin()
        self.hdfs.start()
        self.sql.wait()

    def stop(self) -> None:
        """Stop every server."""
        self.sql.stop()
        self.hdfs.stop()
