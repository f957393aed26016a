"""Lines whose fields stand between separators: tab, blanks, comma, some fields in double quotes.

Regular lines are split by numpy for whole blocks; a line that isn't regular is parsed by itself, exactly.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from proxy_oa_assets.ingest.declaration import SEPARATORS, Declaration
from proxy_oa_assets.ingest.families.prepared import Fields, Prepared
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import Bytes, Lines, Offsets

# Stands between the fields of a regular line; a line that has one as data isn't regular.
UNIT = "\x1f"
_UNIT, _QUOTE, _BACKSLASH, _LF = 0x1F, 0x22, 0x5C, 10

# Without the line feed.
_SPLIT = f"string_split(left(text, len(text) - 1), chr({_UNIT}))"

Mask = npt.NDArray[np.bool_]
ParseLine = Callable[[str, Layout], Fields | str]


@dataclass(frozen=True)
class Split:
    """A block's lines with `UNIT` between their fields; those that aren't `regular` must be parsed."""

    text: bytes
    ends: Offsets
    counts: Offsets
    regular: Mask


def split(lines: Lines, declaration: Declaration) -> Split:
    """Put `UNIT` between the fields of a block's lines, and take quotes and repeated blanks away."""
    separator = ord(SEPARATORS[declaration.separator])
    original = np.frombuffer(lines.text, np.uint8)
    regular = np.ones(len(lines), dtype=np.bool_)
    if UNIT.encode() in lines.text:
        regular[_line_of(np.flatnonzero(original == _UNIT), lines.ends)] = False
    separators = np.flatnonzero(original == separator)
    drop = np.empty(0, dtype=np.int64)
    if declaration.quote != "none" and b'"' in lines.text:
        separators, drop = _outside_quotes(original, separators, separator, lines.ends, regular)
    if declaration.header == "zeek" and b"\\" in lines.text:
        regular[_line_of(np.flatnonzero(original == _BACKSLASH), lines.ends)] = False
    elif declaration.quote == "backslash" and b"\\" in lines.text:
        escapes = np.flatnonzero(original == _BACKSLASH)
        quoted = np.searchsorted(drop, escapes) % 2 == 1
        regular[_line_of(escapes[quoted], lines.ends)] = False
    if declaration.separator == "blanks":
        separators, repeated = _without_repeated(separators)
        drop = np.concatenate((drop, repeated))
        blank = (original[lines.starts] == separator) | (original[lines.ends - 1] == separator)
        regular[blank] = False
    marked = original.copy()
    marked[separators] = _UNIT
    counts = np.diff(np.searchsorted(separators, lines.ends), prepend=0) + 1
    if len(drop):
        keep = np.ones(len(marked), dtype=np.bool_)
        keep[drop] = False
        marked = marked[keep]
        return Split(marked.tobytes(), np.flatnonzero(marked == _LF), counts, regular)
    return Split(marked.tobytes(), lines.ends, counts, regular)


def _without_repeated(separators: Offsets) -> tuple[Offsets, Offsets]:
    """Return the separators that don't stand right behind another one, and those that do."""
    repeated = np.zeros(len(separators), dtype=np.bool_)
    repeated[1:] = separators[1:] == separators[:-1] + 1
    return separators[~repeated], separators[repeated]


def _line_of(places: Offsets, ends: Offsets) -> Offsets:
    return np.searchsorted(ends, places)


def _outside_quotes(
    text: Bytes, separators: Offsets, separator: int, ends: Offsets, regular: Mask
) -> tuple[Offsets, Offsets]:
    """Return the separators outside of quotes, and the quotes; lines with a quote elsewhere aren't regular.

    A quote opens a field behind a separator, and closes it before one.
    """
    quotes = np.flatnonzero(text == _QUOTE)
    until = np.searchsorted(quotes, ends)
    counts = np.diff(until, prepend=0)
    opens = (np.arange(len(quotes)) - np.repeat(until - counts, counts)) & 1 == 0
    before = np.where(quotes > 0, text[quotes - 1], _LF)
    beside = np.where(opens, before, text[quotes + 1])
    fits = ((beside == separator) | (beside == _LF)) & (before != _BACKSLASH)
    odd = counts & 1 == 1
    if odd.any() or not fits.all():
        lines = np.repeat(np.arange(len(ends)), counts)
        regular[odd] = False
        regular[lines[~fits]] = False
        quotes = quotes[regular[lines]]
    # Those that are left open and close in turn.
    places = np.searchsorted(separators, quotes)
    opened, closed = (np.bincount(places[n::2], minlength=len(separators) + 1) for n in (0, 1))
    inside = np.cumsum(opened - closed)[:-1]
    return separators[inside == 0], quotes


_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_ZEEK_ESCAPED = re.compile(r"((?:\\x[0-9A-Fa-f]{2})+)|\\\\")
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}


def parse(line: str, layout: Layout) -> Fields | str:
    """Return a line's fields, NULL words as None, or the reason why it is rejected."""
    declaration, expected = layout.declaration, len(layout.fields)
    fields = _parts(line, declaration, expected)
    surplus = len(fields) - expected
    if surplus > 0 and declaration.surplus:
        at = declaration.fields.index(declaration.surplus)
        fields[at : at + surplus + 1] = [" ".join(fields[at : at + surplus + 1])]
    elif surplus > 0 and declaration.more_fields:
        fields = fields[:expected]
    elif surplus < 0 and (declaration.fewer_fields or _is_cut(line, declaration)):
        return [*(_value(each, declaration) for each in fields), *([None] * -surplus)]
    elif surplus:
        named = " that the header names" if declaration.header in ("w3c", "names", "hash") else ""
        return f"{len(fields)} fields instead of {expected}{named}"
    return [_value(each, declaration) for each in fields]


def _is_cut(line: str, declaration: Declaration) -> bool:
    # Characters outside of ASCII have been replaced by longer ones.
    return bool(declaration.cut_at) and len(line.encode()) >= declaration.cut_at - 1


def _value(text: str, declaration: Declaration) -> str | None:
    if text in declaration.null:
        return None
    if declaration.header == "zeek" and "\\" in text:
        return _ZEEK_ESCAPED.sub(_unescaped_zeek, text)
    return text


def _unescaped_zeek(match: re.Match[str]) -> str:
    if match[1] is None:
        return "\\"
    text = bytes.fromhex(match[1].replace("\\x", "")).decode("utf-8", errors="replace")
    # Control characters stay as Zeek writes them.
    return "".join(
        each if each.isprintable() else f"\\x{ord(each):02x}".upper().replace("X", "x") for each in text
    )


def _parts(line: str, declaration: Declaration, expected: int) -> list[str]:
    """Return a line's fields as the first reading of its quotes has them that gives the expected number."""
    separator, quote = SEPARATORS[declaration.separator], declaration.quote
    with_empty = declaration.separator != "blanks"
    readings = _READINGS[quote] if '"' in line else ("none",)
    first: list[str] = []
    unclosed: list[str] = []
    for reading in readings:
        parts, closed = _read(line, separator, reading, with_empty=with_empty)
        if len(parts) == expected and closed:
            return parts
        if len(parts) == expected:
            unclosed = unclosed or parts
        first = first or parts
    if unclosed:
        return unclosed
    # A field that is empty between two blanks.
    if declaration.header == "w3c" and not with_empty and len(first) < expected:
        parts, _ = _read(line, separator, readings[0], with_empty=True)
        if len(parts) == expected:
            return parts
    return first


# How quotes in a quoted field can have been written; a line shows by its number of fields which is right.
_READINGS = {
    "none": ("none",),
    "plain": ("doubled", "plain", "raw", "nested"),
    "backslash": ("backslash",),
    "doubled": ("doubled", "plain"),
}


@cache
def _quoted(reading: str, separator: str) -> re.Pattern[str]:
    """Return the pattern of a quoted field, which a quote closes before a separator unless it is escaped."""
    s = re.escape(separator)
    inner = {
        "doubled": '[^"]|""',
        "plain": '[^"]',
        "raw": r'[^"\\]|\\.',
        "nested": rf'[^"]|(?<={s})"[^"]*+"',
        "backslash": r'[^"\\]|\\.',
    }[reading]
    return re.compile(rf'"(?:{inner}|"(?!{s}|$))*+"(?={s}|$)', re.DOTALL)


def _read(line: str, separator: str, reading: str, *, with_empty: bool) -> tuple[list[str], bool]:
    """Return the fields of a reading, and whether each quote that opens one is closed."""
    parts: list[str] = []
    at, end = 0, len(line)
    can_be_quoted, closed = reading != "none", True
    while at < end or (with_empty and at == end):
        if not with_empty and line[at] == separator:
            at += 1
            continue
        start = at
        while separator != " " and line.startswith(" ", start):
            start += 1
        match = None
        if can_be_quoted and line.startswith('"', start):
            match = _quoted(reading, separator).match(line, start)
            # Without a quote that closes this one there is none that closes a later one.
            can_be_quoted = closed = match is not None
        if match:
            parts.append(_unquoted(match[0][1:-1], reading))
            at = match.end() + 1
        else:
            stop = line.find(separator, at)
            stop = end if stop < 0 else stop
            parts.append(line[at:stop])
            at = stop + 1
    return parts, closed


def _unquoted(text: str, reading: str) -> str:
    if reading == "backslash":
        return _ESCAPED.sub(lambda match: _CONTROL.get(match[1], match[1]), text)
    return text.replace('""', '"') if reading == "doubled" else text


def prepare(lines: Lines, layout: Layout) -> Prepared:
    """Split a block's lines into the fields that the layout has."""
    return divided(lines, layout, len(layout.fields), parse)


def divided(lines: Lines, layout: Layout, expected: int, parse_irregular: ParseLine) -> Prepared:
    """Split a block's lines into a number of fields; those that aren't regular are parsed one by one."""
    declaration = layout.declaration
    marked = split(lines, declaration)
    fits = marked.counts == expected
    if declaration.more_fields and not declaration.surplus and declaration.family == "delimited":
        fits |= marked.counts > expected
    if declaration.cut_at:
        # Blanks of a URL that was cut can make up for the fields that are missing.
        fits &= np.diff(lines.ends, prepend=-1) < declaration.cut_at
    texts = line_texts(marked.text, marked.ends)
    return prepared(lines, layout, texts, marked.regular & fits, parse_irregular)


def prepared(
    lines: Lines, layout: Layout, texts: pa.LargeStringArray, regular: Mask, parse_irregular: ParseLine
) -> Prepared:
    """Return the lines whose texts are regular, with `UNIT` between fields, and the others parsed."""
    exact: list[tuple[int, Fields]] = []
    rejected: list[tuple[int, str]] = []
    for index in np.flatnonzero(~regular).tolist():
        fields = parse_irregular(lines.line(index), layout)
        if isinstance(fields, str):
            rejected.append((index, fields))
        else:
            exact.append((index, fields))
    return Prepared(layout.fields, *block_of(texts, regular, exact), rejected)


def block_of(
    texts: pa.LargeStringArray, regular: Mask, exact: list[tuple[int, Fields]], taken: str = _SPLIT
) -> tuple[str, pa.Table]:
    """Return the SELECT over regular texts and parsed lines, and its table.

    `taken` is the SQL of a regular text's fields; by default `UNIT` stands between them.
    """
    numbers = np.arange(len(texts), dtype=np.int64)
    if not regular.all():
        numbers, texts = numbers[regular], texts.filter(pa.array(regular))
    parsed = pa.list_(pa.large_string())
    tables = [pa.table({"line": numbers, "text": texts, "parsed": pa.nulls(len(texts), parsed)})]
    if exact:
        indexes = pa.array([index for index, _ in exact], pa.int64())
        fields = pa.array([fields for _, fields in exact], parsed)
        nothing = pa.nulls(len(exact), pa.large_string())
        tables.append(pa.table({"line": indexes, "text": nothing, "parsed": fields}))
    select = f"SELECT line, parsed IS NOT NULL AS exact, coalesce(parsed, {taken}) AS f FROM block"
    return select, pa.concat_tables(tables)


def line_texts(text: bytes, ends: Offsets) -> pa.LargeStringArray:
    """Return lines as Arrow strings with their line feeds, which share the block's memory."""
    offsets = np.concatenate(([0], ends + 1)).astype(np.int64)
    return pa.LargeStringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))
