from collections.abc import Callable
from pathlib import Path

import pytest
from support.dagster_client import ASSETS, DagsterClient, wait_until
from support.home import Home

from proxy_oa_assets.model.day import Day

DAYS = [f"2026-10-{number:02d}" for number in range(1, 7)]
EMPTY = ["2026-10-02"]
CORRUPT = "2026-10-05"
BAD = [*EMPTY, CORRUPT]
# Assets that read no results, or take them as they are.
BESIDE = ("proxy_history", "ml_results", "ingest_summary")
GOOD = [day for day in DAYS if day not in BAD]

pytestmark = pytest.mark.server


def with_bad_days(home: Home) -> Callable[[], None]:
    """Write the days, one with empty results and one with malformed ones; return what repairs them."""
    for day in DAYS:
        home.write_sample(Day.parse(day), views=15)
    kept = {day: home.results(Day.parse(day)).read_bytes() for day in BAD}
    for day in EMPTY:
        home.results(Day.parse(day)).write_bytes(b"")
    home.results(Day.parse(CORRUPT)).write_bytes(b"\x00\xffnot a row\n" * 20)

    def repair() -> None:
        for day, content in kept.items():
            home.results(Day.parse(day)).write_bytes(content)

    return repair


def all_of(days: list[str]) -> dict[str, list[str]]:
    return dict.fromkeys(ASSETS, days)


def days_of(run: dict) -> str:
    """Return the day of a run, or its first and last day."""
    tags = run["tags"]
    first, last = (tags.get(f"dagster/asset_partition_range_{end}") for end in ("start", "end"))
    return tags.get("dagster/partition") or (first if first == last else f"{first} to {last}")


def reasons(client: DagsterClient, backfill: str) -> dict[str, str]:
    """Return why runs of a backfill failed, by their days."""
    return {
        days_of(run): next(iter(client.failures(run["runId"]).values()))
        for run in client.runs_of(backfill)
        if run["status"] == "FAILURE"
    }


def assert_whole(home: Home, client: DagsterClient) -> None:
    """Every asset has every day, and the tables hold what one run of a day makes."""
    for asset in ASSETS:
        assert client.days(asset, "MATERIALIZED", DAYS) == DAYS
    for day in map(Day.parse, (DAYS[0], EMPTY[0], CORRUPT, DAYS[-1])):
        made = home.parts(day)
        assert home.materialize(day).success
        assert home.parts(day) == made


def test_a_bad_day_costs_itself_alone(shared_home: Home, client: DagsterClient) -> None:
    """Two of six days fail with their reasons, four are made; the two are made once repaired."""
    repair = with_bad_days(shared_home)
    first = client.finished_backfill(all_of(DAYS))

    # As a partition, the tag that `proxy-oa run` and schedules give a run of the day as well.
    assert sorted(run["tags"]["dagster/partition"] for run in client.runs_of(first)) == DAYS
    # What doesn't wait for the results may have been made before they failed the run.
    waiting = [asset for asset in ASSETS if asset not in BESIDE]
    assert {asset: client.days(asset, "MATERIALIZED", DAYS) for asset in waiting} == dict.fromkeys(
        waiting, GOOD
    )
    assert all(set(GOOD) <= set(client.days(asset, "MATERIALIZED", DAYS)) for asset in BESIDE)
    assert client.days("proxy_results", "FAILED", DAYS) == BAD
    why = reasons(client, first)
    assert sorted(why) == BAD
    for day in EMPTY:
        assert "is empty: the ranking job wrote no row" in why[day]
        assert day.replace("-", "") in why[day]
    assert f"none of the 20 lines is a row of {CORRUPT}" in why[CORRUPT]

    repair()
    second = client.finished_backfill(client.left(DAYS))

    assert sorted(map(days_of, client.runs_of(second))) == BAD
    assert_whole(shared_home, client)


def test_several_days_per_run_end_in_the_same_state(tmp_path: Path, serve) -> None:
    """Three days per run: the good days reach every asset, and "failed and missing" selects the others.

    Executing a run again, in part or whole, leaves it so.
    """
    home = Home(tmp_path / "home")
    repair = with_bad_days(home)
    with serve(home, PROXY_OA_DAYS_PER_RUN="3") as client:
        first = client.finished_backfill(all_of(DAYS))

        assert len(client.runs_of(first)) == 2
        made = all_of(GOOD) | dict.fromkeys(BESIDE, DAYS)
        assert {asset: client.days(asset, "MATERIALIZED", DAYS) for asset in ASSETS} == made
        assert client.days("proxy_results", "FAILED", DAYS) == BAD
        assert client.days("notebooks", "FAILED", DAYS) == BAD
        why = "\n".join(reasons(client, first).values())
        assert all(f"{day}: " in why for day in BAD)
        assert not any(f"{day}: " in why for day in GOOD)
        assert "1 of 3 days failed; the other 2 are done." in why

        (run,) = (
            run["runId"] for run in client.runs_of(first) if days_of(run).startswith(CORRUPT[:-1] + "4")
        )
        for strategy in ("FROM_FAILURE", "ALL_STEPS"):
            again = client.reexecute(run, strategy)
            wait_until(lambda again=again: client.status(again) in ("SUCCESS", "FAILURE"))
            assert list(client.failures(again)) == ["notebooks"]
            assert {asset: client.days(asset, "MATERIALIZED", DAYS) for asset in ASSETS} == made
            assert client.days("notebooks", "FAILED", DAYS) == BAD

        repair()
        left = client.left(DAYS)
        assert left["proxy_results"] == BAD
        client.finished_backfill(left)

        assert_whole(home, client)
