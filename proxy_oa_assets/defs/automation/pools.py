"""How steps wait for a slot of a pool, where Dagster 1.13 leaves them waiting for ever, or a core busy.

A claim looks for a free slot first and enters its step among the waiting ones after. If the slots' last
holder ends between the two, no process assigns the free slot: the step waits until another one of its pool
ends, and the queue holds back runs that begin with the pool, because its waiting step counts.
"""

import time

import dagster as dg
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

# Between two questions of a waiting run, which may have other steps in hand.
_PAUSE_SECONDS = 0.05


def pool_waited_for(event: dg.DagsterEvent) -> str | None:
    """Return the pool that a run waits for, if the event says so."""
    if event.event_type is not dg.DagsterEventType.ENGINE_EVENT:
        return None
    pool = event.engine_event_data.metadata.get("pool")
    return str(pool.value) if pool else None


def free_slots_of_finished_runs(instance: dg.DagsterInstance) -> None:
    """Free the slots that finished and deleted runs hold or wait for.

    Dagster looks at waiting steps alone. A run that was cancelled while it claimed a slot has none.
    """
    slots = instance.event_log_storage
    pools = slots.get_concurrency_infos(list(slots.get_concurrency_keys())).values()
    holders = {slot.run_id for pool in pools for slot in pool.claimed_slots}
    for run_id in holders | slots.get_concurrency_run_ids():
        run = instance.get_run_by_id(run_id)
        if not run or run.is_finished:
            slots.free_concurrency_slots_for_run(run_id)


def assign_free_slots(instance: dg.DagsterInstance) -> None:
    """Assign each pool's free slots to the steps that wait for them."""
    slots = instance.event_log_storage
    # What keeps pools derives from it; its interface doesn't have the method.
    if not isinstance(slots, SqlEventLogStorage):
        return
    for pool in slots.get_concurrency_keys():
        info = slots.get_concurrency_info(pool)
        slots.assign_pending_steps([pool] * (info.slot_count - info.assigned_step_count))


def _claim_at_rest(context: InstanceConcurrencyContext, pool: str, step: str, step_priority: int = 0) -> bool:
    """Claim a slot; pause if there is none.

    Executors ask again at once: their pause between two claims is the smaller one of zero and the time left.
    """
    claimed = _claim(context, pool, step, step_priority)
    if not claimed:
        time.sleep(_PAUSE_SECONDS)
    return claimed


# Dagster has no setting for the pause, and its executors make the context themselves: a subclass would reach
# none of them. Without the pause, each waiting run keeps a core busy, also that of the slot's holder.
_claim = InstanceConcurrencyContext.claim
InstanceConcurrencyContext.claim = _claim_at_rest  # type: ignore[method-assign, assignment]
