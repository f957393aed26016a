"""A day's story as one HTML page, to read, mail or print.

A browser that shows the page fetches, runs and opens nothing.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import cast

from markupsafe import Markup

from proxy_oa_assets.enrichment.reputation.verdict import Risk
from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import day_context, uri_text
from proxy_oa_assets.investigation.defanging import defanged
from proxy_oa_assets.investigation.progressions import IncidentProgression, ProgressionRequest
from proxy_oa_assets.investigation.story.day_story import DayStory, read_story
from proxy_oa_assets.investigation.story.plots import minutes_svg, referer_chain_svg, timeline_svg
from proxy_oa_assets.investigation.story.rendering import render
from proxy_oa_assets.investigation.story.threat import ThreatStory
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.resources.deployment import Deployment

_SAID = {
    Risk.UNVERIFIED: "no answer",
    Risk.NONE: "no risk",
    Risk.LOW: "low risk",
    Risk.MEDIUM: "medium risk",
    Risk.HIGH: "high risk",
}

# In a table of a threat's section, and in one of an appendix.
_MOST_ROWS, _MOST_IN_APPENDIX = 25, 5_000


@dataclass(frozen=True)
class WrittenStory:
    """A page's path, and the number of its threats."""

    path: Path
    threats: int


def write_story(
    day: Day | str, output: Path | None = None, *, deployment: Deployment | None = None
) -> WrittenStory:
    """Write the page of a day, wholly or not at all; `story.html` in the day's data folder if none is named.

    Raises InvestigationError if the file can't be written.
    """
    day, deployment = day_context(day, deployment)
    path = (output or deployment.workspace.story(day)).absolute()
    # Of two concurrent writers, the last one has read both stories.
    lock = deployment.workspace.lock(day, "story")
    with nullcontext() if output else deployment.hdfs.lock(lock, f"writing the story of {day}"):
        story = read_story(day, deployment)
        content = page(story).encode("utf-8")
        try:
            with replacing(path) as file:
                file.write(content)
        except OSError as error:
            raise InvestigationError(
                f"{path} can't be written ({error.strerror}); name another file"
            ) from error
    return WrittenStory(path, len(story.threats))


def page(story: DayStory) -> Markup:
    """Return the page of a day, as HTML."""
    first = {times.seconds[0] // 60 for threat in story.threats for times in threat.clients if times.seconds}
    return render(
        "story.html",
        story=story,
        timeline_svg=_timeline_svg,
        referer_chain_svg=_referer_chain_svg,
        minutes=minutes_svg(
            story.minutes,
            scored=story.scored_times,
            marked=first,
            marked_as="a client first meets a threat",
        ),
        severities={severity.value: severity.name.lower() for severity in Severity},
        said=_SAID,
        most=_MOST_ROWS,
        appendices=_Appendices(),
        address=_address,
    )


class _Appendices(list[tuple[str, str, Sequence[object], int]]):
    """The lists that are too long for a threat's section: title, kind, entries, and how many there are."""

    def add(self, title: str, kind: str, entries: Sequence[object]) -> str:
        """Return what stands below the first entries: nothing, or which appendix has all of them."""
        if len(entries) <= _MOST_ROWS:
            return ""
        self.append((title, kind, entries[:_MOST_IN_APPENDIX], len(entries)))
        return f"The first {_MOST_ROWS} of {len(entries):,}; appendix {len(self)} has all of them."


def _address(client: str) -> str:
    """Return a client: an address as it is, any other text defanged."""
    try:
        ip_address(client)
    except ValueError:
        return defanged(client)
    return client


def _timeline_svg(threat: ThreatStory) -> Markup:
    """Return when each host of an incident was asked, or when each client met a URI."""
    if threat.hosts_timeline is not None:
        frame, lane = threat.hosts_timeline, "host"
        requests = {_address(host.host): host.requests for host in threat.hosts}
    else:
        frame, lane = threat.timeline, "client"
        requests = {_address(each.client): each.requests or 0 for each in threat.clients}
    shown = frame.assign(
        clientip=[_address(uri_text(each)) for each in frame["clientip"]],
        **{
            name: [defanged(each) if isinstance(each, str) else each for each in frame[name]]
            for name in ("respcode", "respcodename")
        },
    )
    return timeline_svg(shown, requests, lane=lane)


def _referer_chain_svg(progression: IncidentProgression) -> Markup:
    requests = [
        {**request, "referer": request["referer"] and defanged(request["referer"])}
        for request in progression["requests"]
    ]
    return referer_chain_svg(
        {
            "fulluri": defanged(progression["fulluri"]),
            "requests": cast("list[ProgressionRequest]", requests),
            "referer_for": [uri and defanged(uri) for uri in progression["referer_for"]],
        }
    )
