"""A day's raw requests: those of a client, to a host, of a filter, and of connections."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from proxy_oa_assets.investigation.day_context import day_context, uri_host, uri_text
from proxy_oa_assets.investigation.filters import Filters
from proxy_oa_assets.investigation.listed import (
    MOST_NAMED,
    Connection,
    Listed,
    check_page,
    page_times,
    pairs_of,
)
from proxy_oa_assets.investigation.materialized_days import check_log
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY, records
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.conditions import EVERY_ROW, Condition, between, equals, one_of
from proxy_oa_assets.sql.day_requests import (
    requests_at,
    requests_per_time,
    scored_connections,
    severities,
)
from proxy_oa_assets.sql.raw_log import DAY_TIME

if TYPE_CHECKING:
    import pandas as pd

_MARKS = ("uri_sev", "ml_score", "word", "uri_rep")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?:\.\d+)?", re.ASCII)


def client_requests(
    day: Day | str,
    clientip: str,
    *,
    filters: str | Filters = "",
    around: str | None = None,
    minutes: float = 2,
    offset: int = 0,
    limit: int = 250,
    deployment: Deployment | None = None,
) -> Listed:
    """Return a client's raw requests of a day, in time order: at most `limit` from the row `offset` on.

    `around` is a time, `HH:MM:SS`: requests up to so many minutes before and after it count alone. The
    columns: those of an expanded search, host, uri_sev (the URI's severity, 0 for none), and of the scored
    connection ml_score, word and uri_rep (NULL for others). A NULL client is the word `null`. Raises
    InvestigationError for a wrong filter, time or page, and for a day without a log.
    """
    client = equals("clientip", clientip, null_is_word=True)
    return _requests(
        day,
        client,
        filters,
        around=around,
        minutes=minutes,
        offset=offset,
        limit=limit,
        deployment=deployment,
    )


def host_requests(
    day: Day | str,
    host: str,
    *,
    filters: str | Filters = "",
    around: str | None = None,
    minutes: float = 2,
    offset: int = 0,
    limit: int = 250,
    deployment: Deployment | None = None,
) -> Listed:
    """Return the raw requests of a day to a host, as `client_requests` does."""
    to_host = equals("host", host, null_is_word=True)
    return _requests(
        day,
        to_host,
        filters,
        around=around,
        minutes=minutes,
        offset=offset,
        limit=limit,
        deployment=deployment,
    )


def found_requests(
    day: Day | str,
    filters: str | Filters,
    *,
    around: str | None = None,
    minutes: float = 2,
    offset: int = 0,
    limit: int = 250,
    deployment: Deployment | None = None,
) -> Listed:
    """Return the raw requests of a day that fit a filter, as `client_requests` does."""
    return _requests(
        day,
        EVERY_ROW,
        filters,
        around=around,
        minutes=minutes,
        offset=offset,
        limit=limit,
        deployment=deployment,
    )


def requests_of(
    day: Day | str, connections: Iterable[Connection], *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return all raw requests of connections, in time order; the columns of `client_requests`."""
    import pandas as pd

    day, deployment = day_context(day, deployment)
    wanted: dict[str, set[str]] = {}
    for client, uri in pairs_of(connections):
        wanted.setdefault(uri, set()).add(client)
    uris = sorted(wanted)
    parts = []
    for at in range(0, max(len(uris), 1), MOST_NAMED):
        some = uris[at : at + MOST_NAMED]
        clients = sorted({client for uri in some for client in wanted[uri]})
        condition = Condition.all(
            [
                one_of("fulluri", some, null_is_word=True),
                # A busy URI has many other clients.
                *([one_of("clientip", clients, null_is_word=True)] if len(clients) <= MOST_NAMED else []),
            ]
        )
        rows = deployment.impala.query(requests_at(day, condition, None, None))
        pairs = zip(rows["clientip"].fillna(NULL), rows["fulluri"].fillna(NULL), strict=True)
        parts.append(rows[pd.array([client in wanted[uri] for client, uri in pairs], dtype="bool")])
    found = parts[0] if len(parts) == 1 else _in_time_order(pd.concat(parts))
    return marked(day, found.reset_index(drop=True), deployment)


def connections_seen(
    day: Day | str, connections: Iterable[Connection], *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return a row per connection, in the given order, with what the raw log has of it.

    The columns are `first` (a time, or NULL), `clientip`, `host`, `fulluri`, `requests` and `uri_sev`.
    """
    import pandas as pd

    pairs = list(dict.fromkeys(connections))
    found = requests_of(day, pairs, deployment=deployment) if pairs else None
    seen: dict[Connection, list[object]] = {}
    names = ["clientip", "fulluri", "p_time", "host", "uri_sev"]
    for client, uri, time, host, severity in [] if found is None else records(found[names]):
        row = seen.setdefault((uri_text(client), uri_text(uri)), [time, client, host, uri, 0, severity])
        row[4] = cast("int", row[4]) + 1
    return pd.DataFrame(
        [seen.get(pair) or [None, pair[0], uri_host(pair[1]), pair[1], 0, 0] for pair in pairs],
        columns=["first", "clientip", "host", "fulluri", "requests", "uri_sev"],
    )


def marked(day: Day, rows: pd.DataFrame, deployment: Deployment) -> pd.DataFrame:
    """Return raw rows with the severity of each URI, and score, reasons and verdicts of each connection."""
    uris = rows["fulluri"].fillna(NULL)
    given = deployment.impala.query(severities(day)).set_index("fulluri")["uri_sev"]
    rows = rows.assign(_client=rows["clientip"].fillna(NULL), _uri=uris)
    scored = deployment.impala.query(scored_connections(day)).drop(columns="host")
    scored = scored.rename(columns={"clientip": "_client", "fulluri": "_uri"})
    rows = rows.merge(scored, how="left", on=["_client", "_uri"]).drop(columns=["_client", "_uri"])
    rows = rows.assign(uri_sev=uris.map(given).fillna(0).astype("int64").to_numpy())
    return rows[[*(name for name in rows.columns if name not in _MARKS), *_MARKS]]


def _requests(
    day: Day | str,
    condition: Condition,
    filters: str | Filters,
    *,
    around: str | None,
    minutes: float,
    offset: int,
    limit: int,
    deployment: Deployment | None,
) -> Listed:
    check_page(limit, offset)
    wanted = Filters.parse(filters)
    window = [] if around is None else [_window(around, minutes)]
    day, deployment = day_context(day, deployment)
    every = Condition.all([condition, *window, wanted.condition(PROXY, day, deployment)])
    # The first statement reads few columns of the day, the second one only the times of the page.
    page = page_times(deployment.impala.query(requests_per_time(day, every)), limit, offset)
    if not page.total:
        check_log(day, deployment)
    rows = deployment.impala.query(requests_at(day, every, page.times, page.before + limit))
    rows = rows.iloc[page.before :].reset_index(drop=True)
    return Listed(marked(day, rows, deployment), page.total, offset)


def _window(around: str, minutes: float) -> Condition:
    """Return the condition of the times up to so many minutes before and after a time."""
    match = _CLOCK.fullmatch(around.strip())
    if not match or minutes < 0:
        raise InvestigationError(f"around {around!r} by {minutes} minutes is no time; write it like 09:41:07")
    hours, minute, seconds = (int(part or 0) for part in match.groups())
    at = (hours * 60 + minute) * 60 + seconds
    low, high = max(at - round(minutes * 60), 0), min(at + round(minutes * 60), 24 * 3600 - 1)
    return between(DAY_TIME, _clock(low), f"{_clock(high)}~")


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _in_time_order(rows: pd.DataFrame) -> pd.DataFrame:
    times = rows["p_time"].str.replace(r"^(.:)", r"0\1", regex=True)
    names = [name for name in rows.columns if name != "p_time"]
    return (
        rows.assign(_at=times).sort_values(["_at", "p_time", *names], na_position="last").drop(columns="_at")
    )
