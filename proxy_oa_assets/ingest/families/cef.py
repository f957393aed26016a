"""Lines of the Common Event Format: a header between bars, and an extension of `key=value` pairs."""

from __future__ import annotations

import re

from proxy_oa_assets.ingest.families.key_value import fields, pairs
from proxy_oa_assets.ingest.families.prepared import Fields, Prepared, parsed
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import Lines

HEADER = ("vendor", "product", "version", "signature", "name", "severity")
# Some products leave `CEF:` out.
_HEADER = re.compile(r"(?:^|(?<=[ >]))(?:CEF: ?)?[01]\|" + r"((?:[^|\\]|\\.)*+)\|" * len(HEADER))
_ESCAPED = re.compile(r"\\([\\=|nr])")
_CONTROL = {"n": "\n", "r": "\r"}
_LABEL = "Label"


def prepare(lines: Lines, layout: Layout) -> Prepared:
    """Parse a block's lines."""
    return parsed(lines, layout, parse)


def parse(line: str, layout: Layout) -> Fields | str:
    """Return the fields that the declaration reads, NULL words as None, or why the line is rejected.

    Fields of the header are `cef.vendor`, `cef.product` and so on. A field with a label (`cs1Label=Policy`)
    is found by its label, too.
    """
    header = _HEADER.search(line)
    if header is None:
        return "no CEF header: CEF:0|vendor|product|version|id|name|severity|"
    found = {f"cef.{name}": _unescaped(header[at]) for at, name in enumerate(HEADER, start=1)}
    for key, value in pairs(line[header.end() :], " "):
        found.setdefault(key, _unescaped(value))
    for key in [key for key in found if key.endswith(_LABEL) and key.removesuffix(_LABEL) in found]:
        found.setdefault(found[key], found[key.removesuffix(_LABEL)])
    return fields(line, found, layout.declaration)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda match: _CONTROL.get(match[1], match[1]), text)
