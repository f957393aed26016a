"""A column of the raw log that disappears stops the day before wrong rows are written."""

from collections.abc import Iterator

import dagster as dg
import pytest
from support.command import proxy_oa
from support.home import SAMPLE_DAY, Home, failures, metadata, rewrite

from proxy_oa_assets.model.tables import PROXY

NEXT = SAMPLE_DAY.plus(1)
MADE_OF_RAW = ["edge_details", "ingest_summary"]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def home(tmp_path) -> Home:
    home = Home(tmp_path / "home")
    for day in (SAMPLE_DAY, NEXT):
        home.write_sample(day, views=15)
    return home


def change_one_hour(home: Home, change) -> None:
    """Change a raw file of the next day, as an ingest job that was changed in the middle of it does."""
    rewrite(home.raw_files(NEXT)[-1], change)


def test_a_column_that_is_gone_stops_what_reads_it_and_writes_nothing(home: Home, instance) -> None:
    """Even of one hour: the day's message names column, folder and remedy, and tables stay as they were."""
    assert home.materialize(SAMPLE_DAY, instance=instance).success
    change_one_hour(home, lambda table: table.rename_columns({"fulluri": "uri"}))

    failed = failures(home.materialize(NEXT, instance=instance))

    assert set(failed) == set(MADE_OF_RAW)
    for reason in failed.values():
        assert f"{home.deployment.impala.location(PROXY, NEXT)}: not every file has fulluri" in reason
        assert "--accept-columns" in reason
    assert not home.made("proxy_edge", NEXT)
    assert not home.made("proxy_ingest_summary", NEXT)


def test_a_column_that_nothing_reads_stops_nothing(home: Home, instance) -> None:
    """Nor does one that is new, or of another type, whose values are looked at one by one."""
    assert home.materialize(SAMPLE_DAY, assets=["ingest_summary"], instance=instance).success
    change_one_hour(
        home, lambda table: table.drop_columns(["virusid"]).append_column("new", table["fulluri"])
    )
    assert home.materialize(NEXT, assets=["ingest_summary"], instance=instance).success


def test_a_column_that_was_never_there_is_null(home: Home, instance) -> None:
    """Other systems' files may lack columns: the first materialization of a site says which."""
    for day in (SAMPLE_DAY, NEXT):
        for file in home.raw_files(day):
            rewrite(file, lambda table: table.drop_columns(["host"]))
        assert home.materialize(day, assets=["ingest_summary"], instance=instance).success


def test_columns_that_are_accepted_once_stop_no_later_day(home: Home, instance) -> None:
    """`accept_columns` materializes a day, and the days after it are compared with that one."""
    assert home.materialize(SAMPLE_DAY, instance=instance).success
    for file in home.raw_files(NEXT):
        rewrite(file, lambda table: table.drop_columns(["webcat"]))
    assert set(failures(home.materialize(NEXT, instance=instance))) == {"edge_details"}

    job = home.definitions.resolve_job_def("proxy_day")
    accepted = job.execute_in_process(
        partition_key=NEXT.key,
        instance=instance,
        run_config={"ops": {"edge_details": {"config": {"accept_columns": True}}}},
    )
    assert accepted.success
    assert home.materialize(NEXT, instance=instance).success


def test_the_columns_are_shown_with_each_day(home: Home, instance) -> None:
    """So that the day from which a type is another one can be found."""
    result = home.materialize(SAMPLE_DAY, instance=instance)
    for asset in MADE_OF_RAW:
        types = {column.name: column.type for column in metadata(result, asset)["raw_columns"].columns}
        assert (types["fulluri"], types["csbytes"]) == ("STRING", "INT")


def test_the_command_accepts_columns_as_well(home: Home) -> None:
    """`proxy-oa run` stops at the day, and goes on with its option."""
    assert proxy_oa(home.path, "run", "--date", SAMPLE_DAY.key).returncode == 0
    change_one_hour(home, lambda table: table.drop_columns(["webcat"]))
    stopped = proxy_oa(home.path, "run", "--date", NEXT.key)
    assert stopped.returncode == 1
    assert "not every file has webcat" in stopped.stderr
    assert proxy_oa(home.path, "run", "--date", NEXT.key, "--accept-columns").returncode == 0
