"""The page of a day's story, as people read it."""

from support.home import SAMPLE_DAY as DAY
from support.markup import PageParser

from proxy_oa_assets.investigation.story.page import write_story


def written(home, day=DAY):
    """Write a day's page, and return it parsed."""
    path = write_story(day, deployment=home.deployment).path
    return PageParser(path.read_text(encoding="utf-8"))
