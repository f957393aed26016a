"""A real HiveServer2: Spark's Thrift Server out of the package `pyspark`."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from support.programs import java_program

from cluster_servers.java_server import JavaServer, Servers, free_port

USER = "spot"


class ThriftServer(Servers):
    """A HiveServer2 on loopback, whose metastore survives a restart; its tables are on the given file system.

    It runs as a user, and impersonates the logged-in user.
    """

    def __init__(
        self, folder: Path, default_fs: str, settings: Mapping[str, str] | None = None, user: str = USER
    ):
        self.port = free_port()
        self._server = JavaServer(
            "thrift-server",
            folder,
            _command(
                folder,
                default_fs,
                {
                    "spark.hadoop.hive.server2.thrift.port": str(self.port),
                    "spark.hadoop.hive.server2.thrift.http.port": str(self.port),
                    **(settings or {}),
                },
            ),
            {
                "SPARK_HOME": str(spark_home()),
                "HADOOP_USER_NAME": user,
                "JAVA_HOME": str(java_program("java").resolve().parents[1]),
                "SPARK_LOCAL_IP": "127.0.0.1",
            },
        )

    def start(self) -> None:
        """Start the server; return when it listens."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Start the server's process."""
        self._server.start()

    def wait(self) -> None:
        """Wait until the server listens."""
        self._server.wait_for_port(self.port)

    def stop(self) -> None:
        """Stop the server."""
        self._server.stop()

    def hanging(self) -> AbstractContextManager[None]:
        """Suspend the server while a block lasts; its connections stay open."""
        return self._server.hanging()

    def kill(self) -> None:
        """Kill the server."""
        self._server.kill()

    @property
    def running(self) -> bool:
        """Return whether the server runs."""
        return self._server.running


def spark_home() -> Path:
    """Return the folder of the package `pyspark`; skip the test where there is none."""
    pyspark = pytest.importorskip("pyspark", reason="pyspark is missing; make test-cluster installs it")
    return Path(pyspark.__file__).parent


def _command(folder: Path, default_fs: str, settings: Mapping[str, str]) -> list[str | Path]:
    every = {
        "spark.ui.enabled": "false",
        "spark.local.dir": str(folder / "local"),
        "spark.sql.warehouse.dir": f"{default_fs}/warehouse",
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.shuffle.partitions": "1",
        # Days of the tests are so small that compiling a query takes longer than running it.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        # A day's 24 small files in one task.
        "spark.sql.files.openCostInBytes": "0",
        "spark.sql.files.minPartitionNum": "1",
        "spark.sql.ansi.enabled": "false",
        "spark.sql.storeAssignmentPolicy": "LEGACY",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.hadoop.fs.defaultFS": default_fs,
        "spark.hadoop.dfs.replication": "2",
        "spark.hadoop.dfs.client.use.datanode.hostname": "true",
        "spark.hadoop.dfs.client.block.write.replace-datanode-on-failure.policy": "NEVER",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:{folder}/metastore;create=true",
        "spark.hadoop.hive.metastore.schema.verification": "false",
        "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
        "spark.hadoop.hive.server2.thrift.bind.host": "127.0.0.1",
        "spark.hadoop.hive.server2.transport.mode": "binary",
        "spark.hadoop.hive.server2.authentication": "NOSASL",
        "spark.driver.extraJavaOptions": (f"-Dderby.system.home={folder} -Djava.io.tmpdir={folder}"),
        **settings,
    }
    command: list[str | Path] = [
        spark_home() / "bin" / "spark-submit",
        "--master",
        "local[2]",
        "--driver-memory",
        "1g",
    ]
    for name, value in every.items():
        command += ["--conf", f"{name}={value}"]
    server = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"
    return [*command, "--class", server, "spark-internal"]
