"""Runs whose process has died: they are recorded as failed, and the slots of pools that they held are freed.

Dagster notices only processes that its code server started, and only while that server lives. So each run's
process holds a lock in the history, which the operating system releases however the process ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

# Dagster exports no names for the types of an executor's interface.
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode
from typing_extensions import override

from proxy_oa_assets.defs.automation.pools import (
    assign_free_slots,
    free_slots_of_finished_runs,
    pool_waited_for,
)
from proxy_oa_assets.model.file_lock import dead_holder, file_lock, holder_of


def _locks(instance: dg.DagsterInstance) -> Path:
    return Path(instance.root_directory) / "running"


@contextmanager
def running(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Mark a run as this process's; first, free what runs of dead processes hold.

    The mark stays after an error: the end of a run that the history couldn't record is recorded by the next
    run's process, as that of a dead one.
    """
    fail_dead_runs(instance)
    lock = _locks(instance) / run_id
    with file_lock(lock, f"executing run {run_id}", named_after_errors=True):
        try:
            yield
        except BaseException:
            # A full disk had no space for the name, without which the mark says nothing.
            if holder_of(lock) is None:
                lock.unlink(missing_ok=True)
            raise
        lock.unlink(missing_ok=True)


def process_of(instance: dg.DagsterInstance, run_id: str) -> str:
    """Return the process of a run, for people."""
    return str(holder_of(_locks(instance) / run_id) or f"run {run_id}")


def fail_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Record unfinished runs of dead processes as failed, and free the slots of finished runs.

    Return the ids of the failed runs. Free slots are assigned to the steps that wait for them.
    """
    failed = []
    for lock in _locks(instance).glob("*"):
        with dead_holder(lock) as holder:
            run = instance.get_run_by_id(lock.name) if holder else None
            if run and not run.is_finished:
                instance.report_run_failed(run, f"The run's process died: {holder}")
                failed.append(run.run_id)
            if holder:
                lock.unlink(missing_ok=True)
    free_slots_of_finished_runs(instance)
    assign_free_slots(instance)
    return failed


@dg.sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Marks runs whose process has died as failed; frees their pool slots for the steps that wait",
)
def dead_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Find runs of dead processes."""
    failed = fail_dead_runs(context.instance)
    return dg.SkipReason(f"The process died of: {', '.join(failed)}" if failed else "No run's process died")


class _MarkingExecutor(dg.Executor):
    """Executes a run as another executor does, marked as the run of this process."""

    def __init__(self, executor: dg.Executor) -> None:
        self._executor = executor

    @property
    @override
    def retries(self) -> RetryMode:
        return self._executor.retries

    @override
    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        with running(plan_context.instance, plan_context.run_id):
            for event in self._executor.execute(plan_context, execution_plan):
                yield event
                if pool_waited_for(event):
                    assign_free_slots(plan_context.instance)


def marking(definition: dg.ExecutorDefinition) -> dg.ExecutorDefinition:
    """Return an executor that marks each run as the run of its process."""

    def create(context: dg.InitExecutorContext) -> dg.Executor:
        if definition.executor_creation_fn is None:
            raise TypeError(f"the executor {definition.name} creates nothing")
        return _MarkingExecutor(definition.executor_creation_fn(context))

    return dg.ExecutorDefinition(
        name=definition.name,
        config_schema=definition.config_schema.as_field(),
        requirements=definition.get_requirements,
        executor_creation_fn=create,
        description=definition.description,
    )
