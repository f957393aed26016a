import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from test_cli import proxy_oa

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FIRST, LAST = "2026-10-01", "2026-10-03"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Materialize the sample days and serve Dagster's web UI over them."""
    home: Path = tmp_path_factory.mktemp("ui") / "home"
    assert proxy_oa(home, "demo", "--last-day", LAST).returncode == 0
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (home / "ui.log").open("wb")
    server = subprocess.Popen(
        [Path(sys.executable).with_name("proxy-oa"), "ui", "--port", str(port)],
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "PROXY_OA_HOME": str(home)},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        await_server(f"http://127.0.0.1:{port}", server)
        yield f"http://127.0.0.1:{port}"
    finally:
        # Its servers are its children, in a process group of their own.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
        log.close()


def await_server(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        assert server.poll() is None
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                return
        except OSError:
            time.sleep(1)
    raise AssertionError(f"{address} does not answer")


@pytest.fixture
def page(address: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1500, "height": 950}, base_url=address)
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def test_the_graph_shows_every_asset(page: Page) -> None:
    """The first page of lineage is the whole graph, with nothing in front of it."""
    page.goto("/asset-groups")

    names = (
        "ml_results",
        "proxy_results",
        "scored_connections",
        "edge_details",
        "ingest_summary",
        "notebooks",
    )
    for name in names:
        page.get_by_text(name, exact=True).first.wait_for()
    assert page.get_by_text("Join the Dagster community").count() == 0


def test_a_materialized_day_shows_its_figures_and_its_most_suspicious_rows(page: Page) -> None:
    """Partitions begin with the first sample day; the day has row counts and a table of rows."""
    page.goto(f"/assets/scored_connections?view=partitions&partition={LAST}")

    page.get_by_text("dagster/partition_row_count").wait_for()
    page.get_by_text("203.0.113.66/invoice_2291.pdf.exe").first.wait_for()
    assert page.get_by_text(FIRST).count() > 0
    assert page.get_by_text("2015-01-01").count() == 0
