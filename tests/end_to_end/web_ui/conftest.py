import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pytest
from playwright.sync_api import Page, expect
from support.browser import PICTURES, keep_picture, new_page
from support.command import proxy_oa
from support.dagster_client import DagsterClient
from support.home import Home
from support.programs import program
from support.ui_server import served

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import bundled

# The README's picture of a backfill shows two weeks; what it shows is the same of three days.
IN_A_ROW = 3 if PICTURES is None else 14


@dataclass(frozen=True)
class Site:
    """A home of sample days up to yesterday, and Dagster's web UI over it."""

    home: Home
    address: str
    client: DagsterClient
    without_traffic: Day
    in_a_row: list[Day]
    materialized: list[Day]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a day without requests and results, days that aren't materialized, and the demo's three."""
    program("chromium", "chromium")  # before the days are made
    yesterday = Day(datetime.now(UTC).date()).plus(-1)
    days = [yesterday.plus(offset) for offset in range(-3 - IN_A_ROW, 1)]
    home = Home(tmp_path_factory.mktemp("web_ui", numbered=False) / "home")
    made = proxy_oa(home.path, "demo", "--last-day", yesterday.key)
    assert made.returncode == 0, made.stderr
    for day in days[:-3]:
        # As many as the demo's, whose checks compare the days.
        home.write_sample(day, views=1_100)
    for path in (home.results(days[0]), *home.raw_files(days[0])):
        path.unlink()
    conf = home.path / "site" / "proxy_conf.json"
    shutil.copy(bundled("proxy_conf.json"), conf)
    # The first day is before the demo's.
    env = home.path / ".env"
    settings = env.read_text(encoding="utf-8").replace(f"START_DATE={days[-3]}", f"START_DATE={days[0]}")
    env.write_text(f"{settings}PROXY_OA_CONF='{conf}'\n", encoding="utf-8")
    with served(home.path) as address:
        yield Site(home, address, DagsterClient(address), days[0], days[1:-3], days[-3:])


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    with new_page(base_url=site.address) as page:
        expect.set_options(timeout=60_000)
        yield page


@pytest.fixture
def picture(page: Page) -> Callable[..., None]:
    """Return a function that keeps the page, or its upper part, as a picture of the README."""
    return partial(keep_picture, page)
