"""What analysts' severities of the days before, and the site's own lists, add to a connection's points.

A low severity lowers what resembles the scored connection, a high one raises it, most for the same client and
host. What shows stronger or other signs than the scored connection did isn't lowered. A severity counts on
the days after its own, less each day, and expires.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING

from publicsuffixlist import PublicSuffixList

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.ranking.reasons import ADJUSTMENTS, FEEDBACK, KNOWN_GOOD, NEAR, OWN_DOMAIN, parsed
from proxy_oa_assets.ranking.signal import all_signals
from proxy_oa_assets.ranking.voices.signals import VOICE_SIGNALS
from proxy_oa_assets.sql.analysts import severities_given

if TYPE_CHECKING:
    from proxy_oa_assets.ranking.host_lists import Lists
    from proxy_oa_assets.resources.impala import Warehouse

# Points of a severity of the day before, by what a connection has in common with the scored one.
_CLOSEST = "client and host"
_ALIKE = {_CLOSEST: 3.0, "host": 2.0, "site": 1.0, "user agent": 0.5}
# Points of what a list of the site names.
OF_LISTS = -2.0
# Signals of a family with so many points more than the scored connection had are another kind of evidence.
_STRONGER = 0.7
# Points of each sign of another ranking's row, whose word has none.
_PLAIN_SIGN = 2.0
_BROWSER = ("mozilla/", "opera/")
_LEAST = 0.05  # points; less is no reason
_LONGEST_NAME = 255  # characters; DNS has no longer ones


@dataclass(frozen=True)
class Seen:
    """A connection as feedback compares it.

    `signs` are points by sign, those against suspicion left out. The ranking lowers an `internal` one itself.
    """

    clientip: str
    host: str
    agents: tuple[str, ...]
    signs: Mapping[str, float]
    internal: bool = False

    @classmethod
    def of(
        cls, clientip: object, host: object, agents: Iterable[object], word: object, *plain: object
    ) -> Seen:
        """Return a connection; `plain` are the values that stand for the word of another ranking."""
        reasons = parsed(word)
        signs = {f"{place} {value}": _PLAIN_SIGN for place, value in enumerate(plain)}
        if reasons:
            # What stands around a connection is no sign of its own.
            own = [reason for reason in reasons if reason.name not in (*ADJUSTMENTS, NEAR)]
            signs = {reason.name: reason.points for reason in own if reason.points and reason.points > 0}
        texts = tuple(sorted({agent if isinstance(agent, str) else "" for agent in agents}))
        internal = any(reason.name == "internal" for reason in reasons)
        return cls(str(clientip), str(host or "").lower(), texts, signs, internal)

    def likeness(self) -> Iterator[tuple[str, str]]:
        """Yield what others can have in common with it, the most telling first."""
        if self.host not in ("", "-", "none"):
            yield _CLOSEST, f"{self.clientip} {self.host}"
            yield "host", self.host
            yield "site", _site(self.host)
        for agent in self.agents:
            # Every page of a network comes with a browser's.
            if agent not in ("", "-") and not agent.lower().startswith(_BROWSER):
                yield "user agent", agent

    def shared(self, scored: Seen) -> float:
        """Return the points of the signs that a scored connection had as well; 0 if others are stronger."""
        families = _families()
        more: dict[str, float] = defaultdict(float)
        for name, points in self.signs.items():
            # Two Sigma rules are two kinds.
            more[families.get(name, name)] += max(0.0, points - scored.signs.get(name, 0))
        if any(points >= _STRONGER for points in more.values()):
            return 0
        return sum(min(points, scored.signs.get(name, 0)) for name, points in self.signs.items())


@dataclass(frozen=True)
class Given:
    """A severity that an analyst gave on a day, with a connection that has it and its word."""

    day: Day
    severity: Severity
    fulluri: str
    word: str
    seen: Seen


@dataclass(frozen=True)
class Feedback:
    """The severities that count on a day, and the site's lists.

    `own_domains` are domains, which stand for their subdomains as well; in `known_agents`, `*` is any text.
    """

    day: Day
    days: int
    given: Sequence[Given]
    own_domains: frozenset[str] = frozenset()
    known_agents: tuple[str, ...] = ()
    _by_likeness: dict[tuple[str, str], list[Given]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        for given in self.given:
            for likeness in given.seen.likeness():
                self._by_likeness.setdefault(likeness, []).append(given)

    def __bool__(self) -> bool:
        """Return whether anything counts."""
        return bool(self.given or self.own_domains or self.known_agents)

    def lists(self) -> dict[str, Sequence[str]]:
        """Return the entries of the site's lists, by the lists' names."""
        return {"own_domains": sorted(self.own_domains), "known_good_agents": self.known_agents}

    def until(self, given: Given) -> Day:
        """Return the last day on which a severity counts."""
        return given.day.plus(self.days)

    def most(self, given: Given, likeness: str = _CLOSEST) -> float:
        """Return the most points that a severity still gives or takes on the day."""
        age = (self.day.date - given.day.date).days
        return _ALIKE[likeness] * max(0.0, 1 - (age - 1) / self.days)

    def alike(self, likeness: str) -> list[str]:
        """Return what connections with a severity have of a likeness, such as their hosts."""
        return [value for kind, value in self._by_likeness if kind == likeness]

    def concerns_agent(self, agent: str) -> bool:
        """Return whether a user agent alone can change a connection's points."""
        return ("user agent", agent) in self._by_likeness or self._is_known((agent,))

    def points(self, seen: Seen) -> dict[str, float]:
        """Return the points by reason that feedback and lists give a connection; those of 0 are left out."""
        if not self:
            return {}
        lowered = raised = 0.0
        for likeness in seen.likeness():
            for given in self._by_likeness.get(likeness, ()):
                points = self.most(given, likeness[0])
                if given.severity is Severity.HIGH:
                    raised = max(raised, points)
                elif points > lowered:
                    lowered = max(lowered, min(points, seen.shared(given.seen)))
        found = {
            FEEDBACK: round(raised - lowered, 2),
            OWN_DOMAIN: OF_LISTS if self._is_own(seen.host) and not seen.internal else 0,
            KNOWN_GOOD: OF_LISTS if self._is_known(seen.agents) else 0,
        }
        return {name: points for name, points in found.items() if abs(points) >= _LEAST}

    def _is_own(self, host: str) -> bool:
        labels = host[-_LONGEST_NAME:].split(".")
        return any(".".join(labels[first:]) in self.own_domains for first in range(len(labels)))

    def _is_known(self, agents: tuple[str, ...]) -> bool:
        return bool(agents) and all(map(self._known.fullmatch, agents))

    @cached_property
    def _known(self) -> re.Pattern[str]:
        return re.compile("|".join(map(_pattern, self.known_agents)) or r"(?!)", re.DOTALL)


def _pattern(agent: str) -> str:
    """Return the pattern of a user agent, in which `*` is any text.

    Each part but the last is where it comes first, for good: an agent of a million letters is read once.
    """
    first, *others = map(re.escape, agent.split("*"))
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    return first + middle + (f".*{others[-1]}" if others else "")


def read_feedback(warehouse: Warehouse, day: Day, days: int, lists: Lists) -> Feedback:
    """Read the severities of the `days` days before a day, and the site's lists.

    Each severity counts with all connections of its URI. A URI that is no longer among its day's scored
    connections has no client and no signs: it only raises. Raises RankingError for a list that can't be used.
    """
    given: dict[tuple[object, ...], Given] = {}
    rows = warehouse.rows(severities_given(day.plus(-days), day.plus(-1))) if days else ()
    for row in rows:
        each = _given(row)
        # A URI of thousands of connections alike counts as one.
        key = (each.day, each.severity, each.seen.clientip, each.seen.host, each.seen.agents)
        given.setdefault((*key, *sorted(each.seen.signs.items())), each)
    return Feedback(
        day,
        days,
        tuple(given.values()),
        frozenset(lists.domains("own_domains")),
        tuple(lists.known_good_agents()),
    )


def _given(row: Sequence[object]) -> Given:
    number, uri, severity, client, host, agent, method, kind, word = row
    day = Day.of_folder(str(number))
    if day is None:
        raise ValueError(f"{number} is no day")
    if client is None and uri != NULL:
        host = re.split(r"[/:?]", str(uri), maxsplit=1)[0]
    seen = Seen.of(client, host, [agent], word, method, kind)
    return Given(day, Severity(int(str(severity))), str(uri), str(word or ""), seen)


@cache
def _families() -> dict[str, str]:
    return {signal.name: signal.family for signal in (*all_signals(), *VOICE_SIGNALS)}


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _site(host: str) -> str:
    """Return the registered domain of a host; an address, and a name without one, is its own."""
    if ":" in host or host.replace(".", "").isdigit():
        return host
    return _suffixes().privatesuffix(host) or host


def logit(score: float) -> float:
    """Return the logarithm of a score's odds, from which points are taken; a limit beyond 0 and 1."""
    least = 1e-300
    if score >= 1:
        return -math.log(least)
    return math.log(max(score, least)) - math.log1p(-max(score, least))
