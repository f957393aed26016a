from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.browser import keep_picture, new_page
from support.command import proxy_oa
from support.dagster_client import DagsterClient, wait_until
from support.dagster_pages import choose_days, figure, open_day, open_graph
from support.home import Home
from support.programs import program
from support.squid_log import sample_log
from support.ui_server import served

from proxy_oa_assets.model.day import Day

pytestmark = [pytest.mark.browser, pytest.mark.server]
ASSETS = ("proxy_logs", "proxy", "proxy_history", "ml_results", "ingest_summary", "edge_details", "notebooks")


def test_a_log_in_an_empty_home_leads_to_notebooks(tmp_path: Path) -> None:
    """The command takes the log; the graph ranks the day and makes it, from the log to the notebooks."""
    program("chromium", "chromium")  # before the day is made
    day = Day(datetime.now(UTC).date()).plus(-1)
    log = tmp_path / "logs" / "access.log"
    home, other = (Home(tmp_path / name, PROXY_OA_LOGS=f"{log}*") for name in ("home", "other"))
    other.write_sample(day, views=400, ranked=False)
    sample_log(day, other, log)
    settings = f"PROXY_OA_LOGS={log}*\nPROXY_OA_START_DATE={day.plus(-6)}\n"
    home.path.mkdir()
    (home.path / ".env").write_text(settings, encoding="utf-8")

    taken = proxy_oa(home.path, "ingest", str(log))

    assert taken.returncode == 0, taken.stderr
    with served(home.path) as address, new_page(base_url=address) as page:
        expect.set_options(timeout=60_000)
        picture = partial(keep_picture, page)
        open_day(page, "proxy", day)
        expect(page.get_by_text("Materialized", exact=True)).to_be_visible()
        choose_days(page, day.key, assets=8).get_by_role("button", name="Launch 1 run").click()
        client = DagsterClient(address)
        wait_until(lambda: client.days("notebooks", "MATERIALIZED", [day.key]) == [day.key], 180)
        open_graph(page, assets=8)
        for asset in ASSETS:
            expect(page.get_by_text(asset, exact=True).locator("visible=true").first).to_be_visible()
        open_day(page, "proxy", day)
        page.get_by_text("Hide navigation").click()
        expect(figure(page, "files")).to_have_text("1")
        expect(figure(page, "coverage/webcat")).to_contain_text("categories are no signal")
        picture("day_of_a_log")
