"""What belongs to an incident: the requests linked to it, and the likely whole of it from one row."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from proxy_oa_assets.investigation.day_context import day_context, uri_text
from proxy_oa_assets.investigation.listed import MOST_NAMED, Connection, pairs_of
from proxy_oa_assets.investigation.story.linking import Asked, host_of, incident_of
from proxy_oa_assets.model.clock import second_of
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES, records
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.reasons import NEAR, parsed
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.conditions import equals, one_of
from proxy_oa_assets.sql.day_requests import clients_of_hosts, requests_at

if TYPE_CHECKING:
    import pandas as pd

# What the column `link` says of a request, the strongest first.
LED_HERE = "is the referer"
CAME_FROM_HERE = "has it as the referer"
SITE_LED_HERE = "is of the referer's host"
CAME_FROM_SITE = "has its host in the referer"
SAME_TIME = "same client within 2 minutes"
LINKS = (LED_HERE, CAME_FROM_HERE, SITE_LED_HERE, CAME_FROM_SITE, SAME_TIME)

_WITHIN = 120  # seconds
# Points of `near` from which the ranking found other suspicious requests around, and not just some.
_LEAST_NEAR = 1.5
# Of more clients, a host belongs to no single incident.
_FEW_CLIENTS = 5
_KNOWN, _OF_CUSTOMERS = ("popular", "revocation", "updates"), ("user_content", "dynamic_dns")


def related(
    day: Day | str, connections: Iterable[Connection], *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return the raw requests of the connections' clients that are linked to the connections, in time order.

    A connection is a client and a URI; NULL is the word `null`. The columns are those of `expanded_search`,
    host, and `link`: one of `LINKS`. The requests of the connections themselves are left out.
    """
    day, deployment = day_context(day, deployment)
    members = set(pairs_of(connections))
    rows = _rows_of(day, sorted({client for client, _ in members}), deployment)
    by_client = defaultdict[str, list[tuple[int, Asked]]](list)
    for number, (client, asked) in enumerate(_asked(rows)):
        by_client[client].append((number, asked))
    links = dict[int, str]()
    for client, requests in by_client.items():
        links |= _links(requests, {uri for member, uri in members if member == client})
    numbers = sorted(links)
    found = rows.iloc[numbers].assign(link=[links[number] for number in numbers])
    # Some logs write 7:05:03.
    return found.sort_values("p_time", key=lambda times: times.str.zfill(8), kind="stable", ignore_index=True)


def chain(
    day: Day | str, clientip: str, fulluri: str, *, deployment: Deployment | None = None
) -> list[Connection]:
    """Return the connections of one client that probably make up one incident with a URI, the earliest first.

    That is a proposal, from referers, redirects, times and the ranking's reasons: page, exploit, payload and
    calls home, with what the client asked for right between. The connection itself is always among them, even
    if the day's raw log doesn't have it.
    """
    day, deployment = day_context(day, deployment)
    requests = [asked for _, asked in _asked(_rows_of(day, [clientip], deployment))]
    of_client = equals("clientip", clientip, null_is_word=True)
    clients = defaultdict[str, int](int)
    for host, number in records(deployment.impala.query(clients_of_hosts(day, of_client))):
        clients[host_of(str(host).lower())] += int(str(number))
    known = _known(deployment.workspace.ranking_lists)
    rare = {host for host, number in clients.items() if number <= _FEW_CLIENTS and not known(host)}
    found = incident_of(requests, fulluri, rare, _suspicious(day, clientip, rare, deployment))
    return [(clientip, uri) for uri in dict.fromkeys([asked.uri for asked in found] or [fulluri])]


def _rows_of(day: Day, clients: Sequence[str], deployment: Deployment) -> pd.DataFrame:
    """Return the raw rows of some clients; those of few in time order."""
    import pandas as pd

    groups = [clients[at : at + MOST_NAMED] for at in range(0, max(len(clients), 1), MOST_NAMED)]
    return pd.concat(
        [
            deployment.impala.query(
                requests_at(day, one_of("clientip", group, null_is_word=True), None, None)
            )
            for group in groups
        ],
        ignore_index=True,
    )


def _asked(rows: pd.DataFrame) -> Iterator[tuple[str, Asked]]:
    """Yield each raw row's client, and its request."""
    for client, time, uri, referer, code in records(
        rows[["clientip", "p_time", "fulluri", "referer", "respcode"]]
    ):
        yield (
            uri_text(client),
            Asked(
                second_of(str(time)) if time is not None else None,
                uri_text(uri),
                None if referer is None else str(referer),
                str(code or ""),
            ),
        )


def _links(requests: Sequence[tuple[int, Asked]], members: set[str]) -> Mapping[int, str]:
    """Return how requests of a client are linked to those of some URIs, by number."""
    own = [asked for _, asked in requests if asked.uri in members]
    pages, referers = {asked.page for asked in own}, {asked.came_from for asked in own} - {None}
    hosts, sites = {asked.host for asked in own}, {host_of(page) for page in referers if page}
    times = sorted(asked.second for asked in own if asked.second is not None)
    links = dict[int, str]()
    for number, asked in requests:
        if asked.uri in members:
            continue
        if asked.page in referers:
            links[number] = LED_HERE
        elif asked.came_from in pages:
            links[number] = CAME_FROM_HERE
        elif asked.host in sites:
            links[number] = SITE_LED_HERE
        elif asked.came_from and host_of(asked.came_from) in hosts:
            links[number] = CAME_FROM_SITE
        elif asked.second is not None and _is_within(times, asked.second):
            links[number] = SAME_TIME
    return links


def _is_within(times: Sequence[int], second: int) -> bool:
    at = bisect_left(times, second - _WITHIN)
    return at < len(times) and times[at] <= second + _WITHIN


def _known(ranking_lists: str | None) -> Callable[[str], bool]:
    """Return whether a host is a well-known one, whose content isn't its customers'."""
    lists = Lists.of(ranking_lists)
    known = {domain for name in _KNOWN for domain in lists.domains(name)}
    of_customers = {domain for name in _OF_CUSTOMERS for domain in lists.domains(name)}

    def is_known(host: str) -> bool:
        labels = host.split(".")
        tails = [".".join(labels[at:]) for at in range(len(labels))]
        return not known.isdisjoint(tails) and of_customers.isdisjoint(tails)

    return is_known


def _suspicious(day: Day, clientip: str, rare: Collection[str], deployment: Deployment) -> set[str]:
    """Return the hosts of a client that a ranking listed: ours says which are among others, another none."""
    scores = deployment.impala.read_day(PROXY_SCORES, day)
    found = set[str]()
    for client, text, word in records(scores[["clientip", "host", "word"]]):
        if uri_text(client) == clientip and isinstance(text, str):
            host, reasons = host_of(text.lower()), parsed(word)
            points = {reason.name: reason.points or 0.0 for reason in reasons}
            is_among_others = points.get(NEAR, 0.0) >= _LEAST_NEAR and points.get("popular", 0.0) >= 0
            if is_among_others if reasons else host in rare:
                found.add(host)
    return found
