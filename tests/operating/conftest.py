from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from support.dagster_client import DagsterClient
from support.home import Home
from support.ui_server import served

from proxy_oa_assets.days import Day

FIRST = Day.parse("2026-10-01")


@pytest.fixture
def month(tmp_path: Path) -> Home:
    """Return a home with 30 small days that nothing was made of yet."""
    home = Home(tmp_path / "home")
    for offset in range(30):
        home.write_sample(FIRST.plus(offset), views=15)
    return home


@pytest.fixture
def serve() -> Callable[..., AbstractContextManager[DagsterClient]]:
    """Return a function that serves a home's web UI, daemon included, until its block ends."""

    @contextmanager
    def serving(home: Home, **variables: str) -> Iterator[DagsterClient]:
        with served(home.path, PROXY_OA_START_DATE=FIRST.key, **variables) as address:
            yield DagsterClient(address)

    return serving
