"""Frames as CSV files that a spreadsheet opens without running anything in them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from proxy_oa_assets.frames import records
from proxy_oa_assets.local_files import replacing

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"), full-width forms included.
_FORMULA = set("=+-@\uff1d\uff0b\uff0d\uff20")
_BREAKS = ("\t", "\r", "\n")


def safe_cell(value: object) -> object:
    """Return a value as it can stand in a spreadsheet: a text that would be a formula has a `'` before it.

    Blanks and what can't be seen don't hide a formula: some programs leave them out.
    """
    if not isinstance(value, str):
        return value
    first = next((char for char in value if char.isprintable() and not char.isspace()), "")
    return f"'{value}" if first in _FORMULA or value.startswith(_BREAKS) else value


def export_csv(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a frame to a CSV file, wholly or not at all; return where it is.

    An index that has a name is written, too. Every text is quoted, and safe as `safe_cell` says; NULL is an
    empty cell. It begins with a byte order mark: without it, Excel takes UTF-8 for something else.
    """
    if any(name is not None for name in frame.index.names):
        # A column may be called as the index is: both are written.
        frame = frame.reset_index(allow_duplicates=True)
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([safe_cell(str(name)) for name in frame.columns])
    writer.writerows([safe_cell(value) for value in row] for row in records(frame))
    target = Path(path).absolute()
    with replacing(target) as file:
        file.write(text.getvalue().encode("utf-8-sig"))
    return target
