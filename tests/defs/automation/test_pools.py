import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from proxy_oa_assets.defs.automation.dead_runs import fail_dead_runs, marking

POOL = "narrow"


@dg.asset(pool=POOL)
def waiting() -> None:
    """A step that needs a slot."""


def job() -> dg.JobDefinition:
    """The step, executed as those of the shipped definitions."""
    return dg.Definitions(
        assets=[waiting], jobs=[dg.define_asset_job("job")], executor=marking(dg.in_process_executor)
    ).resolve_job_def("job")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A history with a pool of one slot."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        instance.event_log_storage.set_concurrency_slots(POOL, 1)
        yield instance


@pytest.fixture
def free(instance: dg.DagsterInstance) -> Callable[[], None]:
    """Give the slot to another run's step; return what ends that step."""
    holder = (instance.create_run_for_job(job()).run_id, "holding")
    assert instance.event_log_storage.claim_concurrency_slot(POOL, *holder).is_claimed
    return partial(instance.event_log_storage.free_concurrency_slot_for_step, *holder)


def test_a_step_whose_holder_ends_while_it_queues_gets_the_slot(
    instance: dg.DagsterInstance, free: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster has looked for a free slot by then, and would let the step wait for ever."""
    slots, ended = instance.event_log_storage, threading.Event()
    enter = slots.add_pending_step

    def enter_late(*arguments: object, **options: object) -> None:
        free()
        enter(*arguments, **options)

    def execute() -> None:
        if dg.execute_job(dg.reconstructable(job), instance=instance).success:
            ended.set()

    monkeypatch.setattr(slots, "add_pending_step", enter_late)
    threading.Thread(target=execute, daemon=True).start()

    assert ended.wait(30)


def test_the_next_look_at_dead_runs_assigns_a_free_slot(instance: dg.DagsterInstance) -> None:
    """A process that was killed when it had freed its slot, and not yet assigned it, can't."""
    slots = instance.event_log_storage
    slots.add_pending_step(POOL, instance.create_run_for_job(job()).run_id, "waiting")

    fail_dead_runs(instance)

    (step,) = slots.get_concurrency_info(POOL).pending_steps
    assert step.assigned_timestamp


def test_a_slot_of_a_run_that_was_cancelled_while_it_claimed_it_is_freed(
    instance: dg.DagsterInstance,
) -> None:
    """Its slot has no entry among the steps of runs any more, by which Dagster finds what to free."""
    slots, cancelled = instance.event_log_storage, instance.create_run_for_job(job())
    assert slots.claim_concurrency_slot(POOL, cancelled.run_id, "waiting").is_claimed
    slots._remove_pending_steps(cancelled.run_id)
    instance.report_run_canceled(cancelled)

    fail_dead_runs(instance)

    assert slots.get_concurrency_info(POOL).claimed_slots == []
    assert slots.claim_concurrency_slot(POOL, "next", "waiting").is_claimed


def test_a_run_that_waits_for_a_slot_rests(instance: dg.DagsterInstance, free: Callable[[], None]) -> None:
    """It leaves the processor to the run that has the slot."""
    threading.Timer(4, free).start()
    began, busy = time.monotonic(), time.process_time()

    assert dg.execute_job(dg.reconstructable(job), instance=instance).success

    assert time.monotonic() - began >= 4
    assert time.process_time() - busy < 2.5
