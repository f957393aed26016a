"""A query, and the expressions that SELECTs share.

Every SELECT is one text for all engines, in the portable subset of DuckDB, Impala and Spark/Hive: bare
identifiers, `?` for bound values (each backend writes its own placeholder), `concat` with NULLs guarded, no
quote characters in literals, CAST only of what can't fail, a total ORDER BY wherever rows are numbered, and
no name that an engine reserves (`position`).
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import Table

# A results file can't tell NULL from the word null, so a connection is matched as if they were one.
CLIENT = "coalesce({0}.clientip, 'null')"
URI = "coalesce({0}.fulluri, 'null')"

# A row of `proxy` counts in the summary, and as traffic, if it has these.
COUNTABLE_COLUMNS = ("p_date", "p_time", "clientip", "host", "fulluri")
COUNTABLE = " AND ".join((*(f"{name} IS NOT NULL" for name in COUNTABLE_COLUMNS), "p_time <> ''"))

# A partition of our tables as a number, YYYYMMDD.
DAY_NUMBER = "CAST(y AS INT) * 10000 + CAST(m AS INT) * 100 + CAST(d AS INT)"

# What logs and other systems write where a request has no such value.
NO_VALUE = ("", "-")

Values = tuple[str | int | float | None, ...]


@dataclass(frozen=True)
class Query:
    """A SELECT, its bound values, and the days whose partitions it reads (first and last, inclusive)."""

    sql: str
    parameters: Values = ()
    days: tuple[Day, Day] | None = None


def capped(value: str, kind: Literal["INT", "BIGINT"] = "INT") -> str:
    """Return a whole number as INT, at the limit where it is beyond: a raw table can have BIGINT."""
    # Engines can't all read the least BIGINT as a number.
    least, most = (-(2**31), 2**31 - 1) if kind == "INT" else (1 - 2**63, 2**63 - 1)
    return (
        f"CAST(CASE WHEN {value} > {most} THEN {most} WHEN {value} < {least} THEN {least} "
        f"ELSE {value} END AS {kind})"
    )


def beyond_int(value: str) -> str:
    """Return the condition of a value that `capped` changes."""
    return f"({value} > {2**31 - 1} OR {value} < {-(2**31)})"


def whole_day(table: Table, day: Day) -> Query:
    """Select the day's rows of a table, its data columns in order."""
    where, values = of_day(table, day)
    return Query(
        f"SELECT {', '.join(table.column_names)} FROM {table.name} WHERE {where}", values, (day, day)
    )


def any_row(table: Table, day: Day | None = None) -> Query:
    """Select one row if a table, or a day of it, has any."""
    if day is None:
        return Query(f"SELECT 1 AS found FROM {table.name} LIMIT 1")
    where, values = of_day(table, day)
    return Query(f"SELECT 1 AS found FROM {table.name} WHERE {where} LIMIT 1", values, (day, day))


def count_of_day(table: Table, day: Day) -> Query:
    """Select how many rows a day of a table has."""
    where, values = of_day(table, day)
    return Query(f"SELECT count(*) AS total FROM {table.name} WHERE {where}", values, (day, day))


def of_day(table: Table, day: Day, alias: str = "") -> tuple[str, tuple[str | int, ...]]:
    """Return the condition that selects a day of a table, and its bound values.

    The raw table's partitions are text, and other systems write `m=9` or `m=09`. Engines skip partitions by a
    list of texts; a CAST around the column could keep them from it.
    """
    prefix = f"{alias}." if alias else ""
    spellings = list(map(dict.fromkeys, zip(*table.day_spellings(day), strict=True)))
    where = " AND ".join(
        f"{prefix}{name} = ?" if len(texts) == 1 else f"{prefix}{name} IN (?, ?)"
        for name, texts in zip(("y", "m", "d"), spellings, strict=True)
    )
    return where, tuple(itertools.chain.from_iterable(spellings))


def days_with_rows(table: Table, first: Day, last: Day) -> Query:
    """Select the days from first to last that have rows in a table. Column: day_number (YYYYMMDD)."""
    years = [str(year) if table.hourly else year for year in range(first.y, last.y + 1)]
    return Query(
        f"SELECT DISTINCT {DAY_NUMBER} AS day_number FROM {table.name} "
        f"WHERE y IN ({', '.join('?' * len(years))}) AND {DAY_NUMBER} BETWEEN ? AND ?",
        (*years, int(first.folder), int(last.folder)),
        (first, last),
    )


def nulls_last(names: Iterable[str], alias: str = "") -> str:
    """Return an ORDER BY list with NULLs last, which engines place differently by default."""
    prefix = f"{alias}." if alias else ""
    return ", ".join(f"{prefix}{name} ASC NULLS LAST" for name in names)
