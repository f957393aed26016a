"""The values of a filter's fields: regular expressions, times, sizes and comparisons."""

import re

from proxy_oa_assets.investigation.filter_text import Kind, Value
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.text import excerpt
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.sql.query import NO_VALUE

# The limits of BIGINT, less one that engines can't all read.
LEAST, MOST = 1 - 2**63, 2**63 - 1

_COMPARED = re.compile(r"(>=|<=|>|<|=)?\s*(.*)", re.DOTALL)
_TYPED = str.maketrans({"≥": ">=", "≤": "<=", "\u2013": "-", "\u2014": "-"})
_RANGE = re.compile(r"\s*(?:-|\.\.)\s*")
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)([kmgt]?)(i?)(?:b|bytes?)?", re.IGNORECASE)
_CLOCK = re.compile(r"([01]?\d|2[0-4])(?::([0-5]\d)(?::([0-5]\d))?)?", re.ASCII)
# What engines disagree about, or only some of them know.
_NOT_PORTABLE = re.compile(r"\(\?(?:[=!<>#]|P)|\\[1-9Zkg]|[*+?}]\+")


def is_nothing(value: Value) -> bool:
    """Return whether a value means requests without one: `-` and `null`, as logs and results have it."""
    return value.kind is Kind.PLAIN and not value.exact and value.text.lower() in (*NO_VALUE, NULL)


def compared(value: Value) -> tuple[str, str]:
    """Return the operator before a value, empty for none, and the rest in lower case."""
    match = _COMPARED.fullmatch(value.text.strip().lower().translate(_TYPED))
    operator, text = match.groups() if match else ("", "")
    return "=" if value.exact else operator or "", text


def between_numbers(operator: str, number: int) -> tuple[int, int]:
    """Return the least and the most whole number that an operator allows; `=` and none allow one."""
    match operator:
        case ">=":
            return number, MOST
        case ">":
            return number + 1, MOST
        case "<=":
            return LEAST, number
        case "<":
            return LEAST, number - 1
    return number, number


def ends(text: str) -> list[str]:
    """Return the two ends of a range `a-b` or `a..b`, or the one value that it is."""
    return _RANGE.split(text, maxsplit=1)


def sizes(value: Value) -> tuple[int, int] | None:
    """Return the least and the most bytes; None for a text that says none.

    A number, with or without a unit, is the least; `=` before it asks for exactly that many.
    """
    operator, text = compared(value)
    found = [_bytes(end) for end in ends(text)]
    if value.kind is Kind.REGEX or any(size is None for size in found) or (operator and len(found) > 1):
        return None
    first, *more = (size for size in found if size is not None)
    if more and more[0] < first:
        return None
    return (first, more[0]) if more else between_numbers(operator or ">=", first)


def clock(text: str) -> str | None:
    """Return a time HH, HH:MM or HH:MM:SS with two digits for the hour; None for another text."""
    match = _CLOCK.fullmatch(text)
    return text.zfill(len(text) + 1) if match and len(match[1]) == 1 else text if match else None


def regex(value: Value) -> str:
    """Return a regular expression that all engines read alike, in any case of letters.

    Raises InvestigationError for one that they don't, and for one that an empty text matches.
    """
    import duckdb

    text = value.text.replace(r"\/", "/")
    if unknown := _NOT_PORTABLE.search(text.replace("\\\\", "")):
        raise InvestigationError(
            f"/{excerpt(text)}/ has {unknown[0]}, which not every SQL engine knows; write it without "
            f"look-around, back-references, named groups and possessive repeats"
        )
    pattern = f"(?i){text}"
    try:
        # RE2, as Impala has it. DuckDB's default connection is the notebook's.
        with duckdb.connect() as connection:
            found = connection.execute("SELECT regexp_matches('', ?)", [pattern]).fetchone()
    except duckdb.Error as error:
        reason = str(error).partition(": ")[2] or str(error)
        raise InvestigationError(
            f"/{excerpt(text)}/ is no regular expression ({excerpt(reason)}); correct it, or write it "
            f"in quotes as plain text"
        ) from error
    if found == (True,):
        raise InvestigationError(
            f"/{excerpt(text)}/ matches an empty text, and so every row; let it need a character"
        )
    return pattern


def unread(field: str, value: Value, examples: str) -> InvestigationError:
    """Return the error about a value that a field can't read."""
    text = excerpt(value.text)
    text = f"/{text}/" if value.kind is Kind.REGEX else text
    return InvestigationError(f"{field}:{text} can't be read; write it like {examples}")


def _bytes(text: str) -> int | None:
    match = _SIZE.fullmatch(text.replace("_", "").replace(" ", ""))
    # 1.000 bytes are a thousand to some.
    if not match or ("." in match[1] and not match[2]):
        return None
    unit: int = (1024 if match[3] else 1000) ** " kmgt".index(match[2].lower() or " ")
    return round(float(match[1]) * unit)
