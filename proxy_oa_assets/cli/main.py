"""The command `proxy-oa`. Everything it does can be done in Dagster's web UI, too.

Dagster and pandas take seconds to load, so each command imports what it needs.
"""

import gc
import logging
import os
import runpy
import sys
import warnings
from pathlib import Path
from typing import NoReturn

import click
from typing_extensions import override

from proxy_oa_assets.cli.export import export
from proxy_oa_assets.cli.options import DATE
from proxy_oa_assets.model import errors
from proxy_oa_assets.model.column_map import DEFAULT_LIMIT
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.text import printable_lines
from proxy_oa_assets.settings import load_settings

FAILED, UNUSABLE, INTERRUPTED = 1, 2, 130
_UNUSABLE = (
    *(errors.SettingsError, errors.ConfError, errors.ReputationConfigError, errors.DayError),
    errors.HandOverError,
)


class Commands(click.Group):
    """Turns errors the user can fix into one line on standard error and an exit code."""

    @override
    def invoke(self, ctx: click.Context) -> object:
        try:
            with errors.disk_errors():
                return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            click.echo("proxy-oa: interrupted", err=True)
            raise click.exceptions.Exit(INTERRUPTED) from interrupt
        except errors.ProxyOaError as error:
            message, code = str(error), UNUSABLE if isinstance(error, _UNUSABLE) else FAILED
        click.echo(f"proxy-oa: {printable_lines(message)}", err=True)
        raise click.exceptions.Exit(code)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(package_name="proxy-oa-assets")
def main() -> None:
    """Web-proxy threat analytics: a day of proxy traffic, scored, enriched and ready to investigate.

    Settings are environment variables, such as PROXY_OA_HOME, or lines of a file .env.
    """


def entry() -> NoReturn:
    """Run the command, and exit with os._exit: tearing down Dagster takes a fifth of a small run.

    Measured on a `proxy-oa run` of 500 connections: the collector's default thresholds cost 7 to 17 %, for
    the hundred thousand lasting objects of Dagster and SQLAlchemy, and a regular exit 23 to 34 %. Commands
    close their own connections and files.
    """
    gc.set_threshold(200_000, 20, 100)
    status = 0
    try:
        main()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


main.add_command(export)


@main.command()
@DATE
@click.option(
    "--limit", default=DEFAULT_LIMIT, type=click.IntRange(min=1), help="Most suspicious rows to take."
)
@click.option(
    "--accept-columns", is_flag=True, help="Accept that columns of the raw log are gone, and read as NULL."
)
@click.option("-v", "--verbose", is_flag=True, help="Show Dagster's own log.")
def run(date: str, limit: int, *, accept_columns: bool, verbose: bool) -> None:
    """Materialize a day: its scored connections, their details, its summary and its notebooks."""
    settings = load_settings()
    day = settings.day(date)

    from proxy_oa_assets.cli.console import show_day, show_suspicious
    from proxy_oa_assets.cli.history import materialize_day, open_history
    from proxy_oa_assets.defs.build import build_definitions
    from proxy_oa_assets.investigation.search import suspicious
    from proxy_oa_assets.resources.deployment import deployment

    # Fail at once for an unusable reputation file; in the web UI, only the asset of the scores fails.
    configured = deployment(settings)
    configured.reputation.configured()
    with open_history(settings) as instance:
        defs = build_definitions(settings)
        done = materialize_day(defs, day, limit, instance, accept_columns=accept_columns, verbose=verbose)
    show_day(done)
    if not done.succeeded:
        sys.exit(FAILED)
    show_suspicious(day, suspicious(day, deployment=configured))


@main.command()
@click.option(
    "--last-day", metavar="YYYY-MM-DD", help="Last of the three sample days; yesterday if left out."
)
def demo(last_day: str | None) -> None:
    """Write three sample days, materialize them, and list what to look at."""
    settings = load_settings()

    from proxy_oa_assets.cli.demo import run_demo

    if not run_demo(settings, Day.parse(last_day) if last_day else None):
        sys.exit(FAILED)


@main.command()
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER|-]...", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_name",
    metavar="NAME|FILE.toml|squid:LOGFORMAT|auto",
    help="The logs' format; recognized by their content if left out (PROXY_OA_LOG_FORMAT).",
)
@click.option(
    "--timezone", metavar="ZONE", help="Time zone of logs that don't say theirs (PROXY_OA_LOG_TIMEZONE)."
)
@click.option("--date", metavar="YYYY-MM-DD", help="Take, or list, this day alone.")
@click.option("--again", is_flag=True, help="Take logs whose rows the days may have already.")
@click.option("--list", "listing", is_flag=True, help="List what was ingested from which log.")
def ingest(
    paths: tuple[Path, ...],
    format_name: str | None,
    timezone: str | None,
    date: str | None,
    *,
    again: bool,
    listing: bool,
) -> None:
    """Fill the raw table from logs: files, folders, or standard input; gzip, bzip2, xz and zstd are unpacked.

    A log is known by its content: what was taken before isn't taken twice, and of a log that has grown, the
    rest is.
    """
    settings = load_settings(PROXY_OA_LOG_FORMAT=format_name or "", PROXY_OA_LOG_TIMEZONE=timezone or "")
    day = Day.parse(date) if date else None
    if not (paths or listing):
        raise click.UsageError("name a log, a folder of logs, or - for standard input; or --list")

    from proxy_oa_assets.cli.ingest import list_ingested, run_ingest
    from proxy_oa_assets.ingest.open_log import LogFormat

    if listing:
        list_ingested(settings, day)
        return
    log_format = LogFormat(settings.log_format, settings.log_timezone)
    if not run_ingest(settings, paths, log_format, day=day, again=again):
        sys.exit(FAILED)


@main.command("init-db")
def init_db() -> None:
    """Create the tables and the folder of Dagster's history where they are missing."""
    settings = load_settings()

    from proxy_oa_assets.cli.history import dagster_variables, prepare_history
    from proxy_oa_assets.cli.start_date import first_day, start_date_finding
    from proxy_oa_assets.resources.deployment import deployment

    configured = deployment(settings)
    for line in configured.impala.create_tables():
        click.echo(line)
    click.echo(f"history: {prepare_history(settings)}, settings in its dagster.yaml")
    click.echo(f"start date: {start_date_finding(settings, first_day(configured))}")
    click.echo(f"before Dagster's own commands: {dagster_variables(settings)}")


@main.command()
@DATE
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
def reset(date: str, *, yes: bool) -> None:
    """Remove what analysts scored and wrote on a day: severities, comments, timelines, feedback."""
    settings = load_settings()
    day = settings.day(date)

    from proxy_oa_assets.investigation.reset import reset_scored_connections
    from proxy_oa_assets.resources.deployment import deployment

    if not yes and sys.stdin.isatty():
        click.confirm(f"Remove every score, comment and feedback of {day}? It can't be undone.", abort=True)
    for line in reset_scored_connections(day, deployment=deployment(settings)):
        click.echo(line)


@main.command()
@click.option("--date", "date", metavar="YYYY-MM-DD", help="The day; yesterday if left out.")
def feedback(date: str | None) -> None:
    """List the severities of earlier days, and the site's lists, that weigh a day's ranking."""
    settings = load_settings()
    day = settings.day(date) if date else settings.yesterday()

    from proxy_oa_assets.cli.console import show_feedback
    from proxy_oa_assets.investigation.weighing import feedback_in_effect, feedback_of
    from proxy_oa_assets.resources.deployment import deployment

    found = feedback_in_effect(feedback_of(day, deployment(settings)))
    if found.empty:
        click.echo(f"No severity of the {settings.feedback_days} days before {day} weighs its ranking")
        return
    show_feedback(day, found)


@main.command()
@DATE
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; story.html in the day's data folder if left out.",
)
def story(date: str, output: Path | None) -> None:
    """Write a day's story as one page to read, mail or print, and print its path.

    The page has the analysts' comment on each threat, its timeline and incident progression, and the day's
    traffic.
    """
    settings = load_settings()
    day = settings.day(date)

    from proxy_oa_assets.cli.history import report_story
    from proxy_oa_assets.investigation.materialized_days import check_recorded
    from proxy_oa_assets.investigation.story.page import write_story
    from proxy_oa_assets.resources.deployment import deployment

    configured = deployment(settings)
    check_recorded(day, configured)
    written = write_story(day, output, deployment=configured)
    click.echo(written.path)
    if not written.threats:
        click.echo(f"{day} has no comment yet; the page describes how to write one", err=True)
    # A copy for elsewhere isn't the day's page, which the web UI links.
    if written.path.resolve() != configured.workspace.story(day).resolve():
        return
    try:
        report_story(settings, day, written.path)
    except errors.HistoryError as error:
        click.echo(f"the web UI won't show the page's path: {error}", err=True)


@main.command()
@DATE
@click.option(
    "--labels",
    required=True,
    type=click.Path(path_type=Path),
    help="CSV with the columns p_date, clientip, host and label.",
)
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="Write a plot to this file, as SVG."
)
def evaluate(date: str, labels: Path, plot: Path | None) -> None:
    """Measure a day's ranking on labels: precision, recall, and what each signal carried."""
    settings = load_settings()
    day = settings.day(date)

    from proxy_oa_assets.cli.evaluate import run_evaluation

    run_evaluation(settings, day, labels, plot)


@main.command()
def doctor() -> None:
    """Probe every configured system, and print a line for each: whether it works, or what to fix."""
    from proxy_oa_assets.cli.doctor import probe_all

    failed = 0
    for probe in probe_all():
        failed += not probe.works
        state = "FAIL" if not probe.works else "warn" if probe.doubtful else "ok  "
        click.echo(f"{state}  {probe.what:<20} {printable_lines(probe.finding)}")
    if failed:
        click.echo(f"{failed} to fix", err=True)
        sys.exit(FAILED)


@main.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
def reputation(urls: tuple[str, ...]) -> None:
    """Look up URLs at the configured reputation services, and print each verdict.

    Cached verdicts are shown without a request; every request counts against a service's quota.
    """
    settings = load_settings()

    from proxy_oa_assets.cli.console import show_verdicts
    from proxy_oa_assets.resources.deployment import deployment

    service = deployment(settings).reputation
    if not service.configured().services:
        raise errors.SettingsError(
            "no reputation service is configured; set PROXY_OA_REPUTATION to their file"
        )
    show_verdicts(service.look_up(urls, lambda line: click.echo(line, err=True)))


@main.command()
@click.option(
    "--date", metavar="YYYY-MM-DD", help="The day to open; the newest materialized one if left out."
)
@click.option("--port", default=8866, type=click.IntRange(1, 65535), help="Port on 127.0.0.1.")
@click.option("--no-browser", is_flag=True, help="Print the address, and open no browser.")
def hunt(date: str | None, port: int, *, no_browser: bool) -> None:
    """Open the notebooks' screens of any day as an application in the browser, without code cells."""
    settings = load_settings()
    day = settings.day(date) if date else None

    from proxy_oa_assets.cli.servers import check_port, require_hunting

    require_hunting()
    check_port(port)

    from proxy_oa_assets.cli.hunt import check_days, serve_hunting

    check_days(settings, day)
    serve_hunting(settings, day, port, opens_browser=not no_browser)


@main.command()
@click.option("--port", default=3000, type=click.IntRange(1, 65535), help="Port on 127.0.0.1.")
def ui(port: int) -> None:
    """Open Dagster's web UI on 127.0.0.1, with the history that the other commands write."""
    settings = load_settings()
    from proxy_oa_assets.cli.history import prepare_history
    from proxy_oa_assets.cli.servers import check_port, ended_by_signals

    check_port(port)
    history = prepare_history(settings)
    click.echo(f"Web UI: http://127.0.0.1:{port}  (home {settings.home}, history {history}); Ctrl-C stops it")
    # From here on the process is Dagster's, which finds its history and the home by these variables.
    os.environ.update(DAGSTER_HOME=str(history), PROXY_OA_HOME=str(settings.home))
    sys.argv = ["dagster", "dev", "-m", "proxy_oa_assets.definitions", "-h", "127.0.0.1", "-p", str(port)]
    # Dagster advises `dg dev` in its place, which is no use to a user of `proxy-oa ui`.
    warnings.filterwarnings("ignore", "Function `dev_command` is superseded")
    # Without a child process, so that a signal to this one ends the servers.
    with ended_by_signals():
        runpy.run_module("dagster", run_name="__main__")
