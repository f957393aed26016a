"""The families of formats: each splits a block's lines for the SELECT, and parses a single line exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from proxy_oa_assets.ingest.families import cef, delimited, json_lines, key_value, logformat
from proxy_oa_assets.ingest.families.prepared import Fields, Prepared
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import Lines


@dataclass(frozen=True)
class _Family:
    prepare: Callable[[Lines, Layout], Prepared]
    parse: Callable[[str, Layout], Fields | str]


_FAMILIES = {
    "delimited": _Family(delimited.prepare, delimited.parse),
    "json": _Family(json_lines.prepare, json_lines.parse),
    "logformat": _Family(logformat.prepare, logformat.parse),
    "key_value": _Family(key_value.prepare, key_value.parse),
    "cef": _Family(cef.prepare, cef.parse),
}


def prepare(lines: Lines, layout: Layout) -> Prepared:
    """Return a block's lines as the SELECT of `target.py` reads them."""
    return _FAMILIES[layout.declaration.family].prepare(lines, layout)


def parse_line(line: str, layout: Layout) -> Fields | str:
    """Return a line's fields, NULL words as None, or the reason why it is rejected."""
    return _FAMILIES[layout.declaration.family].parse(line, layout)
