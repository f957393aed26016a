"""What the commands print about days."""

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from proxy_oa_assets.day_run import DayRun
from proxy_oa_assets.display import printable
from proxy_oa_assets.frames import records

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def show_day(run: DayRun) -> None:
    """Print a line for each asset of a day, and why an asset failed."""
    for asset, seconds in run.seconds.items():
        rows = f"{run.rows[asset]:>9,} rows" if asset in run.rows else " " * 14
        console.print(Text(f"{run.day}  {asset:<20} {rows}  {seconds:5.1f} s"))
    for asset, reason in run.failures.items():
        errors.print(Text(f"{run.day}  {asset} failed: {reason}", style="red"), soft_wrap=True)


def show_frame(title: str, frame: pd.DataFrame, widths: dict[str, int]) -> None:
    """Print some columns as a table, each cut to its width; nothing in the data steers the terminal."""
    table = Table(title=title, title_justify="left", title_style="bold", show_edge=False, pad_edge=False)
    for name in widths:
        table.add_column(name, no_wrap=True)
    for row in records(frame[list(widths)]):
        cells = (printable(value, width) for value, width in zip(row, widths.values(), strict=True))
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
