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
    content = results.read_bytes()
    results.write_bytes(b"")
    days = {asset: [DAY.key] for asset in ASSETS}
    with receiving() as receiver, serve(home, PROXY_OA_FAILURE_WEBHOOK=receiver.url) as client:
        client.finished_backfill(days)
        wait_until(lambda: len(receiver.bodies) == 1, 120)
        results.write_bytes(content)
        client.finished_backfill(days)
        wait_until(lambda: len(receiver.bodies) == 2, 120)
    failed, recovered = receiver.bodies
    subject = "proxy_history, ml_results, proxy_results and 4 more"
    assert failed["text"].startswith(f"{subject} failed for {DAY} at proxy_results: ")
    assert (failed["job"], failed["days"], failed["failed_days"]) == (None, [DAY.key], [DAY.key])
    assert recovered["text"].startswith(f"{DAY} is done after a failure: proxy_history, ml_results, ")
    assert recovered["days"] == [DAY.key]
