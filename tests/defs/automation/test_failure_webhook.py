import time

import dagster as dg
import pytest
from support.definitions import external as defs
from support.home import SAMPLE_DAY, Home
from support.receiver import SECRET

from proxy_oa_assets.defs.automation.failure_webhook import failure_sensors
from proxy_oa_assets.defs.automation.jobs import PROXY_DAY
from proxy_oa_assets.settings import load_settings

ASSETS = ["proxy_results", "scored_connections", "ingest_summary", "edge_details", "notebooks"]
HOSTILE = "\u202egnp.exe <!channel> <https://evil.example|here> `rm`\x1b[31m @all"


def sensor_for(url, **variables):
    sensor, _ = failure_sensors(load_settings(**{"PROXY_OA_FAILURE_WEBHOOK": url, **variables}))
    return sensor


@pytest.fixture
def home(tmp_path) -> Home:
    """A site that another system ranks, so a day without results fails."""
    return Home(tmp_path / "home", PROXY_OA_RANKING="external")


def recovery_sensor_for(url):
    _, sensor = failure_sensors(load_settings(PROXY_OA_FAILURE_WEBHOOK=url))
    return sensor


class Watch:
    """The sensor evaluated as Dagster's daemon does it: the first tick notes where history ends."""

    def __init__(self, sensor, instance):
        self.sensor, self.instance, self.cursor = sensor, instance, None
        self.tick()

    def tick(self):
        """Evaluate the sensor once."""
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=defs.get_repository_def(),
        ) as context:
            found = self.sensor.evaluate_tick(context)
        self.cursor = found.cursor
        return found


def run_day(home, instance, day=SAMPLE_DAY):
    return defs.resolve_job_def(PROXY_DAY).execute_in_process(
        partition_key=day.key,
        instance=instance,
        resources=home.deployment.resources(),
        raise_on_error=False,
    )


def materialize(home, instance, assets, **days):
    """Materialize assets as the web UI does, without a job of ours."""
    job = home.definitions.resolve_implicit_global_asset_job_def()
    return job.get_subset(asset_selection={dg.AssetKey(asset) for asset in assets}).execute_in_process(
        instance=instance, resources=home.deployment.resources(), raise_on_error=False, **days
    )


def failing(reason):
    @dg.op
    def step():
        raise reason

    @dg.job
    def some_job():
        step()

    return some_job


def test_a_failed_day_is_reported_with_its_reason(home, instance, receiver):
    """The post names job, day, step and reason: in `text` for people, in fields for programs."""
    home.write_sample()
    home.results(SAMPLE_DAY).unlink()
    watch = Watch(sensor_for(receiver.url, PROXY_OA_UI_URL="https://oa.example/dagster/"), instance)
    run = run_day(home, instance)
    assert not watch.tick().dagster_run_reactions[0].error
    (body,) = receiver.bodies
    assert receiver.paths == [f"/services/{SECRET}"]
    reason = body["failures"]["proxy_results"]
    assert home.deployment.workspace.results(SAMPLE_DAY) in reason
    assert "Run the ranking job" in reason
    assert body == {
        "text": f"proxy_day failed for 2016-09-12 at proxy_results: `{reason}`\n{body['url']}",
        "run_id": run.run_id,
        "job": "proxy_day",
        "assets": ASSETS,
        "days": ["2016-09-12"],
        "failed_days": ["2016-09-12"],
        "failures": {"proxy_results": reason},
        "url": f"https://oa.example/dagster/runs/{run.run_id}",
    }
    assert "Traceback" not in body["text"]


def test_only_failures_are_reported_each_once(home, instance, receiver):
    """A run that succeeds says nothing, and a failure isn't reported at every tick."""
    home.write_sample()
    watch = Watch(sensor_for(receiver.url), instance)
    assert run_day(home, instance).success
    assert not run_day(home, instance, SAMPLE_DAY.plus(1)).success
    for _ in range(3):
        watch.tick()
    (body,) = receiver.bodies
    assert body["days"] == ["2016-09-13"]
    assert "url" not in body


def test_every_step_that_failed_is_named_the_first_cause_first(home, instance, receiver):
    """The text has the reason of the step that keeps most others from starting; `failures` has each."""
    watch = Watch(sensor_for(receiver.url), instance)
    run_day(home, instance)
    watch.tick()
    (body,) = receiver.bodies
    assert list(body["failures"]) == ["proxy_results", "ingest_summary"]
    reason = body["failures"]["proxy_results"]
    assert body["text"] == (
        f"proxy_day failed for 2016-09-12 at proxy_results: `{reason}` (also failed: ingest_summary)"
    )


def test_a_run_of_several_days_is_reported_with_all_of_them(home, instance, receiver):
    """A backfill that puts days into one run names the range; `days` has each."""
    watch = Watch(sensor_for(receiver.url), instance)
    tags = {
        "dagster/asset_partition_range_start": "2016-09-29",
        "dagster/asset_partition_range_end": "2016-10-01",
    }
    assert not materialize(home, instance, ["proxy_results"], tags=tags).success
    watch.tick()
    (body,) = receiver.bodies
    assert body["days"] == ["2016-09-29", "2016-09-30", "2016-10-01"]
    assert " failed for 2016-09-29 to 2016-10-01 (3 days) at proxy_results: " in body["text"]
    assert body["job"] is None
    assert "__" not in str(body)


def test_a_run_of_several_days_names_the_bad_ones(instance, receiver):
    """The step's failure says which days failed; the others are done and aren't reported as failed."""
    watch = Watch(sensor_for(receiver.url), instance)
    days = {
        "dagster/asset_partition_range_start": "2016-09-01",
        "dagster/asset_partition_range_end": "2016-09-14",
    }
    bad = dg.Failure("2 of 14 days failed", metadata={"failed_days": "2016-09-03, 2016-09-05"})
    failing(bad).execute_in_process(instance=instance, raise_on_error=False, tags=days)
    watch.tick()
    (body,) = receiver.bodies
    assert body["failed_days"] == ["2016-09-03", "2016-09-05"]
    assert len(body["days"]) == 14
    assert body["text"].startswith("some_job failed for 2016-09-03, 2016-09-05 (2 of 14 days) at step: ")


def test_assets_materialized_without_a_job_are_reported_by_their_names(home, instance, receiver):
    """From the graph of assets or a backfill, Dagster's name for the job means nothing to a reader."""
    watch = Watch(sensor_for(receiver.url), instance)
    assert not materialize(home, instance, ASSETS, partition_key=SAMPLE_DAY.key).success
    watch.tick()
    (body,) = receiver.bodies
    assert (body["job"], body["assets"], body["days"]) == (None, ASSETS, [SAMPLE_DAY.key])
    subject, _, rest = body["text"].partition(" failed for ")
    assert subject == "proxy_results, scored_connections, ingest_summary and 2 more"
    assert rest.startswith("2016-09-12 at proxy_results: ")


def test_a_run_whose_process_died_says_so(instance, receiver):
    """Run monitoring's own words name a status; the report says what happened, and at which step."""
    watch = Watch(sensor_for(receiver.url), instance)
    run = instance.create_run_for_job(
        defs.resolve_job_def(PROXY_DAY), tags={"dagster/partition": "2016-09-12"}
    )
    instance.handle_new_event(started(run, "scored_connections"))
    instance.report_run_failed(
        run, f"Detected run worker status (WorkerStatus.NOT_FOUND, None). Marking run {run.run_id} as failed."
    )
    watch.tick()
    (body,) = receiver.bodies
    assert body["text"] == (
        "proxy_day failed for 2016-09-12: `the run's process died at scored_connections: "
        "the machine restarted, its memory ran out, or it was killed`"
    )


def started(run, step):
    """Return the log entry of a step that has started."""
    event = dg.DagsterEvent(
        dg.DagsterEventType.STEP_START.value, run.job_name, step_key=step, message=f"Started {step}"
    )
    return dg.EventLogEntry(
        error_info=None,
        level=20,
        user_message="",
        run_id=run.run_id,
        timestamp=time.time(),
        step_key=step,
        job_name=run.job_name,
        dagster_event=event,
    )


REFUSED = {
    "reset_scored_connections": {
        "partition_key": "2016-09-12",
        "run_config": {"ops": {"reset_day": {"config": {"confirm": "2016-09-13"}}}},
    },
    "recheck_days": {"run_config": {"ops": {"recheck": {"config": {"first_day": "yesterday"}}}}},
}


@pytest.mark.parametrize("job", REFUSED)
def test_a_run_refused_for_its_config_pages_nobody(home, instance, receiver, job):
    """It did nothing, and its launcher is looking at it."""
    watch = Watch(sensor_for(receiver.url), instance)
    result = home.definitions.resolve_job_def(job).execute_in_process(
        instance=instance, resources=home.deployment.resources(), raise_on_error=False, **REFUSED[job]
    )
    assert not result.success
    watch.tick()
    assert receiver.bodies == []


def test_a_recovery_is_reported_once(home, instance, receiver):
    """One message when a day that had failed is done; none for a day that never failed, or is done again."""
    home.write_sample()
    results, other = home.results(SAMPLE_DAY), home.write_sample(SAMPLE_DAY.plus(1))
    hidden = results.rename(results.with_suffix(".hidden"))
    assert not run_day(home, instance).success
    hidden.rename(results)
    watch = Watch(recovery_sensor_for(receiver.url), instance)
    for day in (SAMPLE_DAY, other, SAMPLE_DAY):
        assert run_day(home, instance, day).success
        watch.tick()
    (body,) = receiver.bodies
    # The summary is made of raw requests alone, and was done in the failed run.
    assets = ["proxy_results", "scored_connections", "edge_details", "notebooks"]
    assert (body["days"], body["assets"], body["job"]) == (["2016-09-12"], assets, "proxy_day")
    assert body["text"] == (
        "2016-09-12 is done after a failure: proxy_results, scored_connections, edge_details and 1 more"
    )


def test_an_unexpected_error_is_reported_by_class_and_message(instance, receiver):
    """The exception itself is named, not the one that Dagster wraps around it."""
    watch = Watch(sensor_for(receiver.url), instance)
    failing(ZeroDivisionError("nothing to share")).execute_in_process(instance=instance, raise_on_error=False)
    watch.tick()
    (body,) = receiver.bodies
    assert body["failures"] == {"step": "ZeroDivisionError: nothing to share"}
    assert body["text"] == "some_job failed at step: `ZeroDivisionError: nothing to share`"
    assert body["days"] == []


def test_a_run_that_dies_outside_its_steps_is_reported(instance, receiver):
    """Where no step has failed, the run's own failure message is the reason."""
    watch = Watch(sensor_for(receiver.url), instance)
    run = instance.create_run_for_job(failing(ValueError()))
    instance.report_run_failed(run, "The run worker was killed")
    watch.tick()
    (body,) = receiver.bodies
    assert body["failures"] == {}
    assert body["text"] == "some_job failed: `The run worker was killed`"


def test_hostile_text_in_a_reason_is_inert(instance, receiver):
    """Text of the data can't ping a channel, show a link, end its code span, or control a terminal."""
    watch = Watch(sensor_for(receiver.url), instance)
    failing(dg.Failure(HOSTILE + "x" * 10_000)).execute_in_process(instance=instance, raise_on_error=False)
    watch.tick()
    (body,) = receiver.bodies
    text = body["text"]
    assert text.isprintable()
    assert text.count("`") == 2
    assert not set("<>") & set(text)
    assert "\\u202egnp.exe" in text
    assert len(text) < 600
    assert len(body["failures"]["step"]) < 2100


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize(("answer", "tries"), [(500, 3), (404, 1), (302, 1), (307, 1)])
def test_a_refusal_fails_the_tick_without_the_address(instance, receiver, written, answer, tries):
    """The tick names the setting and the status; the address is in no error, log line or metadata."""
    receiver.answers = [answer] * 9
    watch = Watch(sensor_for(receiver.url), instance)
    failing(ValueError()).execute_in_process(instance=instance, raise_on_error=False)
    (reaction,) = watch.tick().dagster_run_reactions
    assert len(receiver.bodies) == tries
    assert set(receiver.paths) == {f"/services/{SECRET}"}
    assert "PROXY_OA_FAILURE_WEBHOOK" in reaction.error.message
    assert f"it answered {answer}" in reaction.error.message
    assert reaction.error.cause is None
    assert reaction.error.context is None
    assert SECRET not in repr(reaction)
    assert not written(SECRET)


def test_without_the_setting_there_is_no_sensor():
    """The sensor exists, and is on, only where a webhook is configured."""
    assert failure_sensors(load_settings()) == []
    sensor = sensor_for("https://hooks.example/secret")
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING
    assert "hooks.example" not in repr(vars(sensor))
    definitions = dg.Definitions(sensors=[sensor])
    dg.Definitions.validate_loadable(definitions)
