"""An incident, and its file `incident-<key>.json` beside the incident progressions.

The file is the record of an incident. It is written before the tables that follow it, with what is to be done
there, and again when that is done: a killed change is finished by what touches the day next.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError

from proxy_oa_assets.investigation.day_context import uri_host
from proxy_oa_assets.investigation.listed import Connection
from proxy_oa_assets.investigation.storyboard import Comment
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.deployment import Deployment

_NAME = re.compile(r"incident-([0-9a-f]{12})\.json")


@dataclass(frozen=True)
class Incident:
    """One threat of several connections, with one story.

    `first_seen` and `last_seen` are the times of their earliest and latest requests, `YYYY-MM-DD HH:MM:SS`,
    or the day if the log has no time. `by` saved it last, `at` a time in UTC (ISO 8601).
    """

    key: str
    title: str
    text: str
    connections: Annotated[tuple[Connection, ...], Field(min_length=1)]
    first_seen: str
    last_seen: str
    by: str
    at: str

    @property
    def comment(self) -> Comment:
        """Its story."""
        return Comment(self.title, self.text)

    @property
    def uris(self) -> tuple[str, ...]:
        """Its URIs, each once, in the order of its connections."""
        return tuple(dict.fromkeys(uri for _, uri in self.connections))

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts of its URIs, each once."""
        return tuple(dict.fromkeys(map(uri_host, self.uris)))

    @property
    def clients(self) -> tuple[str, ...]:
        """Its clients, each once."""
        return tuple(dict.fromkeys(client for client, _ in self.connections))


@dataclass(frozen=True)
class Stored:
    """An incident as its file has it.

    `behind` are the comments of single URIs that the incident's took the place of. While the tables don't
    follow the file yet, `state` says why, and `left` are URIs that leave the incident, each with the comment
    that it gets instead, or None for none.
    """

    incident: Incident
    behind: Mapping[str, Comment] = field(default_factory=dict)
    state: Literal["saved", "saving", "deleting"] = "saved"
    left: Mapping[str, Comment | None] = field(default_factory=dict)

    def settled(self) -> Self:
        """Return it once the tables follow."""
        return replace(self, state="saved", left={})

    def write(self, day: Day, deployment: Deployment) -> None:
        """Replace the file."""
        path = deployment.workspace.incident(day, self.incident.key)
        deployment.hdfs.write(path, [_FORM.dump_json(self)])


_FORM = TypeAdapter(Stored)


def read_incidents(day: Day, deployment: Deployment) -> dict[str, Stored]:
    """Return the day's incidents by key, the last saved one last; a file that isn't one is logged."""
    found = []
    for entry in deployment.hdfs.list_folder(deployment.workspace.progressions(day)):
        if not (named := _NAME.fullmatch(entry.name)):
            continue
        with deployment.hdfs.open(entry.path) as file:
            content = file.read()
        try:
            stored = _FORM.validate_json(content)
        except ValidationError as error:
            logging.getLogger(__name__).warning(
                "%s isn't an incident and is left out (%s); restore it from a backup, or remove it",
                deployment.hdfs.location(entry.path),
                error.errors(include_url=False)[0]["msg"],
            )
            continue
        # A copied file has the key of another.
        found.append(replace(stored, incident=replace(stored.incident, key=named[1])))
    found.sort(key=lambda stored: (stored.incident.at, stored.incident.key))
    return {stored.incident.key: stored for stored in found}


def holders(stored: Mapping[str, Stored], uri: str, without: Sequence[str] = ()) -> list[Stored]:
    """Return the incidents that a URI belongs to, the last saved one last."""
    return [
        each
        for key, each in stored.items()
        if key not in without and each.state != "deleting" and uri in each.incident.uris
    ]


def time_after(others: Iterable[str]) -> str:
    """Return the time of saving, after that of every other incident even if the clock was set back.

    The one saved last has the last word on a URI that belongs to several.
    """
    now, last = dt.datetime.now(dt.UTC), max(others, default="")
    with suppress(ValueError, OverflowError):  # a file's time may be any text
        now = max(now, dt.datetime.fromisoformat(last).astimezone(dt.UTC) + dt.timedelta(milliseconds=1))
    return now.isoformat(timespec="milliseconds")
