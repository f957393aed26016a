"""Dagster's history, the one folder that the command line and the web UI share, and runs recorded in it."""

import shlex
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
import dagster as dg
import sqlalchemy.exc
from dagster_shared.error import SerializableErrorInfo
from sqlalchemy.exc import DBAPIError

from proxy_oa_assets.cli.history_storage import open_instance
from proxy_oa_assets.cli.run_process import interruptible, wait_of
from proxy_oa_assets.defs.assets.daily import Daily
from proxy_oa_assets.defs.assets.ml_results import STATEMENT, VOICES
from proxy_oa_assets.defs.assets.upstream_days import ingested_day, raw_day
from proxy_oa_assets.defs.automation.jobs import PROXY_DAY
from proxy_oa_assets.ingest.record import DayRecord
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import HistoryError, StorageError, UntrustedFileError, refusal
from proxy_oa_assets.model.file_lock import file_lock
from proxy_oa_assets.model.files import bundled, remove_abandoned
from proxy_oa_assets.model.text import printable, printable_lines
from proxy_oa_assets.model.trusted_file import read_trusted, write_trusted
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.settings import Settings, trusted_users

# Assets that fail where a column of the raw log is gone.
_FROM_RAW = ("edge_details", "ingest_summary", "ml_results", "proxy_history")


@dataclass
class DayRun:
    """The result of a day: rows and seconds by asset, and why assets or checks failed.

    `statement` says what stands out of a day that was ranked here, `notes` what its second voices say.
    """

    day: Day
    succeeded: bool
    rows: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    failed_checks: dict[str, str] = field(default_factory=dict)
    statement: str = ""
    notes: list[str] = field(default_factory=list)


def prepare_history(settings: Settings) -> Path:
    """Return the folder of Dagster's history, with our `dagster.yaml` where it has none.

    Raises HistoryError for the `dagster.yaml` of another user who isn't trusted.
    """
    folder = settings.dagster_home
    folder.parent.mkdir(parents=True, exist_ok=True)
    # The owner's alone with any umask: runs record errors, logs and paths. A folder that is there keeps
    # its mode.
    folder.mkdir(mode=0o700, exist_ok=True)
    configuration = folder / "dagster.yaml"
    if not configuration.exists():
        remove_abandoned(folder)
        write_trusted(configuration, bundled("deploy/dagster.yaml").read_bytes())
    try:
        # It names classes that Dagster loads.
        read_trusted(configuration, trusted_users())
    except UntrustedFileError as error:
        raise HistoryError(str(error)) from error
    return folder


def dagster_variables(settings: Settings) -> str:
    """Return the shell command after which Dagster's own commands work in this home and its history."""
    home, history = (shlex.quote(str(path)) for path in (settings.home, settings.dagster_home))
    return f"export PROXY_OA_HOME={home} DAGSTER_HOME={history}"


@contextmanager
def open_history(settings: Settings) -> Iterator[dg.DagsterInstance]:
    """Open the history that the web UI shows, while the block lasts.

    Raises HistoryError naming its `dagster.yaml` if it can't be opened, or its folder if its database or disk
    fails later.
    """
    with _opened(settings) as instance:
        try:
            yield instance
        except DBAPIError as error:
            raise HistoryError.failing(settings.dagster_home, error.orig) from error


def _opened(settings: Settings) -> dg.DagsterInstance:
    with ExitStack() as opening:
        try:
            folder = prepare_history(settings)
            # Of two processes that open a new history at once, both create its tables, and one fails.
            opening.enter_context(file_lock(folder / ".opening.lock", "opening Dagster's history"))
        except (OSError, StorageError) as error:
            reason = refusal(error) if isinstance(error, OSError) else str(error)
            raise HistoryError(f"Dagster's history can't be opened: {reason}") from error
        try:
            return open_instance(str(folder))
        except Exception as error:
            # `dagster.yaml` names the storage's class, of any package: errors of SQLAlchemy, a database's
            # driver, YAML and the system have no other class in common.
            reason = printable(" ".join(str(error.__cause__ or error).split()), 300)
            raise HistoryError(
                f"Dagster's history can't be opened as {folder / 'dagster.yaml'} says ({reason}); "
                f"correct its storage, start the database, or free space in its folder"
            ) from error


def report_story(settings: Settings, day: Day, path: Path) -> None:
    """Record the path of the day's story with the asset `notebooks`, for the web UI. Raises HistoryError."""
    story = {"story": dg.MetadataValue.path(path)}
    with open_history(settings) as instance:
        instance.report_runless_asset_event(
            dg.AssetObservation("notebooks", partition=day.key, metadata=story)
        )


def report_ingest(settings: Settings, configured: Deployment, days: Iterable[Day]) -> None:
    """Record what days of `proxy` have now, and the logs of which they were made. Raises HistoryError.

    The logs that PROXY_OA_LOGS names are reported by their sensor, and by the runs that take them.
    """
    keys = set(Daily.of(settings).partitions.get_partition_keys())
    with open_history(settings) as instance:
        for day in days:
            raw = raw_day(configured.hdfs, configured.workspace, day)
            logs = ingested_day(day, DayRecord.of(configured.impala, day)) if not settings.logs else None
            for found in (logs, raw):
                for event in found.events() if found and day.key in keys else ():
                    instance.report_runless_asset_event(event)


def assets_of_a_day(defs: dg.Definitions) -> list[str]:
    """Return the names of a day's assets."""
    return [key.to_user_string() for key in defs.resolve_job_def(PROXY_DAY).asset_layer.executable_asset_keys]


def materialize_day(
    defs: dg.Definitions,
    day: Day,
    limit: int,
    instance: dg.DagsterInstance,
    *,
    on_event: Callable[[dg.DagsterEvent], None] | None = None,
    accept_columns: bool = False,
    verbose: bool = False,
) -> DayRun:
    """Materialize every asset of a day and record it in Dagster's history.

    Standard error says what the run waits for. Raises SystemExit if a signal ends it.
    """
    columns = {"config": {"accept_columns": accept_columns}}
    from_raw = [name for name in assets_of_a_day(defs) if name in _FROM_RAW]
    run_id = str(uuid.uuid4())

    def listen(entry: dg.EventLogEntry) -> None:
        if on_event and entry.dagster_event:
            on_event(entry.dagster_event)
        if wait := wait_of(instance, entry):
            click.echo(f"{day}  {printable_lines(wait)}", err=True)

    instance.add_event_listener(run_id, listen)
    with interruptible(instance, run_id):
        result = defs.resolve_job_def(PROXY_DAY).execute_in_process(
            partition_key=day.key,
            instance=instance,
            run_id=run_id,
            run_config={
                "ops": {
                    "proxy_results": {"config": {"limit": limit}},
                    **dict.fromkeys(from_raw, columns),
                },
                "loggers": {"console": {"config": {"log_level": "INFO" if verbose else "CRITICAL"}}},
            },
            raise_on_error=False,
        )
    run, assets = DayRun(day, result.success), set(assets_of_a_day(defs))
    for event in result.all_events:
        _record(run, event, assets, instance.root_directory)
    return run


def _record(run: DayRun, event: dg.DagsterEvent, assets: set[str], history: str) -> None:
    name = event.step_key or ""
    if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
        found = event.asset_check_evaluation_data
        if not found.passed:
            run.failed_checks[found.check_name] = found.description or ""
    elif event.is_step_materialization:
        metadata = event.step_materialization_data.materialization.metadata
        if STATEMENT in metadata:
            run.statement = str(metadata[STATEMENT].value)
        if VOICES in metadata:
            run.notes = str(metadata[VOICES].value).splitlines()
        if "dagster/partition_row_count" in metadata:
            run.rows[name] = int(str(metadata["dagster/partition_row_count"].value))
    elif event.is_step_success and name in assets:
        run.seconds[name] = event.step_success_data.duration_ms / 1000
    elif event.is_step_failure:
        data = event.step_failure_data
        user = data.user_failure_data
        run.failures[name] = (user and user.description) or _defect(data.error, history)


def _defect(error: SerializableErrorInfo | None, history: str) -> str:
    """Return why a step failed outside of its function, where Dagster writes its history."""
    cause = error
    while cause:
        name = cause.cls_name or ""
        # Errors of DuckDB, impyla and SQLite have the same names.
        is_of_history = cause.message.startswith(f"sqlalchemy.exc.{name}: ")
        if is_of_history and issubclass(getattr(sqlalchemy.exc, name, object), DBAPIError):
            reason = (cause.cause or cause).message.strip()
            return str(HistoryError.failing(history, reason))
        cause = cause.cause
    return error.to_string() if error else "failed"
