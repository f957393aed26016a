"""One threat of a day's story: what an analyst recorded of it, and what the raw log has around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.reputation.verdict import Risk, Verdict, decode
from proxy_oa_assets.enrichment.score_columns import Severity, response_code_name
from proxy_oa_assets.investigation.day_context import uri_host, uri_text
from proxy_oa_assets.investigation.progressions import IncidentProgression
from proxy_oa_assets.investigation.story.client_times import ClientTimes, answer
from proxy_oa_assets.investigation.story.linking import page_of
from proxy_oa_assets.investigation.story.related import SAME_TIME
from proxy_oa_assets.investigation.storyboard import Comment
from proxy_oa_assets.model.clock import second_of
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.tsv import NULL
from proxy_oa_assets.ranking.reasons import NEAR, in_words, parsed

if TYPE_CHECKING:
    import pandas as pd

_UNKNOWN = "-"
_MOST_REASONS = 3
_LINES = (("\r\n", "\n"), ("\r", "\n"))


@dataclass(frozen=True)
class Shown:
    """A raw request; texts as the log has them, a dash for none. `link` is that of `related`."""

    time: str
    client: str
    method: str
    uri: str
    referer: str
    answer: str
    content_type: str
    link: str = ""


@dataclass(frozen=True)
class HostSeen:
    """A host of an incident: its requests, what it delivered, and what is known of it."""

    host: str
    first: str
    last: str
    requests: int
    clients: int
    content_types: Sequence[str]
    severity: Severity | None
    reasons: Sequence[str]


@dataclass(frozen=True)
class Reputation:
    """What services said of a URI; `text` is None for one that isn't among the day's scored connections."""

    uri: str
    text: str | None

    @property
    def verdicts(self) -> Sequence[Verdict]:
        """The services' verdicts."""
        return decode(self.text or "")

    @property
    def risk(self) -> int:
        """The worst of them."""
        return max((verdict.risk for verdict in self.verdicts), default=Risk.UNVERIFIED)


@dataclass(frozen=True)
class ThreatStory:
    """One threat: a URI's story, or an incident of several connections.

    `hosts` and `requests` are those of an incident, in time order, and `hosts_timeline` has a host where
    `timeline` has a client; `members` are its clients. `progression` is that of a URI. `linked`
    and `around` are other requests of its clients: those that a referer links, and those of the same minutes.
    """

    title: str
    lines: Sequence[str]
    severity: Severity | None
    uris: Sequence[str]
    timeline: pd.DataFrame
    clients: Sequence[ClientTimes]
    reputations: Sequence[Reputation]
    reasons: Sequence[str]
    linked: Sequence[Shown]
    around: Sequence[Shown]
    hosts: Sequence[HostSeen] = ()
    hosts_timeline: pd.DataFrame | None = None
    requests: Sequence[Shown] = ()
    progression: IncidentProgression | None = None
    is_incident: bool = False
    members: Sequence[str] = ()

    @property
    def bad_reputations(self) -> Sequence[Reputation]:
        """Those that say something against a URI, the worst first."""
        bad = [each for each in self.reputations if each.risk > Risk.NONE]
        return sorted(bad, key=lambda each: -each.risk)

    @property
    def first(self) -> str:
        """When it was first seen: `HH:MM:SS`, or a dash."""
        return self.clients[0].first if self.clients else _UNKNOWN

    @property
    def is_blank(self) -> bool:
        """Whether its comment has no words."""
        return Comment(self.title, "".join(self.lines)).is_blank

    @property
    def met_by(self) -> set[str]:
        """The addresses of all clients that met it, including those that its timeline leaves out."""
        requests = self.progression["requests"] if self.progression else ()
        listed = {uri_text(request["clientip"]) for request in requests}
        return listed | {times.client for times in self.clients} | set(self.members)

    @property
    def names_no_referer(self) -> bool:
        """Whether none of its requests names a page of another host that led there."""
        if self.is_incident:
            named = [(shown.uri, shown.referer) for shown in self.requests]
        elif self.progression:
            named = [(self.uris[0], request["referer"] or "") for request in self.progression["requests"]]
        else:
            return False
        pages = [(uri, page_of(referer)) for uri, referer in named]
        return not any(page and uri_host(page) != uri_host(uri) for uri, page in pages)

    def closest(self, most: int) -> list[Shown]:
        """Return the requests of `around` that are closest in time to the client's own, in time order."""
        seconds = {times.client: times.seconds for times in self.clients}

        def distance(row: Shown) -> int:
            at = second_of(row.time) or 0
            return min((abs(at - own) for own in seconds.get(row.client, ())), default=0)

        nearest = sorted(range(len(self.around)), key=lambda number: distance(self.around[number]))[:most]
        return [self.around[number] for number in sorted(nearest)]


def lines_of(text: object) -> list[str]:
    """Return the lines of a comment, which can have the line ends of any system."""
    lines = "" if text is None else str(text)
    for ends, line_feed in _LINES:
        lines = lines.replace(ends, line_feed)
    return lines.split("\n")


def shown(rows: pd.DataFrame) -> Iterator[Shown]:
    """Yield raw rows as a page shows them."""
    columns = ["p_time", "clientip", "reqmethod", "fulluri", "referer", "respcode", "resconttype"]
    links = rows["link"].tolist() if "link" in rows else [""] * len(rows)
    for (time, client, method, uri, referer, code, kind), link in zip(
        records(rows[columns]), links, strict=True
    ):
        yield Shown(
            *(_text(time), uri_text(client), _text(method), uri_text(uri), _text(referer)),
            answer(code, response_code_name(None if code is None else str(code))),
            _text(kind),
            link,
        )


def split(rows: Sequence[Shown]) -> tuple[list[Shown], list[Shown]]:
    """Return related requests apart: those that a referer links, and those of the same time alone."""
    return [row for row in rows if row.link != SAME_TIME], [row for row in rows if row.link == SAME_TIME]


def hosts_seen(
    rows: pd.DataFrame, hosts: Sequence[str], severities: Mapping[str, Severity]
) -> list[HostSeen]:
    """Return an incident's hosts, the earliest first, from its raw rows, which `requests_of` returns.

    Those whose rows the raw log no longer has come last.
    """
    found_of = dict[str, list[tuple[str, str, str, str, object, float]]]()
    columns = rows[["p_time", "clientip", "fulluri", "resconttype", "word", "ml_score"]]
    for time, client, uri, kind, word, score in records(columns):
        row = (_text(time), uri_text(client), uri_text(uri), _text(kind), word, _number(score))
        found_of.setdefault(uri_host(uri_text(uri)), []).append(row)
    gone = [HostSeen(host, _UNKNOWN, _UNKNOWN, 0, 0, (), None, ()) for host in hosts if host not in found_of]
    return [_host(host, found, severities) for host, found in found_of.items()] + gone


def incident_timeline(day: Day, rows: pd.DataFrame) -> pd.DataFrame:
    """Return an incident's raw rows as rows of `proxy_timeline`."""
    times = [_text(time) for (time,) in records(rows[["p_time"]])]
    codes = [None if code is None else str(code) for (code,) in records(rows[["respcode"]])]
    moments = [day.key if time == _UNKNOWN else f"{day} {time}" for time in times]
    return rows[["clientip", "duration", "respcode"]].assign(
        tstart=moments, tend=moments, respcodename=[response_code_name(code) for code in codes]
    )


def by_host(timeline: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return an incident's timeline with its hosts in place of its clients; `rows` are its raw rows."""
    return timeline.assign(clientip=[uri_host(uri_text(uri)) for (uri,) in records(rows[["fulluri"]])])


def _host(
    host: str,
    found: Sequence[tuple[str, str, str, str, object, float]],
    severities: Mapping[str, Severity],
) -> HostSeen:
    times = sorted(time for time, *_ in found if time != _UNKNOWN) or [_UNKNOWN]
    given = [severities[uri] for _, _, uri, *_ in found if uri in severities]
    # The row with the lowest score is the most suspicious one.
    reasons = parsed(min(found, key=lambda row: row[5])[4])
    # Each of an incident's hosts is near the others.
    word = ";".join(str(reason) for reason in reasons if reason.name != NEAR)
    return HostSeen(
        host=host,
        first=times[0],
        last=times[-1],
        requests=len(found),
        clients=len({client for _, client, *_ in found}),
        content_types=list(dict.fromkeys(kind.partition(";")[0] for _, _, _, kind, *_ in found)),
        severity=min(given, default=None),
        reasons=in_words(word, most=_MOST_REASONS),
    )


def _number(score: object) -> float:
    return float("inf") if score is None else float(str(score))


def _text(value: object) -> str:
    return _UNKNOWN if value in (None, "", NULL) else str(value)
