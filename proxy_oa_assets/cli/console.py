"""What the commands print: a day's assets, reputation verdicts, and frames as tables."""

import pandas as pd
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from proxy_oa_assets.cli.history import DayRun
from proxy_oa_assets.enrichment.reputation.verdict import LookupResult, Risk, Status, gravest
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted, printable, printable_lines, shortened
from proxy_oa_assets.ranking.letters import letter_note, marked
from proxy_oa_assets.ranking.reasons import sentence

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)
_HOW = {
    Status.OK: "",
    Status.NO_DATA: "never seen",
    Status.UNSUPPORTED: "can't be judged",
    Status.FAILED: "failed",
    Status.OVER_QUOTA: "over quota",
    Status.NOT_SENT: "kept private",
}
_GAP, _LEAST = 2, 20  # columns between cells; the least width of a flexible column
_MOST = 200  # characters of a value that reach the terminal
_MOST_REASONS, _CLIENT = 600, 39
_SHOWN, _REASONS = 10, 4  # clients and hosts, and the reasons of each
_MOST_NOTES = 10  # of the second voices
_REASONS_AT = 20  # columns before a request's reasons


def show_statement(run: DayRun) -> None:
    """Print what stands out of a day that was ranked here."""
    if run.statement:
        console.print(Text(f"{run.day}  {printable(run.statement)}", style="bold"), soft_wrap=True)


def show_day(run: DayRun) -> None:
    """Print a line for each asset of a day, and why assets or checks failed."""
    for asset, seconds in run.seconds.items():
        rows = f"{run.rows[asset]:>9,} rows" if asset in run.rows else " " * 14
        console.print(Text(f"{run.day}  {asset:<20} {rows}  {seconds:5.1f} s"))
    show_statement(run)
    for note in run.notes[:_MOST_NOTES]:
        console.print(Text(f"{run.day}  {printable(note)}"), soft_wrap=True)
    if len(run.notes) > _MOST_NOTES:
        console.print(Text(f"{run.day}  {len(run.notes) - _MOST_NOTES} more in the metadata of ml_results"))
    for check, reason in run.failed_checks.items():
        console.print(Text(f"{run.day}  {check}: {printable_lines(reason)}", style="yellow"), soft_wrap=True)
    for asset, reason in run.failures.items():
        message = f"{run.day}  {asset} failed: {printable_lines(reason)}"
        errors.print(Text(message, style="red"), soft_wrap=True)


def show_suspicious(day: Day, found: pd.DataFrame) -> None:
    """Print the first request of each client and host in rows of `suspicious`, with its strongest reasons."""
    names = ["ml_score", "time", "clientip", "uri_rep", "reqmethod", "fulluri", "word", "feedback"]
    first = found.drop_duplicates(["clientip", "host"]).head(_SHOWN)
    if first.empty:
        return
    console.print(Text(f"\nThe most suspicious clients and hosts of {day}", style="bold"))
    for score, time, client, uri_rep, method, uri, word, feedback in records(first[names]):
        verdict = gravest(str(uri_rep or ""))
        line = Text(f"{score:8.1e}  {printable(time):8}  {printable(client, _CLIENT):15}  ")
        if verdict and verdict.risk > Risk.NONE:
            line.append(
                f"{printable(verdict.label)} ", style="red" if verdict.risk is Risk.HIGH else "yellow"
            )
        line.append(printable(f"{method} {uri}", _MOST))
        console.print(line, no_wrap=True, overflow="ellipsis")
        said = filter(None, (letter_note(str(uri or "")), sentence(word, feedback, _REASONS)))
        reasons = Text(printable("; ".join(said), _MOST_REASONS), style="dim")
        console.print(Padding(reasons, (0, 0, 0, _REASONS_AT), expand=False))


def show_feedback(day: Day, found: pd.DataFrame) -> None:
    """Print rows of `feedback_in_effect`: two lines for each severity, one for each entry of a list."""
    console.print(Text(f"What weighs the ranking of {day}", style="bold"))
    for effect, points, host, clients, given_on, until, by, because in records(found):
        line = f"{effect:<14} {points:4.1f} points  {printable(marked(str(host)), _MOST)}"
        if not given_on:
            console.print(Text(f"{line}, {by}"), soft_wrap=True)
            continue
        of = counted(int(str(clients)), "client")
        console.print(Text(f"{line} of {of}, given on {given_on}, until {until}"), soft_wrap=True)
        scored = Text(printable(f"{shortened(by, _MOST)}: {because}", _MOST_REASONS), style="dim")
        console.print(Padding(scored, (0, 0, 0, _REASONS_AT), expand=False))


def show_verdicts(result: LookupResult) -> None:
    """Print each service's verdict on each value, its number of requests, and its errors."""
    rows = [
        (
            # A frame's text can't hold bytes of a command line that aren't UTF-8.
            *(printable(value), verdict.service, f"{verdict.label} {verdict.risk}", _HOW[verdict.status]),
            printable(", ".join(category.name for category in verdict.categories), 24),
        )
        for value, verdicts in result.verdicts.items()
        for verdict in verdicts
    ]
    columns = ["url", "service", "says", "how", "categories"]
    show_frame("What the services say", pd.DataFrame(rows, columns=columns), flexible="url")
    for service, stats in result.stats.items():
        console.print(Text(f"{service}: {stats.requested} requested, {stats.cached} cached"))
        for error in stats.errors:
            errors.print(Text(f"{service}: {error}", style="yellow"), soft_wrap=True)


def show_frame(title: str, frame: pd.DataFrame, flexible: str) -> None:
    """Print a frame without control characters; the flexible column takes the width that others leave."""
    cells = pd.DataFrame(
        {name: [printable(value, _MOST) for (value,) in records(frame[[name]])] for name in frame.columns}
    )
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    widths = {name: max(map(cell_len, (name, *cells[name]))) for name in cells.columns}
    left = console.width - sum(widths.values()) + widths[flexible] - _GAP * len(widths)
    for name, width in widths.items():
        if name == flexible:
            table.add_column(name, no_wrap=True, overflow="ellipsis", max_width=max(left, _LEAST))
        else:
            table.add_column(name, no_wrap=True, min_width=width)
    for row in records(cells):
        table.add_row(*(Text(str(cell)) for cell in row))
    console.print(table)
