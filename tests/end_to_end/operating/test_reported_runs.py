import pytest
from support.dagster_client import ASSETS, wait_until
from support.home import Home
from support.receiver import receiving

from proxy_oa_assets.model.day import Day

pytestmark = [pytest.mark.server, pytest.mark.slow]

DAY = Day.parse("2026-10-03")


def test_a_failed_day_and_its_recovery_are_reported_by_the_daemon(tmp_path, serve) -> None:
    """A day materialized from the graph, without a job: one message when it failed, one when it is done."""
    home = Home(tmp_path / "home")
    home.write_sample(DAY, views=15)
    results = home.results(DAY)
    hidden = results.rename(results.with_suffix(".hidden"))
    days = {asset: [DAY.key] for asset in ASSETS}
    with receiving() as receiver, serve(home, PROXY_OA_FAILURE_WEBHOOK=receiver.url) as client:
        client.finished_backfill(days)
        wait_until(lambda: len(receiver.bodies) == 1, 120)
        hidden.rename(results)
        client.finished_backfill(days)
        wait_until(lambda: len(receiver.bodies) == 2, 120)
    failed, recovered = receiver.bodies
    subject = "proxy_results, scored_connections, ingest_summary and 2 more"
    assert failed["text"].startswith(f"{subject} failed for {DAY} at proxy_results: ")
    assert (failed["job"], failed["days"], failed["failed_days"]) == (None, [DAY.key], [DAY.key])
    assert recovered["text"].startswith(f"{DAY} is done after a failure: proxy_results, scored_connections, ")
    assert recovered["days"] == [DAY.key]
