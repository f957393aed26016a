"""The file of a day's journal: which analyst gave or took back which severity, and when.

JSON lines, one for each change of several URIs. A change is recorded before it is made, so that none is
without a record; one that a kill then prevented is left out when the journal is read.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError

from proxy_oa_assets.investigation.feedback import read
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment

# The oldest lines go first: each change writes the whole file.
_MOST_BYTES = 4_000_000

# A severity, or None for none.
Given = Annotated[int, Field(ge=1, le=3)] | None


@dataclass(frozen=True)
class Change:
    """A change of severities by an analyst: of each URI, the one before and after it.

    `at` is the time in UTC (ISO 8601); `undoes` is the key of the change that it undid, if it undid one.
    """

    by: str
    severities: Mapping[str, tuple[Given, Given]]
    undoes: str | None = None
    at: str = field(default_factory=lambda: dt.datetime.now(dt.UTC).isoformat(timespec="seconds"))
    key: str = field(default_factory=lambda: uuid.uuid4().hex)


class Made(NamedTuple):
    """A change of one URI that was made."""

    change: Change
    fulluri: str
    before: Given
    after: Given


_FORM = TypeAdapter(Change)


def read_journal(day: Day, deployment: Deployment) -> list[Change]:
    """Return the recorded changes, the oldest first; lines that aren't ours are logged and left out."""
    path = deployment.workspace.journal(day)
    found, others = [], 0
    for line in read(deployment.hdfs, path).splitlines():
        try:
            found.append(_FORM.validate_json(line))
        except ValidationError:
            others += 1
    if others:
        logging.getLogger(__name__).warning(
            "%s has %s that no analyst's change left, which are kept and not shown",
            deployment.hdfs.location(path),
            counted(others, "line"),
        )
    return found


def record(day: Day, deployment: Deployment, change: Change) -> None:
    """Add a change to the journal. The analysts' lock must be held."""
    path = deployment.workspace.journal(day)
    lines = read(deployment.hdfs, path).splitlines()
    lines.append(_FORM.dump_json(change))
    size, kept = 0, list[bytes]()
    for line in reversed(lines):
        size += len(line) + 1
        if kept and size > _MOST_BYTES:
            break
        kept.append(line)
    deployment.hdfs.write(path, [line + b"\n" for line in reversed(kept)])


def made(changes: Iterable[Change], now: Mapping[str, int]) -> Iterator[Made]:
    """Yield what was changed of each URI, the last change first; `now` are the day's severities.

    A recorded change wasn't made if what follows it, the next change or `now`, has the severity before it.
    """
    following = dict[str, Given]()
    for change in reversed(list(changes)):
        for uri, (before, after) in change.severities.items():
            if following.get(uri, now.get(uri)) != before or after == before:
                yield Made(change, uri, before, after)
            following[uri] = before
