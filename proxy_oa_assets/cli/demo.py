"""`proxy-oa demo`: three materialized sample days, and what to look at."""

import io
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import dagster as dg
from dotenv import dotenv_values
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from proxy_oa_assets.cli.console import console, show_day, show_statement, show_suspicious
from proxy_oa_assets.cli.history import assets_of_a_day, dagster_variables, materialize_day, open_history
from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.ingest.sample.site import write_sample_day, write_site_files
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.model.column_map import DEFAULT_LIMIT
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError, ProxyOaError
from proxy_oa_assets.model.tables import PROXY_SCORES
from proxy_oa_assets.model.trusted_file import write_trusted
from proxy_oa_assets.resources.deployment import Deployment, deployment
from proxy_oa_assets.settings import Settings, load_settings

DAYS = 3
_ENV_HEAD = "# Written by `proxy-oa demo`: settings of this home. The environment and ./.env come first.\n"
_START = "PROXY_OA_START_DATE"
_START_LINE = re.compile(f"^{_START}=.*$", re.MULTILINE)


def run_demo(settings: Settings, last_day: Day | None) -> bool:
    """Write and materialize the sample days; print what to look at. Return whether all succeeded."""
    last = settings.ended(last_day or settings.yesterday())
    days = [last.plus(offset) for offset in range(1 - DAYS, 1)]
    if "${" in str(settings.home):
        raise ProxyOaError(
            f"{settings.home}: in the demo's .env, ${{ would stand for a variable; set PROXY_OA_HOME to "
            f"another folder"
        )
    workspace = deployment(settings).workspace
    rows = sum(write_sample_day(workspace, settings.home / "hdfs", day) for day in days)
    kept: list[Path] = []
    write_home_env(settings.home, days[0], write_site_files(settings.home, kept.append), kept.append)
    if kept:
        names = ", ".join(str(path.relative_to(settings.home)) for path in kept)
        console.print(Text(f"Edited, and kept as they are: {names}"), soft_wrap=True)
    # Read the sample days' own settings.
    settings = load_settings(settings.home)
    if days[0].date < settings.start_date:
        raise DayError(
            f"the sample day {days[0]} is before PROXY_OA_START_DATE={settings.start_date}; "
            f"unset the variable, or set it earlier"
        )
    if not _materialize(settings, days):
        return False
    _show(settings, deployment(settings), days, rows)
    return True


def write_home_env(home: Path, first: Day, site: dict[str, Path], kept: Callable[[Path], None]) -> None:
    """Write the sample days' settings for later commands; in a file that is there, only an earlier first day.

    `kept` is called with a demo's file that was edited. Raises ProxyOaError for a user's own file that lacks
    a setting.
    """
    path, lines = home / ".env", {_START: f"{_START}={first}"}
    for name, value in site.items():
        escaped = str(value).replace("\\", "\\\\").replace("'", "\\'")
        lines[name] = f"{name}='{escaped}'"
    fresh = _ENV_HEAD + "".join(f"{line}\n" for line in lines.values())
    before = path.read_text(encoding="utf-8") if path.exists() else fresh
    found = dotenv_values(stream=io.StringIO(before))
    if before.startswith(_ENV_HEAD):
        after = _START_LINE.sub(lines[_START], before) if first.key < (found.get(_START) or "") else before
        if _START_LINE.sub("", after) != _START_LINE.sub("", fresh):
            kept(path)
        if after != before or not path.exists():
            write_trusted(path, after.encode("utf-8"))
    elif missing := [line for name, line in lines.items() if not found.get(name)]:
        raise ProxyOaError(f"{path} isn't of a demo and stays as it is; add to it: {' '.join(missing)}")


def _materialize(settings: Settings, days: list[Day]) -> bool:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    runs = []
    defs = build_definitions(settings)
    with open_history(settings) as instance, Progress(*columns, console=console) as progress:
        assets = set(assets_of_a_day(defs))
        task = progress.add_task("materializing", total=len(days) * len(assets))
        for day in days:

            def advance(event: dg.DagsterEvent, day: Day = day) -> None:
                if event.step_key not in assets:
                    return
                if event.is_step_start:
                    progress.update(task, description=f"{day}  {event.step_key:<20}")
                elif event.is_step_success:
                    progress.advance(task)

            runs.append(materialize_day(defs, day, DEFAULT_LIMIT, instance, on_event=advance))
        progress.update(task, description=f"{len(days)} sample days")
    for run in runs:
        show = show_statement if run.succeeded else show_day
        show(run)
    return all(run.succeeded for run in runs)


def _show(settings: Settings, configured: Deployment, days: list[Day], rows: int) -> None:
    last = days[-1]
    show_suspicious(last, suspicious(last, deployment=configured))
    workspace = configured.workspace
    console.print(f"\n{rows:,} raw requests on {days[0]}, {days[1]} and {last} are scored. Look at")
    for what, where in {
        "tables": configured.impala.location(PROXY_SCORES).rpartition("/")[0],
        "exports": workspace.data(last),
        "notebooks": workspace.notebooks(last),
        "settings": settings.home / ".env",
    }.items():
        console.print(f"  {what:<10} {where}", soft_wrap=True, markup=False)
    console.print(
        "\nOpen the web UI, http://127.0.0.1:3000, with `make dev` in the checkout; or anywhere with"
    )
    home = shlex.quote(str(settings.home))
    console.print(f"  PROXY_OA_HOME={home} proxy-oa ui", soft_wrap=True, markup=False)
    console.print("\nDagster's own commands (`dagster`, `dg dev`) use the same history after")
    console.print(f"  {dagster_variables(settings)}", soft_wrap=True, markup=False)
