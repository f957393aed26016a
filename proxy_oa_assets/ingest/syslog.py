"""What a syslog server writes in front of a log's lines."""

from __future__ import annotations

import re

import numpy as np

from proxy_oa_assets.ingest.declaration import Declaration
from proxy_oa_assets.ingest.log_lines import Lines

_ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|z|[+-]\d\d:?\d\d)?"
_BSD = r"[A-Z][a-z]{2} [ \d]\d (?:\d{4} )?\d\d:\d\d:\d\d"
_TAG = r"[\w./()-]+(?:\[\d+\])?: +"
# RFC 5424; RFC 3164, whose tag can be missing; what rsyslog writes to files. Without a priority, an ISO time
# and a host are a prefix only before a tag: a log of its own can begin with them.
PREFIX = (
    rf"(?:<\d{{1,3}}>1 (?:{_ISO}|-) ?\S+ \S+ \S+ \S+ (?:-|\[(?:[^\]\\]|\\.)*\]) (?:\xef\xbb\xbf)?"
    rf"|(?:<\d{{1,3}}>)?{_BSD} (?!CEF:)[^\s,]+ (?:{_TAG})?"
    rf"|<\d{{1,3}}>{_ISO} [^\s,]+ (?:{_TAG})?"
    rf"|{_ISO} \S+ {_TAG})"
)
_TIME = re.compile(rf"(?:<\d{{1,3}}>)?(?:1 )? ?({_ISO})")
_PREFIXES = re.compile(rb"^" + PREFIX.encode(), re.MULTILINE)
# Others find their fields wherever they stand.
_FAMILIES = ("delimited", "json", "logformat")


def without_syslog(lines: Lines, declaration: Declaration) -> Lines:
    """Return lines without the prefix of a syslog server, if the first of them has one."""
    if declaration.family not in _FAMILIES or not _PREFIXES.match(lines.text):
        return lines
    text = _PREFIXES.sub(b"", lines.text)
    ends = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("\n"))
    return Lines(text, ends, lines.offsets, lines.number, lines.glued)


def time_of(line: str) -> str:
    """Return the time of the syslog server in ISO 8601, or nothing if there is none or it has no year."""
    match = _TIME.match(line)
    return match[1].upper() if match else ""
