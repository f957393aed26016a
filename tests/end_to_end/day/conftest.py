import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.cluster_home import ClusterHome
from support.home import Home

from proxy_oa_assets.ingest.sample.site import write_site_files
from proxy_oa_assets.model.day import Day

HERE = Path(__file__).parent
# Their runs on the cluster are in the slow suite: the resources that they use there have tests of their own.
SLOW_ON_A_CLUSTER = ("test_bad_results.py", "test_days_in_one_run.py", "test_hostile_thousand.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cluster's runs of some files slow."""
    for item in items:
        listed = item.path.parent == HERE and item.path.name in SLOW_ON_A_CLUSTER
        if listed and item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def home(new_home: Callable[..., Home]) -> Home:
    return new_home()


@pytest.fixture
def sample_home(new_home: Callable[..., Home], tmp_path: Path) -> Home:
    """A home with one generated day and the sample site's context and lists."""
    site = write_site_files(tmp_path / "home")
    home = new_home(**{name: str(path) for name, path in site.items()})
    home.write_sample()
    return home


@pytest.fixture
def embedded_home(tmp_path: Path) -> Home:
    """A home on this machine with one generated day."""
    home = Home(tmp_path / "home")
    home.write_sample()
    return home


@pytest.fixture
def real_home(test_data: Path, home: Home) -> Callable[[str], Home]:
    """Return what copies a real day into a home and returns it."""
    return partial(with_real_day, home, test_data)


@pytest.fixture
def embedded_real_home(test_data: Path, tmp_path: Path) -> Callable[[str], Home]:
    """Return the same for a home on this machine alone."""
    return partial(with_real_day, Home(tmp_path / "home"), test_data)


def with_real_day(home: Home, test_data: Path, key: str) -> Home:
    """Copy a real day's raw requests and results into a home."""
    day = Day.parse(key)
    raw = f"y={day.y}/m={day.m:02d}/d={day.d:02d}"
    for folder in (f"proxy/hive/{raw}", f"proxy/scored_results/{day.folder}"):
        source = test_data / "hdfs" / "user/spot" / folder
        if isinstance(home, ClusterHome):
            home.upload(source, (home.huser / folder).path)
            continue
        shutil.copytree(source, home.huser / folder, copy_function=shutil.copyfile)
        for path in home.root.rglob("*"):
            path.chmod(0o755)
    return home
