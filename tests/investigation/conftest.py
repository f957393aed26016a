from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import pytest
from support.analysts_day import AnalystsDay
from support.cluster_home import ClusterHome
from support.deployments import DEPLOYMENTS
from support.home import Home

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import Table
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse

# On the cluster, where making a home takes seconds, each test has days of its own in one.
_FIRST = Day.parse("2016-01-01")
_WEEKS = count()


@pytest.fixture(scope="session")
def cluster_home(cluster, tmp_path_factory) -> Iterator[ClusterHome]:
    """A home on the cluster for all of the analysts' tests."""
    home = ClusterHome(tmp_path_factory.mktemp("analysts"), cluster.variables)
    yield home
    home.close()


@pytest.fixture(params=DEPLOYMENTS)
def today(request: pytest.FixtureRequest, tmp_path: Path) -> AnalystsDay:
    """A day without anything, on this machine and on a cluster; nor have the six days after it."""
    if request.param == "embedded":
        return AnalystsDay(Home(tmp_path / "home"), _FIRST)
    return AnalystsDay(request.getfixturevalue("cluster_home"), _FIRST.plus(7 * next(_WEEKS)))


@pytest.fixture
def embedded_day(tmp_path: Path) -> AnalystsDay:
    """A day without anything, on this machine."""
    return AnalystsDay(Home(tmp_path / "home"), _FIRST)


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[Table], AbstractContextManager[None]]:
    """Return what lets no day of a table be written for as long as a block lasts."""
    replace = DuckDBWarehouse.replace_day_with_frame

    @contextmanager
    def full(refused: Table) -> Iterator[None]:
        def replace_day(self: DuckDBWarehouse, table: Table, day: Day, frame: object) -> int:
            if table is refused:
                raise WarehouseError("no space left on device")
            return replace(self, table, day, frame)

        with monkeypatch.context() as broken:
            broken.setattr(DuckDBWarehouse, "replace_day_with_frame", replace_day)
            yield

    return full
