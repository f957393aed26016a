"""How a column of a Parquet file is read as the column of a table, from any type that another system gave it.

No value is rounded or cut. What can't be read without that, such as a fraction of a byte, makes DuckDB fail;
`parquet_view.py` then names its file and row.
"""

import re
from dataclasses import dataclass

from proxy_oa_assets.model.tables import Column

# The message of DuckDB's error; what it is about is found afterwards.
UNFIT = "a value does not fit its column"
# The condition of a column that can hold every value.
NEVER = "FALSE"

_DUCKDB = {"STRING": "VARCHAR", "INT": "INTEGER", "BIGINT": "BIGINT", "FLOAT": "FLOAT"}
_SMALL = ("TINYINT", "SMALLINT", "INTEGER", "UTINYINT", "USMALLINT")
_WHOLE = (*_SMALL, "BIGINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT")
_AS_TEXT = (*_WHOLE, "VARCHAR", "BOOLEAN", "UUID", "JSON", "DATE", "TIME", "TIME_NS")
# As Java, Spark and pandas write numbers; an empty text is NULL, as in the ranked results.
_NUMBER = r"(|[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?[iI]nf(inity)?|[nN]a[nN])"
# The last doubles before the limits of BIGINT.
_LARGEST_DOUBLE = 2**63 - 1024


@dataclass(frozen=True)
class Reading:
    """The SQL expression that reads a column, and the condition of values that it can't read."""

    expression: str
    unfit: str = NEVER

    def checked(self) -> str:
        """Return the expression, which fails with UNFIT for such a value."""
        if self.unfit == NEVER:
            return self.expression
        return f"CASE WHEN {self.unfit} THEN error('{UNFIT}') ELSE {self.expression} END"


def reading(column: Column, name: str, stored: str, zone: str) -> Reading:
    """Return how to read a column that a file stores under a name as a DuckDB type.

    A whole number that is wider than INT is read as BIGINT, so that the SELECTs see its true value. Instants
    are read in a time zone, timestamps without a zone as they stand.
    """
    value = quoted(name)
    if stored == _DUCKDB[column.type]:
        return Reading(value)
    if column.type in ("INT", "BIGINT"):
        return _whole_number(value, stored, column.type)
    if column.type == "STRING":
        return _text(value, stored, column.name, zone)
    return Reading(
        f"TRY_CAST({value} AS {column.type})",
        f"{value} IS NOT NULL AND TRY_CAST({value} AS {column.type}) IS NULL",
    )


def quoted(name: str) -> str:
    """Return a name of a file's column as SQL."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _whole_number(value: str, stored: str, wanted: str) -> Reading:
    if stored in _SMALL:
        return Reading(f"CAST({value} AS {wanted})")
    if stored in ("BIGINT", "UINTEGER"):
        return Reading(f"CAST({value} AS BIGINT)")
    if stored in _WHOLE or re.fullmatch(r"DECIMAL\(\d+,0\)", stored):
        clamped = f"least(greatest(CAST({value} AS HUGEINT), {-(2**63)}), {2**63 - 1})"
        # DuckDB's greatest() skips NULL.
        return Reading(f"CASE WHEN {value} IS NOT NULL THEN CAST({clamped} AS BIGINT) END")
    if stored in ("DOUBLE", "FLOAT") or stored.startswith("DECIMAL"):
        return Reading(_of_double(f"CAST({value} AS DOUBLE)"), f"{value} <> trunc({value})")
    if stored == "VARCHAR":
        number = f"TRY_CAST({value} AS DOUBLE)"
        return Reading(
            f"coalesce(TRY_CAST({value} AS BIGINT), {_of_double(number)})",
            f"NOT regexp_full_match({value}, '{_NUMBER}') OR {number} <> trunc({number})",
        )
    return Reading("NULL", f"{value} IS NOT NULL")


def _of_double(number: str) -> str:
    """Convert a number without a fraction, NaN to NULL."""
    clamped = f"least(greatest({number}, {-_LARGEST_DOUBLE}), {_LARGEST_DOUBLE})"
    return f"CASE WHEN NOT isnan({number}) THEN CAST({clamped} AS BIGINT) END"


def _text(value: str, stored: str, name: str, zone: str) -> Reading:
    as_text = f"CAST({value} AS VARCHAR)"
    if stored in ("DOUBLE", "FLOAT") or stored.startswith("DECIMAL"):
        # 200.0 is the code 200; beyond a double's precision, the number as it is written.
        number = f"CAST({value} AS DOUBLE)"
        whole = f"CAST(CAST({value} AS BIGINT) AS VARCHAR)"
        return Reading(
            f"CASE WHEN isnan({number}) THEN NULL WHEN abs({number}) < 1e15 AND {value} = trunc({value}) "
            f"THEN {whole} ELSE {as_text} END"
        )
    if stored.startswith("TIMESTAMP"):
        kind = "TIME_NS" if stored.endswith("_NS") else "TIME"
        if stored in ("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"):
            value = f"timezone('{zone}', {value})"
        part = {"p_date": "DATE", "p_time": kind}.get(name, "VARCHAR")
        return Reading(f"CAST(CAST({value} AS {part}) AS VARCHAR)", f"NOT isfinite({value})")
    misplaced = {"p_date": ("TIME", "TIME_NS"), "p_time": ("DATE",)}.get(name, ())
    if stored in _AS_TEXT and stored not in misplaced:
        return Reading(as_text)
    return Reading("NULL", f"{value} IS NOT NULL")
