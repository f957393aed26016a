import re

import pytest
from playwright.sync_api import expect
from support.dagster_client import ASSETS, wait_until
from support.dagster_pages import (
    MINUTES,
    await_success,
    button_with_icon,
    choose_days,
    choose_from_menu,
    figure,
    launch,
    open_day,
    open_job,
    open_launchpad,
    type_days,
)

from proxy_oa_assets.defs.checks.asset_checks import DAY_CHECKS, HISTORY_DAY_CHECKS
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES

pytestmark = [pytest.mark.browser, pytest.mark.server]


def test_a_backfill_of_several_days_is_launched_and_finishes(site, page, picture) -> None:
    """All assets, from the graph: the backfill's page counts each asset's days until all are done."""
    days = [day.key for day in site.in_a_row]
    dialog = choose_days(page, f"[{days[0]}...{days[-1]}]")
    expect(dialog.get_by_text(f"{len(days)} partitions")).to_be_visible()
    dialog.get_by_role("button", name="Launch backfill").click()
    page.get_by_text("View", exact=True).click()

    expect(page.get_by_text("Succeeded", exact=True)).to_have_count(2, timeout=8 * MINUTES)
    expect(page.get_by_text("100% completed")).to_have_count(len(ASSETS))
    for asset in ASSETS:
        assert site.client.days(asset, "MATERIALIZED", days) == days
    picture("backfill", 570)

    page.goto("/assets/notebooks?view=partitions")
    type_days(page, f"[{days[0]}...{days[-1]}]")
    expect(page.get_by_text(f"Materialized ({len(days)})")).to_be_visible()
    expect(page.get_by_text("Missing (0)")).to_be_visible()


def test_a_failed_day_is_found_and_run_again(site, page, picture) -> None:
    """The failed partition leads to its run, which names the remedy; the run's re-execution does the rest."""
    day, home = site.without_traffic, site.home
    choose_days(page, day.key).get_by_role("button", name="Launch 1 run").click()
    wait_until(lambda: site.client.days("ml_results", "FAILED", [day.key]) == [day.key])

    page.goto("/assets/ml_results?view=partitions")
    expect(page.get_by_text("Failed (1)")).to_be_visible()
    for others in ("Materialized (", "Materializing (", "Missing ("):
        page.get_by_text(others).click()
    expect(page.get_by_text("1 Partitions Selected")).to_be_visible()
    page.get_by_text(day.key, exact=True).locator("visible=true").last.click()
    page.get_by_text("and did not materialize this asset").get_by_role("link").click()
    page.get_by_placeholder("Filter…").fill("type:STEP_FAILURE")
    message = page.get_by_text("has no raw request").first
    expect(message).to_be_visible()
    expect(message).to_contain_text(str(home.huser / PROXY.day_folder(day)))
    expect(message).to_contain_text("Run the ingest job for this day, then materialize it again")
    picture("failed_day", (message.bounding_box() or {"y": 700})["y"] + 58)

    home.write_sample(day)
    choose_from_menu(page, button_with_icon(page, "arrow_drop_down").first, "From failure")
    await_success(page)

    for asset in ASSETS:
        assert site.client.days(asset, "MATERIALIZED", [day.key]) == [day.key]
    page.goto("/assets/ml_results?view=partitions")
    expect(page.get_by_text("Failed (0)")).to_be_visible()


def type_limit(page, limit: str) -> None:
    """Type over the number of the line that was clicked, the limit's."""
    # A slow browser takes the halves of a double click for two clicks.
    page.keyboard.press("End")
    page.keyboard.press("ControlOrMeta+Shift+ArrowLeft")
    page.keyboard.type(limit)


def test_the_launchpad_takes_another_limit(site, page, picture) -> None:
    """It shows the default, 500, and no setting; 0 starts no run; a day launched with 25 has 25 rows."""
    day = site.materialized[0]
    dialog = open_launchpad(page, day)
    expect(dialog.get_by_text("limit: 500")).to_be_visible()
    expect(dialog.get_by_text(str(site.home.path))).to_have_count(0)

    dialog.get_by_text("500", exact=True).click()
    expect(
        dialog.get_by_text("How many of the most suspicious rows to take from the results")
    ).to_be_visible()
    runs = len(site.client.runs())
    type_limit(page, "0")
    dialog.get_by_role("button", name=re.compile("Materialize$")).click()
    expect(page.get_by_text("limit is 0, but a day has at least one row").first).to_be_visible()
    picture("limit_refused")
    assert len(site.client.runs()) == runs
    page.keyboard.press("Escape")

    dialog = open_launchpad(page, day)
    dialog.get_by_text("500", exact=True).click()
    type_limit(page, "25")
    expect(dialog.get_by_text("limit: 25")).to_be_visible()
    expect(dialog.get_by_text("No errors")).to_be_visible()
    picture("launchpad")
    dialog.get_by_role("button", name=re.compile("Materialize$")).click()
    await_success(page)

    open_day(page, "proxy_results", day)
    expect(figure(page, "limit")).to_have_text("25")
    expect(figure(page, "dagster/partition_row_count")).to_have_text("25")
    open_day(page, "scored_connections", day)
    expect(figure(page, "dagster/partition_row_count")).to_have_text("25")
    assert len(site.home.deployment.impala.read_day(PROXY_SCORES, day)) == 25


def test_days_are_checked_again_from_the_job_s_launchpad(site, page) -> None:
    """`recheck_days` takes the first and the last day; both are checked, and nothing else."""
    first, last = site.materialized[:2]
    open_job(page, "recheck_days")
    days = {"first_day": first.key, "last_day": last.key}
    launch(page, {"ops": {"recheck": {"config": days}}})
    await_success(page)

    run = page.url.partition("/runs/")[2].partition("?")[0]
    checked = [
        event["message"]
        for event in site.client.events(run)
        if event["__typename"] == "AssetCheckEvaluationEvent"
    ]
    checks_of_a_day = (*HISTORY_DAY_CHECKS, *DAY_CHECKS)
    assert len(checked) == 2 * sum(len(checks) for checks, _ in checks_of_a_day)
    assert [message for message in checked if " passed." not in message] == []
