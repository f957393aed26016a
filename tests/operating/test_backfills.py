from collections.abc import Callable

import pytest
from support.dagster_client import ASSETS, DagsterClient
from support.home import Home

from proxy_oa_assets.days import Day

DAYS = [f"2026-10-{number:02d}" for number in range(1, 31)]
WITHOUT_RESULTS = ["2026-10-08", "2026-10-19"]
CORRUPT = "2026-10-25"
BAD = [*WITHOUT_RESULTS, CORRUPT]
GOOD = [day for day in DAYS if day not in BAD]

pytestmark = pytest.mark.server


def spoil(home: Home) -> Callable[[], None]:
    """Take away the results of two days and ruin those of a third; return how to mend them."""
    kept = {day: home.results(Day.parse(day)).read_bytes() for day in BAD}
    for day in WITHOUT_RESULTS:
        home.results(Day.parse(day)).unlink()
    home.results(Day.parse(CORRUPT)).write_bytes(b"\x00\xffnot a row\n" * 20)

    def mend() -> None:
        for day, content in kept.items():
            home.results(Day.parse(day)).write_bytes(content)

    return mend


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
        days_of(run): client.failures(run["runId"])["proxy_results"]
        for run in client.runs_of(backfill)
        if run["status"] == "FAILURE"
    }


def assert_whole(home: Home, client: DagsterClient) -> None:
    """Every asset has every day, and the tables hold what one run of a day makes."""
    for asset in ASSETS:
        assert client.days(asset, "MATERIALIZED", DAYS) == DAYS
    for day in map(Day.parse, (DAYS[0], WITHOUT_RESULTS[0], CORRUPT, DAYS[-1])):
        made = home.parts(day)
        assert home.materialize(day).success
        assert home.parts(day) == made


def test_a_bad_day_costs_itself_alone(month: Home, serve) -> None:
    """Of 30 days three are bad: 27 are made, three are named with reasons; once mended, the rest follows."""
    mend = spoil(month)
    with serve(month) as client:
        first = client.finished_backfill(all_of(DAYS))

        assert len(client.runs_of(first)) == 30
        assert {asset: client.days(asset, "MATERIALIZED", DAYS) for asset in ASSETS} == all_of(GOOD) | {
            "ingest_summary": client.days("ingest_summary", "MATERIALIZED", DAYS)
        }
        assert set(GOOD) <= set(client.days("ingest_summary", "MATERIALIZED", DAYS))
        assert client.days("proxy_results", "FAILED", DAYS) == BAD
        why = reasons(client, first)
        assert sorted(why) == BAD
        for day in WITHOUT_RESULTS:
            assert "does not exist: the day has no ranked results yet. Run the ranking job" in why[day]
            assert day.replace("-", "") in why[day]
        assert "none of the 20 lines is a row of 2026-10-25" in why[CORRUPT]

        mend()
        second = client.finished_backfill(client.left(DAYS))

        assert sorted(map(days_of, client.runs_of(second))) == BAD
        assert_whole(month, client)


def test_several_days_per_run_end_in_the_same_state(month: Home, serve) -> None:
    """Ten days per run: what is recorded is true, and "failed and missing" does what is left, no more."""
    mend = spoil(month)
    with serve(month, PROXY_OA_DAYS_PER_RUN="10") as client:
        first = client.finished_backfill(all_of(DAYS))

        assert len(client.runs_of(first)) == 3
        assert client.days("proxy_results", "MATERIALIZED", DAYS) == GOOD
        for day in map(Day.parse, GOOD):
            assert (month.data(day) / "proxy_results.csv").is_file()
        for day in map(Day.parse, client.days("scored_connections", "MATERIALIZED", DAYS)):
            assert month.part("proxy_scores", day).is_file()
        why = "\n".join(reasons(client, first).values())
        assert all(f"{day}: " in why for day in BAD)
        assert not any(f"{day}: " in why for day in GOOD)
        assert "1 of 10 days failed; the other 9 are done" in why

        mend()
        left = client.left(DAYS)
        assert left["proxy_results"] == BAD
        client.finished_backfill(left)

        assert_whole(month, client)
