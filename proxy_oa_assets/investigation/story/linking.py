"""Which requests of a client belong to one incident: a proposal from referers, redirects and times.

An exploit kit leaves few referers. Its landing page names the page before; the payload and the calls home
come from a program and name none, or a search engine's start page. So a host joins an incident by a link, or
because the client asked for it without a page, soon before or after, and for the first time that day.
"""

from __future__ import annotations

import re
from bisect import bisect, bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from proxy_oa_assets.model.tsv import NULL

# Seconds: how long a page is shown while links of it are followed; from one step of an incident to the next;
# from its first request back to what a new host is new since; from a redirect to what
# follows; from any request of the incident to one that is ordinary but for its time.
_PAGE, _STEP, _BEFORE, _REDIRECT, _CLOSE = 600, 600, 120, 2, 10
# Before the first request, a host that no ranking listed has to be this close.
_CLOSE_BEFORE = 30
# No link leads from these start pages; programs name them as their referer.
_SEARCH_ENGINE = re.compile(r"(?:www\.)?(?:google|bing|yahoo|duckduckgo|yandex|baidu)\.[a-z.]+")
_SCHEME = re.compile(r"\A[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PORT = re.compile(r":\d*\Z")
_DEFAULT_PORT = re.compile(r":(?:80|443)?\Z")
_REDIRECTS = ("301", "302", "303", "307", "308")
_NO_REFERER = (None, "", "-", NULL)


@dataclass(frozen=True)
class Asked:
    """A client's request: the second of the day (None: not known), and texts as the log has them."""

    second: int | None
    uri: str
    referer: str | None = None
    code: str = ""

    @cached_property
    def page(self) -> str:
        """Its URI as a referer names it."""
        return page_of(self.uri) or self.uri

    @cached_property
    def host(self) -> str:
        """Its host in lower case, without port."""
        return host_of(self.page)

    @cached_property
    def came_from(self) -> str | None:
        """The page that its referer names; None for no referer."""
        return page_of(self.referer)


def page_of(referer: str | None) -> str | None:
    """Return what a referer names as `fulluri` spells it, the host in lower case; None for no referer."""
    if referer is None or referer in _NO_REFERER:
        return None
    uri = _SCHEME.sub("", referer, count=1).partition("#")[0]
    end = next((at for at, char in enumerate(uri) if char in "/?"), len(uri))
    rest = uri[end:]
    # Spot leaves out a path or query of one character.
    return _DEFAULT_PORT.sub("", uri[:end].lower()) + (rest if len(rest) > 1 else "")


def host_of(page: str) -> str:
    """Return the host of a page, without port."""
    return _PORT.sub("", re.split(r"[/?]", page, maxsplit=1)[0])


def incident_of(
    requests: Sequence[Asked], uri: str, rare: Collection[str], suspicious: Collection[str]
) -> list[Asked]:
    """Return the requests of a client that probably belong to the incident of a URI, in time order.

    `rare` are hosts that few clients ask for and that no list knows; `suspicious` are hosts that a ranking
    listed, together with others. Both are in lower case. A URI that the client didn't ask for has none.
    """
    # A request without a time belongs to an incident by its host alone.
    timed = [asked for asked in requests if asked.second is not None]
    incident = _Incident(sorted(timed, key=lambda asked: asked.second or 0), rare, suspicious)
    found = incident.of(uri)
    hosts = {asked.host for asked in found if asked.host in rare}
    untimed = (asked for asked in requests if asked.second is None)
    return [*found, *(asked for asked in untimed if asked.host in hosts or asked.uri == uri)]


@dataclass(frozen=True)
class _SoFar:
    """The incident before it grows: the times of its requests, and its hosts.

    Its episode is from `first` to `last`; `sites` are the hosts that referers in it name and that the client
    didn't ask for, such as those of pages under TLS.
    """

    times: Sequence[int]
    first: int
    last: int
    hosts: set[str]
    sites: Collection[str | None]


class _Incident:
    """A growing set of a client's requests, which are numbered in time order."""

    def __init__(self, requests: Sequence[Asked], rare: Collection[str], suspicious: Collection[str]) -> None:
        self._requests = requests
        self._seconds = [asked.second or 0 for asked in requests]
        self._rare, self._suspicious = set(rare), set(suspicious)
        self._by_host = defaultdict[str, list[int]](list)
        for number, asked in enumerate(requests):
            self._by_host[asked.host].append(number)
        self._parents = self._pages_before()
        self._taken: set[int] = set()
        # Hosts that are more than near in time: what their pages led to belongs to the incident, too.
        self._linked: set[str] = set()

    def of(self, uri: str) -> list[Asked]:
        """Return the incident's requests."""
        seeds = [number for number, asked in enumerate(self._requests) if asked.uri == uri]
        for number in seeds:
            self._take(number)
        size = 0
        while size < len(self._taken):
            size = len(self._taken)
            self._grow(self._seconds[seeds[0]])
        return [self._requests[number] for number in sorted(self._taken)]

    def _pages_before(self) -> list[int | None]:
        """Return the number of the request that each one came from; None where the log has none."""
        by_host, by_page = defaultdict[str, int](), defaultdict[str, int]()
        parents = list[int | None]()
        for number, asked in enumerate(self._requests):
            page = asked.came_from
            parent = None
            if page and not _SEARCH_ENGINE.fullmatch(page):
                parent = self._recent(by_page.get(page), number)
                if parent is None:
                    parent = self._recent(by_host.get(host_of(page)), number)
            parents.append(parent)
            by_host[asked.host] = by_page[asked.page] = number
        return parents

    def _recent(self, parent: int | None, number: int) -> int | None:
        is_recent = parent is not None and self._seconds[number] - self._seconds[parent] <= _PAGE
        return parent if is_recent else None

    def _take(self, number: int, *, linked: bool = True) -> None:
        self._taken.add(number)
        if linked:
            self._linked.add(self._requests[number].host)

    def _grow(self, seed: int) -> None:
        """Take what belongs to the requests that are taken by now."""
        times = sorted(self._seconds[number] for number in self._taken)
        first, last = _episode(times, seed)
        within = [number for number in self._taken if first <= self._seconds[number] <= last]
        for number in within:
            self._take_what_led_to(number)
        so_far = _SoFar(
            times,
            first,
            last,
            {self._requests[number].host for number in self._taken},
            {self._site_before(number) for number in within} - {None},
        )
        for host in so_far.hosts & self._rare:
            if self._is_new(host, first):
                for number in self._by_host[host]:
                    self._take(number, linked=False)
        around = range(bisect_left(self._seconds, first - _STEP), bisect(self._seconds, last + _STEP))
        for number in around:
            if number not in self._taken and (why := self._why(number, so_far)):
                self._take(number, linked=why == "linked")

    def _is_new(self, host: str, begin: int) -> bool:
        return self._seconds[self._by_host[host][0]] >= begin - _BEFORE

    def _why(self, number: int, so_far: _SoFar) -> Literal["linked", "near"] | None:
        """Return why a request belongs to the incident so far, if it does."""
        host, second = self._requests[number].host, self._seconds[number]
        if host in so_far.hosts and so_far.first <= second <= so_far.last:
            return "near"
        is_new = self._is_new(host, so_far.first)
        gap = _gap(so_far.times, second)
        if self._is_from_another_page(number):
            return "linked" if self._belongs_by_page(number, gap) else None
        from_the_same_site = self._site_before(number) in so_far.sites and is_new and gap <= _BEFORE
        if from_the_same_site or host in self._suspicious:
            return "linked"
        most = _CLOSE_BEFORE if second < so_far.first else _STEP
        is_close = gap <= most if host in self._rare else gap <= _CLOSE and second >= so_far.first
        return "near" if is_new and is_close else None

    def _take_what_led_to(self, number: int) -> None:
        """Take the page before a request, and requests that redirect to it or that it redirects to."""
        asked, second = self._requests[number], self._seconds[number]
        page = self._parents[number]
        if asked.host not in self._rare:
            return
        if page is not None:
            before = self._requests[page]
            is_exact = before.page == asked.came_from and before.page != before.host
            if before.host in self._rare or (is_exact and second - self._seconds[page] <= _BEFORE):
                self._take(page)
        start = bisect(self._seconds, second - _REDIRECT - 1)
        for other in range(start, bisect(self._seconds, second + _REDIRECT)):
            redirects = self._requests[min(other, number)].code in _REDIRECTS
            if redirects and other != number and self._requests[other].referer == asked.referer:
                self._take(other, linked=other > number)

    def _is_from_another_page(self, number: int) -> bool:
        """Return whether it came from a page of another host, or of one that was asked for before."""
        page, host = self._parents[number], self._requests[number].host
        return page is not None and (
            self._requests[page].host != host
            or self._seconds[self._by_host[host][0]] != self._seconds[number]
        )

    def _belongs_by_page(self, number: int, gap: int) -> bool:
        page, host = self._parents[number], self._requests[number].host
        before = self._requests[page or 0]
        if before.host == host or before.host not in self._rare:
            return False
        if page in self._taken and before.host in self._linked:
            return True
        return gap <= _BEFORE and host in self._suspicious

    def _site_before(self, number: int) -> str | None:
        """Return the host of a referer that the log has no request to, such as a page under TLS."""
        page = self._requests[number].came_from
        host = host_of(page) if page else None
        return None if host in self._by_host else host


def _episode(times: Sequence[int], seed: int) -> tuple[int, int]:
    """Return the first and last of the times around the seed's that have no long pause between them."""
    at = bisect(times, seed)
    first = last = seed
    for time in reversed(times[:at]):
        first = time if first - time <= _STEP else first
    for time in times[at:]:
        last = time if time - last <= _STEP else last
    return first, last


def _gap(times: Sequence[int], second: int) -> int:
    """Return the seconds to the closest of the times."""
    at = bisect(times, second)
    return min(abs(second - time) for time in times[max(0, at - 1) : at + 1])
