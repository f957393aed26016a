from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from support.dagster_client import DagsterClient
from support.home import Home
from support.ui_server import served

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import bundled

FIRST = Day.parse("2026-10-01")


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[DagsterClient]]:
    """Return a function that serves a home's web UI, daemon included, until its block ends."""

    @contextmanager
    def serving(home: Home, **variables: str) -> Iterator[DagsterClient]:
        with served(home.path, **{"PROXY_OA_START_DATE": FIRST.key, **variables}) as address:
            yield DagsterClient(address)

    return serving


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that tests share, each with other days; run monitoring looks for dead runs every 5 s."""
    home = Home(tmp_path_factory.mktemp("operating") / "home")
    shipped = bundled("deploy/dagster.yaml").read_text(encoding="utf-8")
    seldom, often = "poll_interval_seconds: 60", "poll_interval_seconds: 5"
    assert seldom in shipped
    (home.path / "dagster").mkdir(parents=True)
    (home.path / "dagster" / "dagster.yaml").write_text(shipped.replace(seldom, often), encoding="utf-8")
    return home


@pytest.fixture(scope="session")
def client(
    shared_home: Home, serve: Callable[..., AbstractContextManager[DagsterClient]]
) -> Iterator[DagsterClient]:
    """The web UI of the shared home."""
    with serve(shared_home) as client:
        yield client
