"""Days that a run of several days leaves out: the later assets of the run skip them, and its end names them.

Dagster starts nothing after a failed step. So a step that can't make one day succeeds for the others and
records why it left that day out. The run's last assets fail, naming each such day.
"""

from collections.abc import Iterable

import dagster as dg

# Dagster exports no name for it. A result with this metadata records no materialization by itself, which
# would be one of every day of the run.
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION

from proxy_oa_assets.model.day import Day

_Context = dg.AssetExecutionContext | dg.AssetCheckExecutionContext
_LEFT_OUT = "left_out"
NO_MATERIALIZATION = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: dg.MetadataValue.bool(True)}


def leave_out(context: _Context, asset: dg.AssetKey, day: Day, reason: str) -> None:
    """Record why a run leaves out a day of an asset; the asset's later ones skip it."""
    metadata = {_LEFT_OUT: dg.MetadataValue.text(reason)}
    context.op_execution_context.log_event(dg.AssetObservation(asset, partition=day.key, metadata=metadata))


def left_out(context: _Context, assets: Iterable[dg.AssetKey]) -> dict[Day, str]:
    """Return the days that the run left out of any of the assets, each with its first cause.

    A re-execution of some steps reads the others' days in the run that executed them.
    """
    found: dict[Day, str] = {}
    op = context.op_execution_context
    run: dg.DagsterRun | None = op.run
    unread = {key.to_user_string(): key for key in assets}
    while run and unread:
        steps = run.step_keys_to_execute
        executed = {name: key for name, key in unread.items() if steps is None or name in steps}
        entries = op.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION)
        for entry in entries if executed else ():
            seen = entry.get_dagster_event().asset_observation_data.asset_observation
            if seen.asset_key in executed.values() and seen.partition and _LEFT_OUT in seen.metadata:
                found.setdefault(Day.parse(seen.partition), str(seen.metadata[_LEFT_OUT].value))
        unread = {name: key for name, key in unread.items() if name not in executed}
        run = op.instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
    return found


def is_last(context: _Context, asset: dg.AssetKey) -> bool:
    """Return whether no later asset is in the run."""
    layer = context.op_execution_context.job_def.asset_layer
    return not any(asset in layer.get(key).parent_keys for key in layer.executable_asset_keys)
