"""The asset `proxy`, where PROXY_OA_LOGS is set: a day's raw requests, taken from the proxies' own logs."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg

from proxy_oa_assets.defs.assets.daily import WAITING, WAREHOUSE_POOL, Daily, DayMetadata, day_by_day
from proxy_oa_assets.defs.assets.metadata import preview, table_metadata
from proxy_oa_assets.defs.assets.upstream_days import LOGS, logged_day, raw_day, report_read
from proxy_oa_assets.ingest.coverage import RawFigures, coverage
from proxy_oa_assets.investigation.story.plots import data_address, hours_svg
from proxy_oa_assets.model.day import Day, spans
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.tables import PROXY, records
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.reputation import ReputationResource
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.sql import raw_figures

if TYPE_CHECKING:
    from proxy_oa_assets.ingest.ingesting import DayIngest
    from proxy_oa_assets.ingest.log_files import DayLogs, LogFiles
    from proxy_oa_assets.ingest.open_log import OnProgress
    from proxy_oa_assets.ingest.reading import Progress

# The state of the logs that a materialization read; the sensor new_logs looks for it.
LOGS_VERSION = "logs_version"
_NAMED = 20  # logs in metadata
_HOURS = 24
_REPORT_SECONDS = 30


def proxy_asset(daily: Daily) -> dg.AssetsDefinition:
    """Return the asset `proxy`."""

    @daily.asset(
        deps=[LOGS],
        kinds=daily.table_kinds,
        code_version="1",
        pool=WAREHOUSE_POOL,
        metadata=table_metadata(PROXY),
    )
    def proxy(
        context: dg.AssetExecutionContext,
        hdfs: FileStore,
        impala: Warehouse,
        reputation: ReputationResource,
        workspace: Workspace,
    ) -> dg.MaterializeResult:
        """The day's raw proxy requests, hour by hour, taken from the logs that can hold them."""
        # Loads DuckDB and pyarrow.
        from proxy_oa_assets.ingest.ingesting import ingest_day
        from proxy_oa_assets.ingest.log_files import LogFiles

        deployment = Deployment(hdfs=hdfs, impala=impala, reputation=reputation, workspace=workspace)
        files = LogFiles.of(workspace)

        def materialize(day: Day) -> DayMetadata:
            found = files.for_day(day)
            for problem in found.unread.values():
                context.log.warning("Left out: %s", printable(problem))
            # Noted before the logs are read: what is added in between then counts as new.
            logs = found.of(day)
            taken = ingest_day(
                day,
                list(logs.states),
                deployment=deployment,
                log_format=files.format,
                on_progress=_reporting(context),
                on_wait=lambda holder: context.log.info("%s another ingest of %s: %s", WAITING, day, holder),
            )
            for warning in taken.warnings:
                context.log.warning(warning)
            figures = day_figures(impala, day)
            if not figures[0].rows and not logs.spanned:
                raise IngestError(_no_log(day, files))
            if logs.states:
                report_read(context, logged_day(logs))
            rows = impala.query(raw_figures.first_rows(day, 10))
            return {
                "dagster/partition_row_count": figures[0].rows,
                **_taken(taken, logs, found.unread.values()),
                **_figures(day, *figures),
                "first_rows": preview(rows, raw_figures.PREVIEWED_COLUMNS),
                "rows_with_a_value": _filled(figures[0]),
            }

        def version(day: Day) -> str:
            raw = raw_day(hdfs, workspace, day)
            return raw.version if raw else "empty"

        return day_by_day(context, hdfs, workspace, materialize, data_version=version)

    return proxy


def _reporting(context: dg.AssetExecutionContext) -> "OnProgress":
    """Return a function that logs what has been read of a log, twice a minute."""
    said = time.monotonic()

    def report(progress: "Progress") -> None:
        nonlocal said
        if time.monotonic() - said >= _REPORT_SECONDS:
            said = time.monotonic()
            context.log.info("Read %s lines so far, %s rejected", progress.lines, progress.rejected)

    return report


def day_figures(impala: Warehouse, day: Day) -> tuple[RawFigures, list[int]]:
    """Return what the day's raw rows have, and how many rows each of its 24 hours has."""
    hours = impala.query(raw_figures.figures_by_hour(day))
    per_hour = [0] * _HOURS
    for hour, total in records(hours[["hh", "total"]]):
        if hour is not None:
            per_hour[int(str(hour))] += int(str(total))

    def distinct(column: str) -> int:
        ((total,),) = records(impala.query(raw_figures.distinct_values(day, column)))
        return int(str(total))

    figures = RawFigures(
        rows=int(hours["total"].sum()),
        clients=distinct("clientip"),
        hosts=distinct("host"),
        connects=int(hours["connects"].sum()),
        own=int(hours["own"].sum()),
        filled={name: int(hours[f"filled_{name}"].sum()) for name in raw_figures.FIGURED_COLUMNS},
    )
    return figures, per_hour


def _figures(day: Day, figures: RawFigures, per_hour: list[int]) -> DayMetadata:
    """Return the metadata of a day's rows; what they can't show has an entry each, which the web UI shows."""
    plot = data_address(hours_svg(per_hour, day.key))
    gaps = coverage(figures) or {
        "": "every column that matters has values"
        if figures.rows
        else "no request: the logs go past this day without one"
    }
    return {
        "clients": figures.clients,
        "hosts": figures.hosts,
        **{f"coverage/{gap}".rstrip("/"): dg.MetadataValue.text(text) for gap, text in gaps.items()},
        "requests_per_hour": dg.MetadataValue.md(f"![Requests per hour of {day}]({plot})"),
    }


def _filled(figures: RawFigures) -> dg.TableMetadataValue:
    """Return how many rows have a value, by column."""
    return dg.MetadataValue.table(
        [
            dg.TableRecord({"column": name, "rows": rows, "share": f"{rows / (figures.rows or 1):.1%}"})
            for name, rows in figures.filled.items()
        ]
    )


def _taken(taken: "DayIngest", logs: "DayLogs", unread: Iterable[str]) -> DayMetadata:
    """Return the metadata of what the day was made from."""
    paths = list(logs.states)
    more = f", and {counted(len(paths) - _NAMED, 'log')} more" if len(paths) > _NAMED else ""
    named = {
        "logs": ", ".join(printable(path) for path in paths[:_NAMED]) + more,
        # Rows of these stay, though their files are gone.
        "logs_that_are_gone": ", ".join(printable(source.log) for source in taken.kept),
        "logs_not_read": "; ".join(map(printable, unread)),
        LOGS_VERSION: logs.version if paths else "",
    }
    return {
        "files": len(paths),
        "rejected_lines": taken.rejected,
        "rows_of_other_systems": taken.other_rows,
        **{name: dg.MetadataValue.text(text) for name, text in named.items() if text},
    }


def _no_log(day: Day, files: "LogFiles") -> str:
    """Return why a day isn't made: which days the logs have."""
    patterns, found = "; ".join(files.patterns), files.all()
    if not found.states:
        unread = f" ({counted(len(found.unread), 'file')} can't be read)" if found.unread else ""
        return f"no log has been found{unread}: correct PROXY_OA_LOGS={patterns}, or wait for the first log"
    days = "; ".join(spans(first.through(last)) for first, last in found.spans)
    return (
        f"no log has {day}: those of PROXY_OA_LOGS={patterns} have {days}. Restore the day's log to one of "
        f"these places, or leave the day out"
    )
