import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import Home

from proxy_oa_assets.days import Day
from proxy_oa_assets.sample.files import write_site_files


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def sample_home(tmp_path: Path) -> Home:
    """A home with one generated day and the sample site's context and lists."""
    site = write_site_files(tmp_path / "home")
    home = Home(tmp_path / "home", **{name: str(path) for name, path in site.items()})
    home.write_sample()
    return home


@pytest.fixture
def real_home(test_data: Path, home: Home) -> Callable[[str], Home]:
    """Return a home with one real day copied in."""

    def with_day(key: str) -> Home:
        day = Day.parse(key)
        source = test_data / "hdfs"
        raw = f"user/spot/proxy/hive/y={day.y}/m={day.m:02d}/d={day.d:02d}"
        for folder in (raw, f"user/spot/proxy/scored_results/{day.folder}"):
            shutil.copytree(source / folder, home.path / "hdfs" / folder, copy_function=shutil.copyfile)
        for path in (home.path / "hdfs").rglob("*"):
            path.chmod(0o755)
        return home

    return with_day
