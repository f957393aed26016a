import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from support.analysts_day import AnalystsDay
from support.dagster_pages import await_success, choose_partition, launch, open_job

from proxy_oa_assets.ingest.sample.attacks import DROPPER_HOST
from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.storyboard import save_storyboard, storyboard

pytestmark = [pytest.mark.browser, pytest.mark.server]

URI = f"{DROPPER_HOST}/stage2/config.bin"
SCORED = ({URI: 1}, [URI])


@pytest.fixture
def scored(site) -> Iterator[list[AnalystsDay]]:
    """Two materialized days on which an analyst scored a URI and saved its story."""
    days = [AnalystsDay(site.home, day) for day in site.materialized[:2]]
    for day in days:
        score(day.day, 1, URI, deployment=day.deployment)
        save_storyboard(day.day, URI, "title", "text", deployment=day.deployment)
    yield days
    for day in days:
        reset_scored_connections(day.day, deployment=day.deployment)


@pytest.fixture
def launchpad(page, scored) -> Page:
    """The job's launchpad, with the first of the two days as its partition."""
    day = scored[0].day
    open_job(page, "reset_scored_connections")
    choose_partition(page, day)
    return page


def recorded(day: AnalystsDay) -> tuple[dict[str, int], list[str]]:
    """Return the severities, on which table and feedback agree, and the threats that have a story."""
    return day.recorded(), storyboard(day.day, deployment=day.deployment)["p_threat"].tolist()


def test_a_reset_without_a_confirmation_is_refused(launchpad, picture, scored) -> None:
    """It can't be launched; with Dagster's scaffolded config it fails, and says what to write."""
    button = launchpad.get_by_role("button", name="Launch Run")
    expect(launchpad.get_by_text('Missing required config entry "ops"')).to_be_visible()
    expect(button).to_be_disabled()
    launchpad.get_by_role("button", name="Scaffold missing config").click()
    launchpad.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    expect(launchpad.get_by_text("No errors")).to_be_visible()
    button.click()

    expect(launchpad).to_have_url(re.compile("/runs/"))
    expect(launchpad.get_by_text("Failure", exact=True)).to_be_visible()
    launchpad.get_by_placeholder("Filter…").fill("type:STEP_FAILURE")
    refused = launchpad.get_by_text("nothing was removed. To remove every score, comment and feedback").first
    expect(refused).to_contain_text(f"launch this with confirm: '{scored[0].day}'")
    picture("reset_refused", (refused.bounding_box() or {"y": 700})["y"] + 40)
    assert [recorded(day) for day in scored] == [SCORED, SCORED]


def test_a_confirmed_reset_clears_exactly_its_day(launchpad, scored) -> None:
    """With the day in the run config its scores, story and feedback are removed, the other day's stay."""
    chosen, other = scored
    launch(launchpad, {"ops": {"reset_day": {"config": {"confirm": chosen.day.key}}}})
    await_success(launchpad)

    assert [recorded(chosen), recorded(other)] == [({}, []), SCORED]
    assert chosen.feedback_bytes() is None
