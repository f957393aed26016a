from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome

from proxy_oa_assets.resources.cluster_tables import ClusterTables


@pytest.fixture(scope="module")
def shared_home(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterHome]:
    """A database for a whole file: making one takes seconds."""
    home = ClusterHome(tmp_path_factory.mktemp("shared"), cluster.variables)
    yield home
    home.close()


@pytest.fixture
def home(cluster: Cluster, tmp_path: Path) -> Iterator[ClusterHome]:
    """A database for a test alone."""
    home = ClusterHome(tmp_path / "home", cluster.variables)
    yield home
    home.close()


@pytest.fixture
def tables(shared_home: ClusterHome) -> ClusterTables:
    """The shared home's tables, as statements reach them."""
    return shared_home.deployment.impala.tables()
