"""Frames as CSV files that a spreadsheet opens without running anything in them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd

from proxy_oa_assets.frames import records
from proxy_oa_assets.local_files import replacing

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"), full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def safe_cell(value: object) -> object:
    """Return a value as it can stand in a spreadsheet: a text that would be a formula has a `'` before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def export_csv(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a frame to a CSV file, wholly or not at all; return where it is.

    An index that has a name is written, too. Every text is quoted, and safe as `safe_cell` says; NULL is an
    empty cell. It begins with a byte order mark: without it, Excel takes UTF-8 for something else.
    """
    if any(name is not None for name in frame.index.names):
        frame = frame.reset_index()
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([safe_cell(str(name)) for name in frame.columns])
    writer.writerows([safe_cell(value) for value in row] for row in records(frame))
    target = Path(path).absolute()
    with replacing(target) as file:
        file.write(text.getvalue().encode("utf-8-sig"))
    return target
