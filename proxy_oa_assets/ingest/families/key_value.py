"""Lines of `key=value` pairs in any order, as syslog carries them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from proxy_oa_assets.ingest.declaration import SEPARATORS, Declaration
from proxy_oa_assets.ingest.families.prepared import Fields, Prepared, parsed
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import Lines
from proxy_oa_assets.ingest.syslog import time_of

_PRIORITY = r"<\d{1,3}>"
_KEY = r"[A-Za-z_][\w.()\[\]/-]*"


def prepare(lines: Lines, layout: Layout) -> Prepared:
    """Parse a block's lines."""
    return parsed(lines, layout, parse)


def parse(line: str, layout: Layout) -> Fields | str:
    """Return the fields that the declaration reads, NULL words as None, or why the line is rejected."""
    found: dict[str, str] = {}
    for key, value in pairs(line, SEPARATORS[layout.declaration.separator]):
        found.setdefault(key, value)
    return fields(line, found, layout.declaration)


def fields(line: str, found: dict[str, str], declaration: Declaration) -> Fields | str:
    """Return the declared fields among those of a line, or why it is rejected.

    Names are found in another case, too. The field `syslog.time` is the time of a syslog server, if it has a
    year.
    """
    found["syslog.time"] = time_of(line)
    by_name = {**{key.lower(): value for key, value in reversed(found.items())}, **found}
    for names in declaration.requires:
        if not any(name in by_name or name.lower() in by_name for name in names.split("|")):
            return f"it has no field {names.replace('|', ' or ')}"
    values = [by_name.get(name, by_name.get(name.lower())) for name in declaration.source_fields()]
    return [None if value in declaration.null else value for value in values]


def pairs(text: str, separator: str) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a text. A value that isn't quoted lasts until the next key.

    Of two pairs with one key, the first is what the proxy wrote: what follows can come from a client.
    """
    key, quoted = _patterns(separator)
    match, can_be_quoted = key.search(text), True
    while match:
        start = match.end()
        value = quoted.match(text, start) if can_be_quoted and text.startswith('"', start) else None
        if value:
            following = key.search(text, value.end())
            yield match[1], value[1].replace('\\"', '"')
        else:
            # Without a quote that closes this one there is none that closes a later one.
            can_be_quoted = can_be_quoted and not text.startswith('"', start)
            following = key.search(text, start)
            stop = following.start() - 1 if following else len(text)
            yield match[1], text[start : max(start, stop)].rstrip(f"{separator} ")
        match = following


@cache
def _patterns(separator: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    s = re.escape(separator)
    # What a quote that closes a value stands before.
    end = rf"(?:{s}+{_KEY}=|[{s} ]*$)"
    return (
        re.compile(rf"(?:^(?:{_PRIORITY})?|(?<={s}))({_KEY})="),
        re.compile(rf'"((?:[^"\\]|\\.|"(?!{end}))*+)"(?={end})', re.DOTALL),
    )
