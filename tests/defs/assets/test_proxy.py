"""The asset `proxy` where PROXY_OA_LOGS is set: days taken from the logs that can hold them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from support.home import Home, check_evaluations, failures, metadata
from support.squid_log import request, requests, write_log

from proxy_oa_assets.defs.assets.upstream_days import raw_day, recorded_versions
from proxy_oa_assets.model.day import Day

DAYS = [Day.parse(f"2026-01-{number}") for number in (14, 15, 16, 17)]
INGEST = ["proxy", "ingest_summary"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of the first day and the third, which goes past the second without a request."""
    return write_log(tmp_path / "logs" / "access.log", requests(DAYS[0]) + requests(DAYS[2]))


@pytest.fixture
def home(tmp_path: Path, log: Path) -> Home:
    return Home(tmp_path / "home", PROXY_OA_LOGS=f"{log}*")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def reports(instance: dg.DagsterInstance, asset: str, day: Day) -> int:
    of_day = dg.AssetRecordsFilter(dg.AssetKey(asset), asset_partitions=[day.key])
    return len(instance.fetch_materializations(of_day, limit=100).records)


def test_a_day_has_the_figures_of_its_requests(new_home: Callable[..., Home], log: Path) -> None:
    """Rows, rejects, logs, clients, hosts, a plot, first rows, and what the log can't show."""
    home = new_home(PROXY_OA_LOGS=str(log))
    write_log(log, [*requests(DAYS[0]), "<script>alert(1)</script>\n", *requests(DAYS[1])])
    result = home.materialize(DAYS[0], assets=INGEST)
    assert result.success, failures(result)
    shown = metadata(result, "proxy")
    assert {name: shown[name] for name in ("dagster/partition_row_count", "clients", "hosts", "files")} == {
        "dagster/partition_row_count": 30,
        "clients": 7,
        "hosts": 11,
        "files": 1,
    }
    assert shown["rejected_lines"] == 1
    assert shown["logs"] == str(log)
    assert str(shown["requests_per_hour"]).startswith(
        "![Requests per hour of 2026-01-14](data:image/svg+xml;"
    )
    assert len(shown["first_rows"].records) == 10
    gaps = [name.removeprefix("coverage/") for name in shown if name.startswith("coverage/")]
    assert gaps == ["useragent", "referer", "csbytes", "username", "webcat", "uriquery"]
    assert str(shown["coverage/useragent"]).startswith("useragent is empty: rare programs")
    assert metadata(result, "ingest_summary")["requests"] == 30


def test_nothing_of_a_log_is_lost_silently(home: Home, log: Path) -> None:
    """A rejected line, a log that can't be read and rows that are gone fail a check each, with words."""
    write_log(log, [*requests(DAYS[0]), "no request `<b>`\n"])
    write_log(log.with_name("access.log.txt"), ["Dear reader,\n", "`<b>` is no log.\n"])
    failed = {name: found for name, found in checks(home).items() if not found.passed}
    assert set(failed) == {"no_line_was_rejected", "every_log_can_be_read"}
    assert all(found.severity is dg.AssetCheckSeverity.WARN for found in failed.values())
    assert "proxy.rejected.tsv" in str(failed["no_line_was_rejected"].description)
    assert "access.log.txt" in str(failed["every_log_can_be_read"].description)


def checks(home: Home) -> dict[str, dg.AssetCheckEvaluation]:
    return check_evaluations(home.materialize(DAYS[0], assets=["proxy"]))


def test_a_day_without_requests_is_told_from_one_without_a_log(home: Home) -> None:
    """The log goes past the second day, which is empty; it ends before the fourth, which isn't made."""
    empty = home.materialize(DAYS[1], assets=["proxy"])
    assert empty.success
    assert metadata(empty, "proxy")["dagster/partition_row_count"] == 0
    assert "without one" in str(metadata(empty, "proxy")["coverage"])
    reason = failures(home.materialize(DAYS[3], assets=["proxy"]))["proxy"]
    assert reason.startswith("no log has 2026-01-17: ")
    assert "have 2026-01-14 to 2026-01-16" in reason
    assert "no raw request" in failures(home.materialize(DAYS[1], assets=INGEST))["ingest_summary"]


def test_a_bad_day_of_several_costs_itself_alone(home: Home, instance: dg.DagsterInstance) -> None:
    """The days that a log has are made and recorded, each with its own version."""
    result = home.materialize(DAYS[0], last=DAYS[3], assets=["proxy"], instance=instance)
    assert "1 of 4 days failed" in failures(result)["proxy"]
    made = instance.get_materialized_partitions(dg.AssetKey("proxy"))
    assert made == {day.key for day in DAYS[:3]}


def test_a_day_is_made_again_from_what_is_left(home: Home, log: Path, instance: dg.DagsterInstance) -> None:
    """The same log gives the same rows; a rotated one is kept when its file is gone, and a new one added."""
    for _ in range(2):
        result = home.materialize(DAYS[0], assets=["proxy"], instance=instance)
        assert metadata(result, "proxy")["dagster/partition_row_count"] == 30
    log.unlink()
    write_log(log, [request(DAYS[0], 20)])
    for _ in range(2):
        result = home.materialize(DAYS[0], assets=["proxy"], instance=instance)
        assert metadata(result, "proxy")["dagster/partition_row_count"] == 31
    log.unlink()
    result = home.materialize(DAYS[0], assets=["proxy"], instance=instance)
    assert metadata(result, "proxy")["dagster/partition_row_count"] == 31
    assert metadata(result, "proxy")["logs_that_are_gone"] == f"{log}, {log}"


def version(home: Home, day: Day) -> str | None:
    raw = raw_day(home.deployment.hdfs, home.deployment.workspace, day)
    return raw and raw.version


def test_a_day_that_is_made_here_is_not_reported_again(home: Home, instance: dg.DagsterInstance) -> None:
    """What follows reads the version that the run gave it, and so does the sensor of upstream days."""
    assert home.materialize(DAYS[0], assets=INGEST, instance=instance).success
    assert reports(instance, "proxy", DAYS[0]) == reports(instance, "proxy_logs", DAYS[0]) == 1
    # In a run of several days, too, each has its own.
    assert home.materialize(DAYS[1], last=DAYS[2], assets=["proxy"], instance=instance).success
    assert home.materialize(DAYS[2], assets=["ingest_summary"], instance=instance).success
    assert reports(instance, "proxy", DAYS[2]) == 1
    recorded = recorded_versions(instance, "proxy")
    assert recorded == {
        DAYS[0]: version(home, DAYS[0]),
        DAYS[1]: "empty",
        DAYS[2]: version(home, DAYS[2]),
    }


def test_requests_that_are_added_make_their_day_unsynced(
    home: Home, log: Path, instance: dg.DagsterInstance
) -> None:
    """Until it is taken again, and then what was made of it, in turn; other days stay in step."""
    for day in (DAYS[0], DAYS[2]):
        home.materialize(day, assets=INGEST, instance=instance)
    assert unsynced(home, instance) == set()
    with log.open("a", encoding="utf-8") as file:
        file.write(request(DAYS[2], 20))
    job = home.definitions.resolve_implicit_global_asset_job_def()
    job.execute_in_process(asset_selection=[dg.AssetKey("proxy_logs")], instance=instance)
    assert unsynced(home, instance) == {("proxy", DAYS[2])}
    home.materialize(DAYS[2], assets=["proxy"], instance=instance)
    assert unsynced(home, instance) == {("ingest_summary", DAYS[2])}
    home.materialize(DAYS[2], assets=["ingest_summary"], instance=instance)
    assert unsynced(home, instance) == set()


def unsynced(home: Home, instance: dg.DagsterInstance) -> set[tuple[str, Day]]:
    resolver = CachingStaleStatusResolver(
        instance, home.definitions.resolve_asset_graph(), LoadingContextForTest(instance)
    )
    return {
        (asset, day)
        for asset in INGEST
        for day in (DAYS[0], DAYS[2])
        if resolver.get_status(dg.AssetKey(asset), day.key) is StaleStatus.STALE
    }
