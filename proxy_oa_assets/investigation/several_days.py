"""What several days have: totals of a filter per day, and when a host, URI or client was seen before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

from proxy_oa_assets.investigation.day_context import day_context
from proxy_oa_assets.investigation.filters import Filters
from proxy_oa_assets.investigation.materialized_days import logged_days
from proxy_oa_assets.investigation.pasted_uris import client_readings, host_readings, uri_readings
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY, PROXY_HISTORY, Table, records
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.sql.conditions import equals, one_of
from proxy_oa_assets.sql.day_requests import hosts_of
from proxy_oa_assets.sql.day_summaries import clients_of, day_totals
from proxy_oa_assets.sql.history import history_sightings
from proxy_oa_assets.sql.query import days_with_rows

if TYPE_CHECKING:
    import pandas as pd

SIGHTING_DAYS = 30
_LOWERED = str.maketrans(ascii_uppercase, ascii_lowercase)


@dataclass(frozen=True)
class Sightings:
    """On which days something was requested, of those that there are.

    `by_day` has a row per day on which it was: day (YYYY-MM-DD), requests, clients, hosts.
    """

    by_day: pd.DataFrame
    clients: int
    days_known: int

    @property
    def first_day(self) -> str | None:
        """The first day; None for none."""
        return str(self.by_day["day"].iloc[0]) if len(self.by_day) else None

    @property
    def days(self) -> int:
        """How many days."""
        return len(self.by_day)

    @property
    def requests(self) -> int:
        """How many requests on all of them."""
        return int(self.by_day["requests"].sum())


def search_days(
    first_day: Day | str,
    last_day: Day | str,
    filters: str | Filters,
    *,
    deployment: Deployment | None = None,
) -> pd.DataFrame:
    """Return a row per day from first to last that has a log: what of its raw requests fits a filter.

    The columns: day (YYYY-MM-DD), requests, clients, hosts, first and last (times, NULL for none). A day
    that the raw log has no partition of has no row. Memory doesn't grow with the days: each is counted by the
    SQL engine. Raises InvestigationError for a wrong filter, and if the last day is before the first.
    """
    import pandas as pd

    wanted = Filters.parse(filters)
    first, deployment = day_context(first_day, deployment)
    last, _ = day_context(last_day, deployment)
    if last < first:
        raise InvestigationError(f"the last day, {last}, is before the first, {first}; swap them")
    rows = []
    for day in logged_days(first, last, deployment):
        condition = wanted.condition(PROXY, day, deployment)
        (found,) = records(deployment.impala.query(day_totals(day, condition)))
        rows.append((day.key, *found))
    columns = ["day", "requests", "clients", "hosts", "first", "last"]
    return pd.DataFrame(rows, columns=columns)


def sightings(
    day: Day | str,
    *,
    host: str | None = None,
    fulluri: str | None = None,
    clientip: str | None = None,
    back: int = SIGHTING_DAYS,
    deployment: Deployment | None = None,
) -> Sightings:
    """Return when a host, a URI or a client, one of them, was seen on a day and the `back` days before it.

    Hosts and clients are found in `proxy_history`, on days without it in the raw log; a URI in the raw log of
    the days that have one of its hosts. What no day has as it stands is read as a paste, with a scheme or
    defanged. Raises InvestigationError for none or several of them.
    """
    given = [
        (kind, readings(value))
        for kind, value, readings in (
            ("host", host, host_readings),
            ("fulluri", fulluri, uri_readings),
            ("clientip", clientip, client_readings),
        )
        if value is not None
    ]
    if len(given) != 1 or back < 0:
        raise InvestigationError("sightings are of one host, fulluri or clientip, and go back 0 days or more")
    day, deployment = day_context(day, deployment)
    [(kind, values)] = given
    for value in values:
        found = _sightings(day, kind, value, back, deployment)
        if found.days:
            break
    return found


def _sightings(day: Day, kind: str, value: str, back: int, deployment: Deployment) -> Sightings:
    import pandas as pd

    first, warehouse = day.plus(-back), deployment.impala
    remembered = _days_with_rows(PROXY_HISTORY, first, day, warehouse)
    known = remembered | _days_with_rows(PROXY, first, day, warehouse)
    found: dict[Day, list[_Seen]] = {}
    if kind != "fulluri":
        if kind == "host":
            # As history writes hosts: letters other than ASCII's stay.
            value = value.translate(_LOWERED)
            condition = equals("lower(host)", value)
        else:
            condition = equals("clientip", value, null_is_word=True)
        if remembered:
            found = _in_history(first, day, kind, [value], warehouse)
        searched = known - remembered
    else:
        condition = equals("fulluri", value, null_is_word=True)
        hosts = [str(each) for (each,) in records(warehouse.query(hosts_of(day, condition))) if each]
        searched = known - remembered | {day}
        if remembered and hosts:
            lowered = [each.translate(_LOWERED) for each in hosts]
            searched |= _in_history(first, day, "host", lowered, warehouse).keys()
        elif remembered:
            searched = known
    for each in searched:
        rows = records(warehouse.query(clients_of(each, condition)))
        found[each] = [_Seen(client, int(str(requests)), int(str(hosts))) for client, requests, hosts in rows]
    by_day = [
        (on.key, sum(seen.requests for seen in all_seen), len(all_seen), max(seen.hosts for seen in all_seen))
        for on, all_seen in sorted(found.items())
        if all_seen
    ]
    clients = {seen.client for all_seen in found.values() for seen in all_seen}
    return Sightings(
        pd.DataFrame(by_day, columns=["day", "requests", "clients", "hosts"]), len(clients), len(known)
    )


class _Seen(NamedTuple):
    """What a client requested on a day."""

    client: object
    requests: int
    hosts: int


def _in_history(
    first: Day, last: Day, name: str, values: Sequence[str], warehouse: Warehouse
) -> dict[Day, list[_Seen]]:
    found: dict[Day, list[_Seen]] = {}
    for number, client, requests, hosts in warehouse.rows(
        history_sightings(first, last, one_of(name, values))
    ):
        found.setdefault(_day(number), []).append(_Seen(client, int(str(requests)), int(str(hosts))))
    return found


def _days_with_rows(table: Table, first: Day, last: Day, warehouse: Warehouse) -> set[Day]:
    return {_day(number) for (number,) in warehouse.rows(days_with_rows(table, first, last))}


def _day(number: object) -> Day:
    text = str(number)
    return Day.parse(f"{text[:4]}-{text[4:6]}-{text[6:]}")
