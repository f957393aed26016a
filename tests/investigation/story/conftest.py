import pytest
from support.home import SAMPLE_DAY as DAY
from support.home import Home
from support.story_day import Threat, write_stories

from proxy_oa_assets.investigation.story.page import write_story


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory):
    """The page of a day whose every value is hostile."""
    from support.hostile import VALUES

    home = Home(tmp_path_factory.mktemp("hostile") / "home")
    values = [value for value in VALUES if value]
    threats = [
        Threat(
            value,
            title=value,
            text=value,
            severity=1 + number % 3,
            met=[(value, value), (value, "09:00:00")],
            referers=[value],
            led_to=[value],
            uri_rep=f"{value}:{value}:3:{value}" if number % 2 else value,
            context=value,
            code=(value, value),
            word=f"led_from={value};later_sign=1.5",
        )
        for number, value in enumerate(values)
    ]
    write_stories(home, DAY, *threats, judged={f"{value}?": 1 for value in values})
    return write_story(DAY, deployment=home.deployment).path
