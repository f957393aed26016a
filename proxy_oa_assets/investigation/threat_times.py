"""When URIs were first asked for, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proxy_oa_assets.investigation.day_context import in_statements
from proxy_oa_assets.investigation.listed import Connection
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.threats import connection_times

# When a connection was first and last seen, HH:MM:SS; None if the log has no time.
Times = tuple[str | None, str | None]


def times_of(day: Day, deployment: Deployment, uris: Iterable[str]) -> dict[Connection, Times]:
    """Return every connection of the day's raw log to URIs, with its times."""
    return {(client, uri): (first, last) for client, uri, first, last in _rows(day, deployment, uris)}


def first_times(day: Day, deployment: Deployment, uris: Iterable[str]) -> dict[str, str]:
    """Return the time of the first request to each URI; empty if the log has none."""
    found = dict.fromkeys(uris, "")
    for _, uri, first, _ in _rows(day, deployment, found):
        found[uri] = min(filter(None, (found[uri], first)), default="")
    return found


def _rows(
    day: Day, deployment: Deployment, uris: Iterable[str]
) -> Iterator[tuple[str, str, str | None, str | None]]:
    for group in in_statements(dict.fromkeys(uris)):
        for client, uri, *times in deployment.impala.rows(connection_times(day, group)):
            first, last = (None if time is None else str(time) for time in times)
            yield str(client), str(uri), first, last
