"""CSV for spreadsheets, in which no text that a client sent is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection"), full-width forms included.
_FORMULA = set("=+-@\uff1d\uff0b\uff0d\uff20")
_BREAKS = ("\t", "\r", "\n")


def safe_cell(value: object) -> object:
    """Return a value for a spreadsheet: a text that would be a formula gets a `'` before it.

    Blanks and invisible characters before the sign are skipped, as some programs do.
    """
    if not isinstance(value, str):
        return value
    first = next((char for char in value if char.isprintable() and not char.isspace()), "")
    return f"'{value}" if first in _FORMULA or value.startswith(_BREAKS) else value


def spreadsheet(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> bytes:
    """Return a header line and the rows as a CSV file's content.

    Texts are quoted, and safe as `safe_cell` makes them; None is an empty cell. The file starts with a byte
    order mark: without it, Excel doesn't read UTF-8.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([safe_cell(name) for name in columns])
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")
