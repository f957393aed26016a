"""What is handed over of a day: threats, their raw requests, and the indicators in them."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.reputation.verdict import Verdict, decode
from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.handover.web_addresses import Addressed, Kind, addressed
from proxy_oa_assets.investigation.listed import Connection
from proxy_oa_assets.model.clock import second_of
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.ranking.reasons import in_words

if TYPE_CHECKING:
    import pandas as pd

_NUMBERS = ("duration", "scbytes", "csbytes", "uri_sev")


@dataclass(frozen=True)
class Threat:
    """What analysts say of some connections; `by` and `at` (UTC) are who saved it when, if that is known."""

    key: str
    title: str
    text: str = ""
    connections: Sequence[Connection] = ()
    by: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Request:
    """A raw request of some threats.

    `row` has the raw columns, and the severity (`uri_sev`), `ml_score`, `word` and `uri_rep` of its
    connection; NULL is None. `at` is its time, UTC; the day's beginning if the log has no time, and `timed`
    is false.
    """

    row: Mapping[str, object]
    at: dt.datetime
    timed: bool
    to: Addressed
    threats: tuple[Threat, ...]

    @property
    def connection(self) -> Connection:
        """Its client and URI."""
        return uri_text(self.row.get("clientip")), uri_text(self.row.get("fulluri"))

    @property
    def severity(self) -> Severity | None:
        """The severity that an analyst gave."""
        given = self.row.get("uri_sev")
        return Severity(given) if isinstance(given, int) and given in list(Severity) else None

    @property
    def score(self) -> float | None:
        """The ranking's score, the lower the more suspicious."""
        score = self.row.get("ml_score")
        return float(score) if isinstance(score, int | float) else None

    @cached_property
    def reasons(self) -> list[str]:
        """The ranking's reasons in words, the strongest first."""
        return in_words(self.row.get("word"))

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """What the reputation services said of its URI."""
        return decode(str(self.row.get("uri_rep") or ""))


@dataclass
class Indicator:
    """A URL, name or address that was met, with the port for a tunnel (CONNECT).

    `logged` are the texts of the log that `value` spells otherwise. `reasons` are those of the
    most suspicious request; `well_known` says that its host is popular or the site's own. `first` and
    `last` are UTC; the day's beginning if no request has a time.
    """

    kind: Kind
    value: str
    port: int | None
    first: dt.datetime
    last: dt.datetime
    well_known: bool = False
    timed: bool = False
    requests: int = 0
    severity: Severity | None = None
    score: float | None = None
    reasons: list[str] = field(default_factory=list)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    clients: set[str] = field(default_factory=set)
    logged: dict[str, None] = field(default_factory=dict)
    threats: dict[str, Threat] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.port is None:
            return self.value
        return f"[{self.value}]:{self.port}" if self.kind is Kind.IPV6 else f"{self.value}:{self.port}"

    @property
    def for_detection(self) -> bool:
        """Whether it is worth an alarm: not of low severity, and not a well-known host."""
        if self.severity is Severity.LOW or self.kind is Kind.HOST:
            return False
        return not self.well_known or (self.kind is Kind.URL and self.severity is not None)

    def count(self, request: Request, logged: str) -> None:
        """Add a request to it."""
        self.requests += 1
        if request.timed:
            self.first = min(self.first, request.at) if self.timed else request.at
            self.last = max(self.last, request.at) if self.timed else request.at
            self.timed = True
        self.clients.add(request.connection[0])
        self.add(request.threats, logged)
        if request.severity and (self.severity is None or request.severity < self.severity):
            self.severity = request.severity
        score = request.score
        if request.reasons and (not self.reasons or (score is not None and score < (self.score or 1.0))):
            self.score, self.reasons = score, request.reasons
        for verdict in request.verdicts if self.kind is Kind.URL else ():
            known = self.verdicts.setdefault(verdict.service, verdict)
            if verdict.risk > known.risk:
                self.verdicts[verdict.service] = verdict

    def add(self, threats: Sequence[Threat], logged: str) -> None:
        """Add threats, and a URI as it is logged."""
        self.threats.update((threat.key, threat) for threat in threats)
        if logged:
            self.logged[logged] = None


@dataclass(frozen=True)
class HandOver:
    """A day's threats and their raw requests; `tlp` is the marking that the analyst chose, if any.

    `well_known` tells whether a host name is a popular one or the site's own.
    """

    day: Day
    threats: tuple[Threat, ...]
    frame: pd.DataFrame
    tlp: str = ""
    well_known: Callable[[str], bool] = lambda _: False

    def requests(self) -> Iterator[Request]:
        """Yield the raw requests of all threats, each once, in time order."""
        threats = self._by_connection
        columns = list(self.frame.columns)
        for values in records(self.frame):
            row = {name: _value(name, value) for name, value in zip(columns, values, strict=True)}
            at, timed = moment(self.day, row.get("p_date"), row.get("p_time"))
            of = threats.get((uri_text(row.get("clientip")), uri_text(row.get("fulluri"))), ())
            yield Request(row, at, timed, addressed(row), tuple(of))

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """The URLs and hosts of all requests, each once: URLs first, each kind in the order of its first.

        A connection that the raw log no longer has counts without requests.
        """
        found = dict[tuple[str, str, int | None], Indicator]()
        seen = set[Connection]()
        start, _ = moment(self.day, None, None)

        def indicated(to: Addressed, at: dt.datetime) -> Iterator[tuple[Indicator, str]]:
            known = to.host is not None and self.well_known(to.host.value)
            for kind, value, port, logged in _indicated(to):
                made = Indicator(kind, value, port, at, at, well_known=known)
                yield found.setdefault((kind, value, port), made), logged

        for request in self.requests():
            seen.add(request.connection)
            for indicator, logged in indicated(request.to, request.at):
                indicator.count(request, logged)
        for connection, threats in self._by_connection.items():
            if connection not in seen:
                for indicator, logged in indicated(addressed({"fulluri": connection[1]}), start):
                    indicator.add(threats, logged)
                    indicator.clients.add(connection[0])
        order = list(found.values())
        return tuple(sorted(order, key=lambda each: (each.kind is not Kind.URL, each.first)))

    def indicators_of(self, threat: Threat) -> list[Indicator]:
        """Return a threat's indicators."""
        return [each for each in self.indicators if threat.key in each.threats]

    def first_seen(self, threat: Threat) -> dt.datetime:
        """Return the time of a threat's first request, UTC; the day's beginning if it has none."""
        start, _ = moment(self.day, None, None)
        return min((indicator.first for indicator in self.indicators_of(threat)), default=start)

    @cached_property
    def _by_connection(self) -> Mapping[Connection, list[Threat]]:
        found = defaultdict[Connection, list[Threat]](list)
        for threat in self.threats:
            for connection in dict.fromkeys(threat.connections):
                found[connection].append(threat)
        return found


def moment(day: Day, date: object, time: object) -> tuple[dt.datetime, bool]:
    """Return a time of the log, which is UTC, and whether it is one; the date's beginning if it isn't."""
    try:
        of = Day.parse(str(date))
    except DayError:
        of = day
    second = second_of(str(time))
    start = dt.datetime.combine(of.date, dt.time(), tzinfo=dt.UTC)
    return start + dt.timedelta(seconds=second or 0), second is not None


def _indicated(to: Addressed) -> Iterator[tuple[Kind, str, int | None, str]]:
    """Yield kind, value, port and the logged text of what a request is to."""
    if to.url:
        yield Kind.URL, to.url, None, to.logged
    if to.host:
        yield *to.host, to.port, to.logged_host


def _value(name: str, value: object) -> object:
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):  # JSON has no such number
        return str(value)
    # A frame's column with a NULL is one of doubles.
    return int(value) if name in _NUMBERS and value.is_integer() else value
