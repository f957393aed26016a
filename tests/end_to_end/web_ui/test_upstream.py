import os
import time

import pytest
from playwright.sync_api import expect
from support.dagster_client import wait_until
from support.dagster_pages import MINUTES, open_day

_STALE = """
query ($key: AssetKeyInput!, $day: String!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
    staleStatus(partition: $day) } } }"""

pytestmark = [pytest.mark.browser, pytest.mark.server]


def test_results_published_again_mark_their_day_until_it_is_materialized(site, page, picture) -> None:
    """Once `ml_results` has taken them, the day is unsynced, and why; "Materialize" brings it in step."""
    day, results = site.materialized[0], site.home.results(site.materialized[0])
    results.write_bytes(b"".join(reversed(results.read_bytes().splitlines(keepends=True))))
    an_hour_ago = time.time() - 3600
    os.utime(results, (an_hour_ago, an_hour_ago))

    def status() -> str:
        key = {"path": ["proxy_results"]}
        return str(site.client.ask(_STALE, key=key, day=day.key)["assetNodeOrError"]["staleStatus"])

    assert status() == "FRESH"
    page.set_viewport_size({"width": 1500, "height": 700})
    open_day(page, "ml_results", day)
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Launch").click()
    wait_until(lambda: status() == "STALE", 180)
    page.goto("/assets/ml_results?view=lineage")
    expect(page.get_by_text("proxy_history", exact=True).locator("visible=true").first).to_be_visible()
    picture("upstream")
    open_day(page, "proxy_results", day)
    page.get_by_text("Unsynced").hover()
    expect(page.get_by_text("has a new data version")).to_be_visible()
    picture("unsynced_day")
    page.mouse.move(0, 0)
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Launch").click()
    wait_until(lambda: status() == "FRESH", 180)
    open_day(page, "proxy_results", day)
    expect(page.get_by_text("Unsynced")).to_have_count(0, timeout=2 * MINUTES)
