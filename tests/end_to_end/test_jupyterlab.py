import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect
from support.analysts_day import AnalystsDay
from support.browser import keep_picture, new_page
from support.home import SAMPLE_DAY, Home
from support.hostile import MARKUP
from support.jupyter_server import TOKEN, WITHOUT_NEWS, jupyter
from support.lab_pages import cell_source, rows, run_all_cells, run_last_cell, run_notebook, run_uncommented
from support.programs import program

from proxy_oa_assets.ingest.sample.attacks import DROPPER_HOST, PHISHING_HOST, PHISHING_PAGE
from proxy_oa_assets.ingest.sample.site import write_site_files
from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.storyboard import (
    incident_progression,
    save_storyboard,
    storyboard,
    timeline,
)
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import bundled
from proxy_oa_assets.model.text import printable

pytestmark = [pytest.mark.browser, pytest.mark.server]

DROPPED = [f"{DROPPER_HOST}/invoice_2291.pdf.exe", f"{DROPPER_HOST}/stage2/config.bin"]
# Of MathJax's formulas, one makes a link.
HOSTILE = (*MARKUP, r"$\href{javascript:window.ran = 8}{x}$")
SHOW_HOSTILE = f"""import pandas as pd
from proxy_oa_assets.investigation.notebook.columns import TableColumn
from proxy_oa_assets.investigation.notebook.text_table import TextTable
values = pd.DataFrame({{"value": {HOSTILE!r}}})
table = TextTable("Hostile")
table.show(values, [TableColumn("value", "value")])
display(table, values, values["value"])"""


@dataclass(frozen=True)
class Lab:
    """JupyterLab over three materialized days."""

    home: Home
    address: str
    days: list[Day]

    def scored(self, day: Day) -> dict[str, int]:
        """Return the severities in the table, which the feedback file has, too."""
        return AnalystsDay(self.home, day).recorded()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    program("chromium", "chromium")  # before the days are made
    folder = tmp_path_factory.mktemp("lab")
    site = write_site_files(folder / "home")
    home = Home(folder / "home", **{name: str(path) for name, path in site.items()})
    days = [home.write_sample(SAMPLE_DAY.plus(offset), views=400, ranked=False) for offset in range(3)]
    assert home.materialize(days[0], last=days[-1]).success
    with jupyter(home.path, folder / "user") as address:
        yield Lab(home, address, days)


@pytest.fixture
def page(lab: Lab) -> Iterator[Page]:
    with new_page(1440, 1700, lab.address) as page:
        expect.set_options(timeout=60_000)
        yield page


@pytest.fixture
def picture(page: Page) -> Callable[..., None]:
    """Return a function that keeps what the last cell shows, or another part, for docs/investigating.md."""

    def keep(name: str, part: Locator | None = None) -> None:
        keep_picture(page, name, part=part or page.locator(".jp-OutputArea-output").last)

    return keep


def test_jupyterlab_offers_and_fetches_no_news(lab: Lab, page: Page) -> None:
    """In a fresh user folder, after the command of docs/investigating.md."""
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto(f"/lab?token={TOKEN}&reset")
    expect(page.get_by_role("heading", name="Notebook", exact=True)).to_be_visible()
    page.wait_for_load_state("networkidle")

    expect(page.get_by_text("notified about official Jupyter news")).to_have_count(0)
    assert [url for url in requested if not url.startswith((lab.address, "data:", "blob:"))] == []
    assert [url for url in requested if re.search("/lab/api/(news|update)|announcements", url)] == []
    docs = bundled("docs/investigating.md").read_text(encoding="utf-8")
    assert shlex.join(WITHOUT_NEWS) in docs


def test_an_analyst_finds_scores_and_undoes(lab: Lab, page: Page) -> None:
    """From the list to a connection's requests, to its host's severity in table and feedback, and back."""
    day = lab.days[0]
    run_notebook(page, day, "Edge_Investigation")
    listed = rows(page, "Suspicious connections")
    expect(listed.filter(has_text="<script>alert(1)</script>")).to_be_visible()
    all_of_them = listed.count()

    _filter(page, DROPPER_HOST)
    expect(listed).to_have_count(2)
    listed.filter(has_text=DROPPED[1]).locator("td.time").click()
    expect(rows(page, "Requests of the connection")).to_have_count(1)
    expect(rows(page, "The connection").filter(has_text="verdict")).to_contain_text("HIGH")

    page.get_by_title("Whole hosts: high risk").locator("visible=true").click()
    expect(page.get_by_text("Score all 2 URIs")).to_be_visible()
    assert lab.scored(day) == {}
    page.get_by_title("Whole hosts: high risk").locator("visible=true").click()
    expect(page.get_by_text("2 URIs scored high")).to_be_visible()
    expect(listed).to_have_count(0)
    assert lab.scored(day) == dict.fromkeys(DROPPED, 1)

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 URIs as before")).to_be_visible()
    assert lab.scored(day) == {}
    _filter(page, "")
    expect(listed).to_have_count(all_of_them)


def test_rows_are_sorted_and_selected_by_mouse_and_keyboard(lab: Lab, page: Page) -> None:
    """A heading sorts; a click and Shift select a range in that order; the arrow keys go on."""
    day = lab.days[0]
    run_notebook(page, day, "Edge_Investigation")
    _filter(page, PHISHING_HOST)
    listed = rows(page, "Suspicious connections")
    expect(listed).to_have_count(6)
    heading = page.get_by_role("columnheader", name="URI")
    heading.get_by_role("button").click()
    heading.get_by_role("button").click()
    expect(heading).to_have_attribute("aria-sort", "descending")
    uris = listed.locator("td.fulluri").all_text_contents()
    assert uris == sorted(uris, reverse=True)

    listed.nth(1).locator("td.time").click()
    page.keyboard.press("ArrowUp")
    expect(listed.first).to_be_focused()
    listed.nth(2).locator("td.time").click(modifiers=["Shift"])
    expect(page.locator("tr[aria-selected=true]")).to_have_count(3)
    page.get_by_title("Selected: low risk").locator("visible=true").click()
    chosen = set(uris[:3])
    expect(page.get_by_text(f"{len(chosen)} URIs scored low")).to_be_visible()
    assert lab.scored(day) == dict.fromkeys(chosen, 3)
    # The order that was chosen stays.
    expect(heading).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Undo").click()
    expect(listed).to_have_count(6)
    assert lab.scored(day) == {}


def test_keys_score_row_after_row_and_leave_the_cells_alone(lab: Lab, page: Page) -> None:
    """1, 2, 3 without a wait: each is about the row that is selected by then, and none reaches JupyterLab."""
    day = lab.days[0]
    run_notebook(page, day, "Edge_Investigation")
    listed = rows(page, "Suspicious connections")
    expect(listed.first).to_be_visible()
    uris = list(dict.fromkeys(listed.locator("td.fulluri").all_text_contents()))[:3]
    listed.first.locator("td.time").click()
    page.keyboard.type("123")
    expect(page.get_by_text("1 URI scored low")).to_be_visible()
    assert lab.scored(day) == dict(zip(uris, (1, 2, 3), strict=True))
    expect(page.locator("tr[aria-selected=true]")).to_be_focused()
    expect(page.locator(".jp-mod-commandMode .jp-MarkdownCell.jp-mod-active")).to_have_count(0)
    reset_scored_connections(day, deployment=lab.home.deployment)


def test_a_click_acts_on_the_selection_before_it_however_quick(lab: Lab, page: Page) -> None:
    """Three rows and a severity within a moment: the kernel takes them in order, and scores the third."""
    day = lab.days[0]
    run_notebook(page, day, "Edge_Investigation")
    listed = rows(page, "Suspicious connections")
    expect(listed.first).to_be_visible()
    third = listed.nth(2).locator("td.fulluri").text_content()
    listed.evaluate_all("""rows => {
        rows.slice(0, 3).forEach(row => row.click());
        document.querySelector('[title^="Selected: low risk"]').click();
    }""")
    expect(page.get_by_text("1 URI scored low")).to_be_visible()
    assert lab.scored(day) == {third: 3}
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("1 URI as before")).to_be_visible()


def test_an_analyst_saves_a_story(lab: Lab, page: Page, picture: Callable[..., None]) -> None:
    """A threat is selected, searched for, commented and saved; the comment is there the next time."""
    day, deployment = lab.days[1], lab.home.deployment
    score(day, 1, [PHISHING_PAGE, *DROPPED], deployment=deployment)
    run_notebook(page, day, "Threat_Investigation")
    rows(page, "Threats").filter(has_text=PHISHING_PAGE).click()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("4 requests of 2 clients")).to_be_visible()
    expect(rows(page, "Found requests")).to_have_count(4)

    title, text = "A copied log-in page", "From a mail, by two redirects. Two people typed their passwords."
    page.get_by_role("textbox", name="Title").fill(title)
    page.get_by_role("textbox", name="Text").fill(text)
    page.get_by_role("button", name="Save story").click()
    expect(page.get_by_text("Saved: comment")).to_be_visible()
    expect(rows(page, "Threats").filter(has_text=PHISHING_PAGE)).to_contain_text(title)
    for plot in page.locator("img.widget-image").all():
        expect(plot).to_be_visible()
        assert plot.evaluate("plot => plot.naturalWidth") > 0
    picture("threat_investigation")

    assert storyboard(day, deployment=deployment).to_numpy().tolist() == [[PHISHING_PAGE, title, text]]
    assert len(timeline(day, PHISHING_PAGE, deployment=deployment)) == 2
    progression = incident_progression(day, PHISHING_PAGE, deployment=deployment)
    assert progression
    assert {request["referer"] for request in progression["requests"]} == {"https://go.shorten.example/x9"}

    run_all_cells(page)
    expect(page.locator("tr[aria-selected=true]")).to_have_count(0)
    rows(page, "Threats").filter(has_text=PHISHING_PAGE).click()
    expect(page.get_by_role("textbox", name="Title")).to_have_value(title)
    expect(page.get_by_role("textbox", name="Text")).to_have_value(text)


def test_an_analyst_resets_the_day_and_no_other(lab: Lab, page: Page, picture: Callable[..., None]) -> None:
    """Running Advanced_Mode resets nothing; its uncommented reset cell does."""
    day, other, deployment = lab.days[2], lab.days[1], lab.home.deployment
    for scored in (day, other):
        score(scored, 1, DROPPED, deployment=deployment)
        save_storyboard(scored, DROPPED[0], "title", "text", deployment=deployment)
    before = lab.scored(other)
    run_notebook(page, day, "Advanced_Mode")
    plot = page.locator(".jp-OutputArea-output img")
    expect(plot).to_be_visible()
    page.get_by_role("heading", name="Filter, order, group").evaluate("heading => heading.scrollIntoView()")
    picture("advanced_mode", page.locator(".jp-NotebookPanel-notebook"))
    assert lab.scored(day) == dict.fromkeys(DROPPED, 1)

    assert cell_source(page, before_last=1).startswith('# "RESET of')
    cell = run_uncommented(page, before_last=1)
    expect(cell.get_by_text("proxy_threat_investigation: 2 rows of")).to_be_visible()
    assert lab.scored(day) == {}
    assert storyboard(day, deployment=deployment).empty
    assert incident_progression(day, DROPPED[0], deployment=deployment) is None
    assert lab.scored(other) == before
    assert DROPPED[0] in storyboard(other, deployment=deployment)["p_threat"].tolist()


def test_data_is_text_in_every_tab(lab: Lab, page: Page) -> None:
    """A hostile row, in an incident with a hostile title, runs nothing and links to nothing in any view."""
    day = lab.days[2]
    run_notebook(page, day, "Edge_Investigation")
    hostile = "<script>alert(1)</script>"
    rows(page, "Suspicious connections").filter(has_text=hostile).first.locator("td.time").click()
    expect(rows(page, "The connection").filter(has_text=hostile).first).to_be_visible()
    page.keyboard.press("a")
    expect(rows(page, "Connections of the incident").filter(has_text=hostile)).to_be_visible()
    page.get_by_role("textbox", name="Title").fill(MARKUP[0])
    page.get_by_role("button", name="Save incident").click()
    expect(page.get_by_text("Saved: 1 connection")).to_be_visible()
    for tab, shown in (("Hosts", "Hosts"), ("Clients", "Clients"), ("Requests", "Requests"), ("Scored", "")):
        page.get_by_role("tab", name=tab, exact=True).click()
        if shown:
            expect(rows(page, shown).first).to_be_visible()
    page.get_by_role("tab", name="Requests", exact=True).click()
    _filter(page, '"<script>"')
    expect(rows(page, "Requests").filter(has_text=hostile).first).to_be_visible()
    page.get_by_role("tab", name="Map", exact=True).click()
    expect(page.get_by_text("All clients: ").locator("visible=true")).to_be_visible()

    shown = page.locator(".edge-investigation")
    assert shown.locator("a, script, iframe, img:not(.widget-image), mjx-container").count() == 0
    assert page.evaluate("window.ran") is None
    reset_scored_connections(day, deployment=lab.home.deployment)


def test_data_runs_nothing_and_links_to_nothing(lab: Lab, page: Page) -> None:
    """Markup, addresses, formulas and escapes are text in our table, and in frames and series alike."""
    run_notebook(page, lab.days[2], "Advanced_Mode")
    expect(page.locator(".jp-OutputArea-output img")).to_be_visible()
    cell = run_last_cell(page, SHOW_HOSTILE)

    shown = rows(page, "Hostile")
    expect(shown).to_have_count(len(HOSTILE))
    expect(cell.locator("table.frame-text")).to_have_count(2)
    # Until MathJax, if it does anything, has done it.
    page.wait_for_load_state("networkidle")
    expected = [printable(text) for text in HOSTILE]
    assert shown.locator("td").all_text_contents() == expected
    for frame in cell.locator("table.frame-text").all():
        assert frame.locator("td").all_text_contents() == expected
    assert cell.locator("a, script, img, iframe, mjx-container").count() == 0
    assert page.evaluate("window.ran") is None
    assert re.search(r"\$.*\$", cell.inner_text())


def _filter(page: Page, text: str) -> None:
    """Filter the shown list."""
    page.get_by_placeholder("Filter").locator("visible=true").fill(text)
    page.keyboard.press("Enter")
