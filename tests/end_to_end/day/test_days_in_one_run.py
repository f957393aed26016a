from collections.abc import Callable

import dagster as dg
import pytest
from support.home import Home, failures

from proxy_oa_assets.model.day import Day

FIRST, BAD, LAST = map(Day.parse, ("2016-09-12", "2016-09-13", "2016-09-14"))
TABLE_ASSETS = ("proxy_results", "scored_connections", "edge_details", "ingest_summary", "notebooks")


@pytest.fixture
def home(new_home: Callable[..., Home]) -> Home:
    home = new_home(PROXY_OA_RANKING="external")
    for day in (FIRST, BAD, LAST):
        home.write_sample(day, views=15)
    return home


def recorded(instance: dg.DagsterInstance, asset: str) -> dict[str, dict[str, object]]:
    """Return the metadata of each recorded day of an asset."""
    records = instance.fetch_materializations(dg.AssetKey(asset), limit=100).records
    return {
        record.partition_key: {
            name: value.value for name, value in record.asset_materialization.metadata.items()
        }
        for record in records
    }


def test_each_day_of_a_run_has_its_own_figures(home: Home) -> None:
    """Three days in one run give the tables of three runs, and each day has its own metadata."""
    with dg.DagsterInstance.ephemeral() as instance:
        result = home.materialize(FIRST, last=LAST, instance=instance)
        metadata = {asset: recorded(instance, asset) for asset in TABLE_ASSETS}

    assert result.success
    for days in metadata.values():
        assert sorted(days) == [FIRST.key, BAD.key, LAST.key]
    for day in (FIRST, BAD, LAST):
        assert metadata["proxy_results"][day.key]["source"] == str(home.results(day))
    made = home.parts(BAD)
    assert home.materialize(BAD).success
    assert home.parts(BAD) == made
    counts = {values["requests"] for values in metadata["ingest_summary"].values()}
    assert len(counts) > 1


def test_good_days_reach_every_asset_and_the_end_names_the_bad_one(home: Home) -> None:
    """A day without results costs the others nothing, and nothing is made of what an earlier run left."""
    assert home.materialize(BAD).success
    left = home.parts(BAD)
    home.results(BAD).unlink()

    with dg.DagsterInstance.ephemeral() as instance:
        result = home.materialize(FIRST, last=LAST, instance=instance)
        done = {asset: recorded(instance, asset) for asset in TABLE_ASSETS}

    assert not result.success
    for asset, days in done.items():
        bad = [BAD.key] if asset == "ingest_summary" else []
        assert sorted(days) == sorted([FIRST.key, *bad, LAST.key]), asset
    assert done["proxy_results"][FIRST.key]["dagster/partition_row_count"] == 500
    (failed,) = failures(result).items()
    assert failed[0] == "notebooks"
    summary, reason = failed[1].splitlines()
    assert summary == "1 of 3 days failed; the other 2 are done."
    assert reason.startswith(f"{BAD}: proxy_results: {home.results(BAD)} ")
    assert home.parts(BAD) == left


@pytest.mark.parametrize(
    ("bad", "summary"),
    [
        ((FIRST, BAD), "2 of 3 days failed; the other one is done."),
        ((FIRST, BAD, LAST), "All 3 days failed."),
    ],
)
def test_the_run_says_how_many_days_failed(home: Home, bad: tuple[Day, ...], summary: str) -> None:
    """Each bad day has its line; the last of the chosen assets fails, whichever it is."""
    for day in bad:
        home.results(day).unlink()

    result = home.materialize(FIRST, last=LAST, assets=["proxy_results", "scored_connections"])

    lines = failures(result)["scored_connections"].splitlines()
    assert lines[0] == summary
    assert [line[:10] for line in lines[1:]] == [day.key for day in bad]


def test_a_blocking_check_blocks_its_day_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be wrong after it isn't made for that day; the other days reach every asset."""
    replace = type(home.deployment.impala).replace_day_with_frame

    def loses_a_row(self, table, day, frame):
        return replace(self, table, day, frame.iloc[1:] if day == BAD else frame)

    monkeypatch.setattr(type(home.deployment.impala), "replace_day_with_frame", loses_a_row)

    with dg.DagsterInstance.ephemeral() as instance:
        result = home.materialize(FIRST, last=LAST, instance=instance)
        done = {asset: sorted(recorded(instance, asset)) for asset in TABLE_ASSETS}

    assert done["scored_connections"] == [FIRST.key, BAD.key, LAST.key]
    assert done["edge_details"] == done["notebooks"] == [FIRST.key, LAST.key]
    (failed,) = failures(result).items()
    assert failed[0] == "notebooks"
    assert f"{BAD}: scored_connections, " in failed[1]


def test_an_unexpected_error_costs_its_day_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error of one day is named like any other, and the days after it are made."""
    replace = type(home.deployment.impala).replace_day

    def fails_on_a_day(self, table, day, select):
        if day == BAD and table.name == "proxy_ingest_summary":
            raise ZeroDivisionError("unexpected")
        return replace(self, table, day, select)

    monkeypatch.setattr(type(home.deployment.impala), "replace_day", fails_on_a_day)

    result = home.materialize(FIRST, last=LAST, assets=["ingest_summary"])

    assert f"{BAD}: ingest_summary: ZeroDivisionError: unexpected" in failures(result)["ingest_summary"]
    assert home.made("proxy_ingest_summary", LAST)
    assert not home.made("proxy_ingest_summary", BAD)


def test_each_day_of_a_run_is_checked(home: Home) -> None:
    """Dagster evaluates a check once per run; the result of each day is recorded all the same."""
    home.results(BAD).write_bytes(b"no row\n" + home.results(BAD).read_bytes())

    result = home.materialize(FIRST, last=LAST)

    by_day = {
        found.partition: found
        for found in result.get_asset_check_evaluations()
        if found.check_name == "no_row_was_rejected"
    }
    assert {day: found.passed for day, found in by_day.items()} == {
        FIRST.key: True,
        BAD.key: False,
        LAST.key: True,
        None: False,
    }
    for day in (FIRST, BAD, LAST):
        target = by_day[day.key].target_materialization_data
        assert target
        assert target.run_id == result.run_id
    assert by_day[None].description.startswith(
        "2 of 3 days passed\n2016-09-13: lines that are no row of the day: 1"
    )
