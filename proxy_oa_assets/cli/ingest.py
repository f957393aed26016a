"""`proxy-oa ingest`: logs to raw days, with a progress bar, and the list of what was ingested."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pandas as pd
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from proxy_oa_assets.cli.console import console, errors, show_frame
from proxy_oa_assets.cli.history import report_ingest
from proxy_oa_assets.ingest.ingesting import ingest_log
from proxy_oa_assets.ingest.log_content import STANDARD_INPUT, NoLogError, shown
from proxy_oa_assets.ingest.log_folder import FolderFile, folder_files
from proxy_oa_assets.ingest.open_log import LogFormat
from proxy_oa_assets.ingest.reading import Progress as ReadSoFar
from proxy_oa_assets.ingest.record import raw_days, records
from proxy_oa_assets.ingest.rejects import NAME as REJECTS
from proxy_oa_assets.ingest.taking import LogIngest
from proxy_oa_assets.model.day import Day, spans
from proxy_oa_assets.model.errors import HistoryError, ProxyOaError
from proxy_oa_assets.model.text import counted, printable, printable_lines
from proxy_oa_assets.resources.deployment import Deployment, deployment
from proxy_oa_assets.settings import Settings

# Seconds between two lines about a log where no bar is drawn.
_LINE_SECONDS = 10.0


def run_ingest(
    settings: Settings,
    paths: Collection[Path],
    log_format: LogFormat,
    *,
    day: Day | None,
    again: bool,
) -> bool:
    """Ingest logs, and print what was taken and what comes next; return whether all could be read."""
    configured = deployment(settings)
    taken: list[LogIngest] = []
    failed = 0
    with _display() as display:
        for file in _files(paths):
            name = shown(file.path)
            if file.skipped or file.failed:
                failed += bool(file.failed)
                (_fail if file.failed else _say)(file.failed or f"{name}: skipped, {file.skipped}")
                continue
            try:
                done = ingest_log(
                    file.path,
                    deployment=configured,
                    log_format=log_format,
                    days=None if day is None else [day],
                    again=again,
                    on_progress=display.follow(name, file.path),
                    on_wait=_say,
                )
            except NoLogError as error:
                named = file.path in paths
                failed += named
                (_fail if named else _say)(str(error))
            except ProxyOaError as error:
                failed += 1
                _fail(str(error))
            else:
                taken.append(done)
                _show_log(done)
    _show(settings, configured, taken)
    _report(settings, configured, taken)
    if failed:
        _fail(f"{counted(failed, 'log')} failed")
    return not failed


def _report(settings: Settings, configured: Deployment, taken: list[LogIngest]) -> None:
    if days := sorted({day for done in taken for day in done.days}):
        try:
            report_ingest(settings, configured, days)
        except HistoryError as error:
            _say(f"the web UI won't show these days until proxy is observed there: {error}")


def list_ingested(settings: Settings, day: Day | None) -> None:
    """Print what was ingested: for each day the logs, when they were read, rows and rejected lines.

    On a terminal it is a table, elsewhere tab-separated lines.
    """
    configured = deployment(settings)
    days = raw_days(configured.hdfs, configured.workspace.huser) if day is None else [day]
    listed, others = [], []
    for found, record in records(configured.impala, days):
        if not record.sources:
            others.append(found)
        listed += [
            (
                source.log,
                found.key,
                source.format,
                f"{source.rows:,}",
                f"{source.rejected:,}",
                f"{source.end.offset:,}",
                f"{source.taken_at:%Y-%m-%d %H:%M}",
            )
            for source in record.sources
        ]
    columns = ("log", "day", "format", "rows", "rejected", "bytes read", "read at (UTC)")
    if not console.is_terminal:
        for row in (columns, *listed):
            click.echo("\t".join(map(printable, row)))
    elif listed:
        _show_table("Ingested logs", columns, listed)
    if others:
        _say(f"without a record of logs: {spans(others)}")
    if not listed:
        _say("nothing has been ingested; begin with: proxy-oa ingest FILE")


def _files(paths: Iterable[Path]) -> Iterator[FolderFile]:
    for path in paths:
        if path != STANDARD_INPUT and path.is_dir():
            yield from folder_files(path)
        else:
            yield FolderFile(path)


class _Lines:
    """Says where a long reading is, in lines."""

    def follow(self, name: str, _: Path) -> Callable[[ReadSoFar], None]:
        began = said = time.monotonic()

        def on_progress(so_far: ReadSoFar) -> None:
            nonlocal said
            now = time.monotonic()
            if now - said >= _LINE_SECONDS:
                said = now
                _say(f"{name}: {_figures(so_far, now - began)}")

        return on_progress


class _Bar:
    """Draws a bar for the log that is read."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def follow(self, name: str, path: Path) -> Callable[[ReadSoFar], None]:
        if self._task is not None:
            self._progress.remove_task(self._task)
        # How much a compressed log unpacks to isn't known: its bar has no end.
        plain = path.is_file() and path.suffix.lower() not in (".gz", ".zst", ".xz", ".bz2")
        task = self._task = self._progress.add_task(
            name.rpartition("/")[2], total=path.stat().st_size if plain else None, figures=""
        )
        began = time.monotonic()

        def on_progress(so_far: ReadSoFar) -> None:
            figures = _figures(so_far, time.monotonic() - began)
            self._progress.update(task, completed=so_far.bytes, figures=figures)

        return on_progress


@contextmanager
def _display() -> Iterator[_Lines | _Bar]:
    if not console.is_terminal:
        yield _Lines()
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[figures]}", markup=False),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bar(progress)


def _figures(so_far: ReadSoFar, seconds: float) -> str:
    rate = int(so_far.lines / max(seconds, 0.001))
    return f"{so_far.lines:,} lines, {rate:,} a second, {so_far.rejected:,} rejected"


def _show_log(done: LogIngest) -> None:
    rows = sum(taken.rows for taken in done.days.values())
    rejected = sum(taken.rejected for taken in done.days.values())
    if done.days:
        text = f"{counted(rows, 'row')} added to {spans(done.days)}"
        if rejected:
            text += f", {counted(rejected, 'line')} rejected (the first: {done.first_reject})"
    elif done.known:
        text = f"nothing new; its rows are in {spans(done.known)}"
    else:
        text = "no row"
    if done.outside:
        text += f"; {counted(done.outside, 'row')} of other days left"
    what = f"{done.format} ({done.why}): " if done.why else f"{done.format}: " if done.format else ""
    if done.lines or done.known:
        console.print(Text(f"{done.log}: {printable(what)}{printable(text)}"), soft_wrap=True)
    for warning in done.warnings:
        _say(warning, "yellow")


def _show(settings: Settings, configured: Deployment, taken: list[LogIngest]) -> None:
    rows = [
        (
            done.log,
            day.key,
            done.format,
            f"{of_day.rows:,}",
            f"{of_day.rejected:,}",
        )
        for done in taken
        for day, of_day in done.days.items()
    ]
    days = {day for done in taken for day in done.days}
    if not days:
        return
    if console.is_terminal:
        _show_table("Taken", ("log", "day", "format", "rows", "rejected"), rows)
    for day in sorted(days):
        rejects = configured.workspace.data(day) / REJECTS
        if any(done.days[day].rejected for done in taken if day in done.days):
            console.print(Text(f"rejected lines of {day}: {rejects}"), soft_wrap=True)
    _show_next(settings, days)


def _show_table(title: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table; of a log's path, the first column, the end is shown."""
    others = [max(map(len, cells)) for cells in list(zip(columns, *rows, strict=True))[1:]]
    width = max(console.width - sum(others) - 2 * len(columns), 20)
    shown_rows = [(log if len(log) <= width else f"…{log[1 - width :]}", *rest) for log, *rest in rows]
    show_frame(title, pd.DataFrame(shown_rows, columns=list(columns)), flexible="log")


def _show_next(settings: Settings, days: Collection[Day]) -> None:
    first = Day(settings.start_date)
    if early := [day for day in days if day < first]:
        _say(
            f"{spans(early)}: before the first daily partition, PROXY_OA_START_DATE={first}; set it to "
            f"{min(early)} to see them in Dagster"
        )
    today = datetime.now(ZoneInfo(settings.timezone)).date()
    if unfinished := [day for day in days if day.date >= today]:
        _say(f"{spans(unfinished)}: not over yet; to be materialized from the day after on")
    if ready := [day for day in days if first <= day and day.date < today]:
        command = f"proxy-oa run --date {max(ready)}"
        console.print(
            Text(f"next: {command}, or materialize {spans(ready)} in the web UI (proxy-oa ui)"),
            soft_wrap=True,
        )


def _say(message: str, style: str = "") -> None:
    # On a terminal, above the bar, which is drawn on standard output.
    to = console if console.is_terminal and errors.is_terminal else errors
    to.print(Text(printable_lines(message), style=style), soft_wrap=True)


def _fail(message: str) -> None:
    _say(message, "red")
