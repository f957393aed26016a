"""The resources of a cluster, and what tests do with them."""

from pathlib import Path

from proxy_oa_assets.resources.deployment import Deployment, deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.settings import load_settings

_NOWHERE = {"HDFS_URL": "http://localhost:9", "IMPALA_HOST": "localhost", "IMPALA_PORT": "9"}


def reached(home: Path, **variables: str) -> Deployment:
    """Return a cluster's resources for the variables; a system without a variable is unreachable."""
    every = {"PROXY_OA_HOME": str(home), "PROXY_OA_DEPLOYMENT": "cluster", **_NOWHERE, **variables}
    return deployment(load_settings(**every))


def assert_a_file_comes_back(hdfs: FileStore, folder: str) -> None:
    """Write, read and list a file of several megabytes, through the NameNode and DataNodes."""
    content = b"goes through a DataNode as well\n" * 200_000
    hdfs.write(f"{folder}/file", [content])
    with hdfs.open(f"{folder}/file") as stream:
        assert stream.read() == content
    assert [status.length for status in hdfs.list_folder(folder)] == [len(content)]


def current_user(home: Path, **variables: str) -> list[tuple[object, ...]]:
    """Ask a HiveServer2 for the user that it authenticated."""
    warehouse = reached(home, PROXY_OA_SQL_ENGINE="hive", **variables).impala
    try:
        with warehouse.tables().connection.query("SELECT current_user()", in_database=False) as result:
            return list(result.rows)
    finally:
        warehouse.close()
