import html
import re
from collections.abc import Iterator

import pytest
from support.analysts_day import AnalystsDay
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.ingest.sample.attacks import DROPPER_HOST
from proxy_oa_assets.investigation.notebook.days import Days
from proxy_oa_assets.investigation.notebook.hunting_app import HuntingApp
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.model.day import Day

pytestmark = pytest.mark.usefixtures("three_days")

RAW, NEXT = SAMPLE_DAY.plus(1), SAMPLE_DAY.plus(3)
OTHER = "other.example/a"


@pytest.fixture(scope="module")
def three_days(materialized: Home) -> None:
    """A home with the sample day, a day of raw requests alone, and one with a single connection."""
    AnalystsDay(materialized, RAW).write_raw({"host": "raw.example", "fulluri": "raw.example/b"})
    later = AnalystsDay(materialized, NEXT)
    later.write_raw({"host": "other.example", "fulluri": OTHER})
    later.write_scores({"host": "other.example", "fulluri": OTHER})


@pytest.fixture
def app(day_home: Home) -> Iterator[HuntingApp]:
    """The application over both days, opened at the first one."""
    app = HuntingApp(SAMPLE_DAY.key, str(day_home.path))
    yield app
    day_home.deployment.impala.close()


def _said(status: StatusLine) -> str:
    return html.unescape(re.sub("<[^>]*>", "", status.widget.value))


def _listed(app: HuntingApp) -> str:
    return str(app.screens["Investigation"].suspicious.table.widget.content["rows"])


def test_the_newest_day_is_shown_unless_one_is_named(day_home: Home) -> None:
    """Both can be chosen, the newest first."""
    app = HuntingApp(None, str(day_home.path))
    assert app.day.options == (NEXT.key, SAMPLE_DAY.key)
    assert app.day.value == NEXT.key
    assert OTHER in _listed(app)


def test_another_day_is_another_screen_and_the_former_is_closed(app: HuntingApp) -> None:
    """Nothing of the former day stays in the kernel or the page."""
    before = app.screens["Investigation"]
    assert DROPPER_HOST in _listed(app)
    app.day.value = NEXT.key
    assert OTHER in _listed(app)
    assert DROPPER_HOST not in _listed(app)
    assert before.widget.comm is None
    assert before.suspicious.table.widget.comm is None


def test_threats_that_were_scored_are_there_when_their_screen_is_shown_again(
    app: HuntingApp, day_home: Home
) -> None:
    """The list is read again, and the screen is the same."""
    app.screen.value = "Threats and stories"
    threats = app.screens["Threats and stories"]
    app.screen.value = "Investigation"
    score(SAMPLE_DAY, 1, f"{DROPPER_HOST}/stage2/config.bin", deployment=day_home.deployment)
    app.screen.value = "Threats and stories"
    assert app.screens["Threats and stories"] is threats
    assert DROPPER_HOST in str(threats.list.table.content["rows"])


def _days(app: HuntingApp) -> Days:
    """Open the tab with which days are searched."""
    investigation = app.screens["Investigation"]
    investigation.tabs.show("Days")
    return investigation.days


def test_a_search_over_days_leads_to_a_day_and_its_requests(app: HuntingApp) -> None:
    """Each day with such requests has its totals; a click opens the day with the same filter."""
    days = _days(app)
    assert (Day(days.first.value), Day(days.last.value)) == (SAMPLE_DAY, NEXT)
    assert bytes(days.plot.value).startswith(b"<svg")
    assert _said(days.summary).endswith(
        f"2 days of the range have a log and aren't materialized: not counted ({RAW}, {NEXT})"
    )
    assert [day for day, _ in days.table.content["rows"]] == [SAMPLE_DAY.key]
    days.filter.text.value = "host:other.example"
    assert _said(days.status) == "1 request on 1 of 3 days with a log; 1 day of the range without a log"
    assert [row[:4] for row in days.table.content["rows"]] == [[NEXT.key, "1", "1", "1"]]
    days.table.selected = [0]
    assert app.day.value == NEXT.key
    investigation = app.screens["Investigation"]
    assert investigation.tabs.shown == "Requests"
    assert investigation.requests.filter.value == "host:other.example"
    assert OTHER in str(investigation.requests.table.widget.content["rows"])


def test_what_cannot_be_searched_or_plotted_is_said(app: HuntingApp) -> None:
    """A wrong filter, reversed days, no day; of many days the plot takes a longer unit."""
    days = _days(app)
    days.filter.text.value = "nofield:x"
    assert "nofield" in _said(days.status)
    days.first.value = SAMPLE_DAY.plus(40).date
    assert "swap them" in _said(days.summary)
    days.unit.value, days.first.value = "minute", SAMPLE_DAY.plus(-40).date
    assert days.unit.value == "hour"
    days.last.value = None
    days.button.click()
    assert _said(days.status) == "choose the first and the last day"


def test_a_day_that_is_not_materialized_is_not_opened(app: HuntingApp) -> None:
    """Of a day of raw requests alone, nothing can be shown yet."""
    days = _days(app)
    days.filter.text.value = "host:raw.example"
    days.table.selected = [0]
    assert _said(days.status) == f"{RAW} isn't materialized; run `proxy-oa run --date {RAW}`"
    assert app.day.value == SAMPLE_DAY.key
