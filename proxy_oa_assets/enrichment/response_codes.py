"""Response codes in words.

`response_codes.csv` holds the IANA HTTP Status Code Registry (2025-09) and the well-known codes that servers
use without registration; its column `source` says where each name is from.
"""

import csv
from functools import cache
from pathlib import Path

# What logs write where there is no code; `-` is the convention of Squid, Zeek and Blue Coat.
NO_CODE = ("", "-")


@cache
def response_codes() -> dict[str, str]:
    """Return the name of each known code, by the code's text."""
    with Path(__file__).with_name("response_codes.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def response_code_name(code: str | None) -> str:
    """Return a code's name; `Unknown (<code>)` for an unlisted one, the empty string for none."""
    if code is None or code in NO_CODE:
        return ""
    return response_codes().get(code) or f"Unknown ({code})"


def response_code_name_sql(column: str) -> str:
    """Return the same rule as a SQL expression over a column of `tables.py`.

    No name in the table has a quote character, so that the literals mean the same to every engine.
    """
    whens = " ".join(f"WHEN '{code}' THEN '{name}'" for code, name in response_codes().items())
    none = " ".join(f"WHEN '{code}' THEN ''" for code in NO_CODE)
    unknown = f"concat('Unknown (', {column}, ')')"
    return f"CASE WHEN {column} IS NULL THEN '' ELSE CASE {column} {none} {whens} ELSE {unknown} END END"
