import dagster as dg
import pytest
from support.analysts_day import AnalystsDay
from support.definitions import defs
from support.home import Home, failures

from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.model.day import Day

DAY = Day.parse("2016-09-12")


@pytest.fixture
def scored(home: Home) -> list[AnalystsDay]:
    """Two days on which a URI was scored."""
    days = [AnalystsDay(home, DAY), AnalystsDay(home, DAY.plus(1))]
    for day in days:
        day.write_scores({"fulluri": "a"})
        score(day.day, 1, "a", deployment=day.deployment)
    return days


def run(home: Home, instance: dg.DagsterInstance, config: dict[str, object]) -> dg.ExecuteInProcessResult:
    return home.definitions.resolve_job_def("reset_scored_connections").execute_in_process(
        partition_key=DAY.key,
        instance=instance,
        run_config={
            "ops": {"reset_day": {"config": config}},
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
        },
        raise_on_error=False,
    )


def test_a_confirmed_day_is_reset_and_no_other(home: Home, instance, scored: list[AnalystsDay]) -> None:
    """A config that repeats the partition's day resets that day."""
    assert run(home, instance, {"confirm": DAY.key}).success

    assert [day.severities() for day in scored] == [{}, {"a": 1}]
    assert [day.feedback_bytes() is None for day in scored] == [True, False]


@pytest.mark.parametrize("confirm", ["", "yes", "2016-09-13", "20160912"])
def test_another_confirmation_is_refused(
    home: Home, instance, scored: list[AnalystsDay], confirm: str
) -> None:
    """Nothing is removed; the failure says what to write, and isn't retried."""
    result = run(home, instance, {"confirm": confirm})

    (message,) = failures(result).values()
    assert message.startswith(f"confirm is {confirm!r}, but the partition is 2016-09-12: nothing was removed")
    assert message.endswith("confirm: '2016-09-12'")
    assert [day.severities() for day in scored] == [{"a": 1}, {"a": 1}]
    assert scored[0].feedback_bytes() is not None


def test_a_launch_without_a_confirmation_does_not_start(home: Home, instance) -> None:
    """Dagster itself names the missing entry."""
    with pytest.raises(dg.DagsterInvalidConfigError, match='Missing required config entry "confirm"'):
        run(home, instance, {})


def test_the_job_is_offered_by_day() -> None:
    """The web UI lists the job, which takes a partition."""
    job = defs.resolve_job_def("reset_scored_connections")
    assert job.partitions_def.get_partition_keys()[0] == "2015-01-01"
    assert "everything that analysts scored" in job.description
