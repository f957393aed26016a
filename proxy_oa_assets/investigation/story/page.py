"""A day's story as one HTML page, to read, mail or print.

A browser that shows the page fetches, runs and opens nothing.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from proxy_oa_assets.enrichment.reputation.verdict import Risk
from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import day_context
from proxy_oa_assets.investigation.story.day_story import DayStory, read_story
from proxy_oa_assets.investigation.story.plots import minutes_svg, referer_chain_svg, timeline_svg
from proxy_oa_assets.investigation.story.rendering import render
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
        timeline_svg=timeline_svg,
        referer_chain_svg=referer_chain_svg,
        minutes=minutes_svg(
            story.minutes,
            scored=story.scored_times,
            marked=first,
            marked_as="a computer first meets a threat",
        ),
        severities={severity.value: severity.name.lower() for severity in Severity},
        said=_SAID,
        most=25,  # rows per table
    )
