"""The walk-throughs of docs/investigating.md, on real days that are ranked without reputation lists."""

import csv
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from support.browser import keep_picture, new_page
from support.home import Home
from support.jupyter_server import jupyter
from support.lab_pages import open_notebook, rows
from support.programs import program

from proxy_oa_assets.investigation.incidents import incidents
from proxy_oa_assets.model.day import Day

pytestmark = [pytest.mark.browser, pytest.mark.server]

KIT, AGENTS = Day.parse("2015-06-10"), Day.parse("2018-02-06")
# From opening the notebook to the saved incident.
MOST_ACTIONS = 9


class Hunter:
    """An analyst whose clicks, keys and fields are counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def click(self, part: Locator) -> None:
        """Click on a part of the page."""
        self.actions += 1
        part.click()

    def fill(self, part: Locator, text: str) -> None:
        """Write into a field."""
        self.actions += 1
        part.fill(text)

    def press(self, key: str) -> None:
        """Press a key."""
        self.actions += 1
        self.page.keyboard.press(key)

    def run_all(self) -> None:
        """Run all cells of the open notebook."""
        self.click(self.page.get_by_role("menuitem", name="Run", exact=True))
        self.click(self.page.get_by_role("menuitem", name="Run All Cells", exact=True))

    def tab(self, name: str) -> None:
        """Open a tab of the screen."""
        self.click(self.page.get_by_role("tab", name=name, exact=True))


@dataclass(frozen=True)
class Lab:
    """JupyterLab over the two days, and the hosts that are labelled."""

    home: Home
    address: str
    labels: Path

    def hosts(self, day: Day, client: str) -> set[str]:
        """Return the hosts of a client's capture."""
        with self.labels.open(encoding="utf-8", newline="") as file:
            found = [
                row for row in csv.DictReader(file) if (row["p_date"], row["clientip"]) == (day.key, client)
            ]
        return {row["host"] for row in found}

    def page_of(self, day: Day) -> str:
        """Return the text of the day's page of stories, with addresses as the log has them."""
        return (self.home.data(day) / "story.html").read_text(encoding="utf-8").replace("[.]", ".")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, test_data: Path) -> Iterator[Lab]:
    program("chromium", "chromium")  # before the days are made
    folder = tmp_path_factory.mktemp("walks")
    home = Home(folder / "home")
    for day in (KIT, AGENTS):
        raw = f"proxy/hive/y={day.y}/m={day.m:02d}/d={day.d:02d}"
        source = test_data / "hdfs" / "user/spot" / raw
        shutil.copytree(source, home.huser / raw, copy_function=shutil.copyfile)
        assert home.materialize(day).success
    with jupyter(home.path, folder / "user") as address:
        yield Lab(home, address, test_data / "labels.csv")


@pytest.fixture
def hunter(lab: Lab) -> Iterator[Hunter]:
    with new_page(1280, 720, lab.address) as page:
        expect.set_options(timeout=60_000)
        yield Hunter(page)


@pytest.fixture
def picture(hunter: Hunter) -> Callable[[str], None]:
    """Return a function that keeps the notebook's part of the window for docs/investigating.md."""

    def keep(name: str) -> None:
        keep_picture(hunter.page, name, part=hunter.page.locator(".jp-NotebookPanel-notebook"))

    return keep


def test_a_kit_on_2015_06_10(lab: Lab, hunter: Hunter, picture: Callable[[str], None]) -> None:
    """From one listed row to its whole chain: landing page, exploits, payloads and calls home."""
    victim, page = "192.168.204.227", hunter.page
    open_notebook(page, KIT, "Edge_Investigation")
    hunter.run_all()
    of_victim = rows(page, "Suspicious connections").filter(has_text=victim)
    hunter.click(of_victim.first.locator("td.time"))
    expect(rows(page, "The connection").filter(has_text="hkjsejlh.servequake.com").first).to_be_visible()
    picture("walk_kit_row")
    hunter.click(page.get_by_title("Propose the whole chain").locator("visible=true"))
    chain = rows(page, "Connections of the incident")
    expect(chain.filter(has_text="www.quickr.org")).to_be_visible()
    hunter.fill(page.get_by_role("textbox", name="Title"), "Fiesta kit by way of quickr.org")
    picture("walk_kit_incident")
    hunter.click(page.get_by_role("button", name="Save incident"))
    expect(page.get_by_text("Saved: 18 connections")).to_be_visible()

    assert hunter.actions <= MOST_ACTIONS
    (incident,) = incidents(KIT, deployment=lab.home.deployment)
    labelled = lab.hosts(KIT, victim)
    assert len(labelled) == 5
    assert set(incident.hosts) == labelled
    assert [host for host in labelled if host not in lab.page_of(KIT)] == []
    hunter.tab("Map")
    hunter.click(page.get_by_role("button", name="Incident", exact=True))
    expect(page.get_by_text("The incident: 24 requests")).to_be_visible()
    picture("walk_kit_map")


def test_fourteen_user_agents_on_2018_02_06(lab: Lab, hunter: Hunter, picture: Callable[[str], None]) -> None:
    """From the client with the most user agents to what it asked for while it was attacked."""
    victim, page = "10.55.100.107", hunter.page
    open_notebook(page, AGENTS, "Edge_Investigation")
    hunter.run_all()
    hunter.tab("Clients")
    clients = rows(page, "Clients")
    expect(clients.first).to_be_visible()
    agents = dict(
        zip(
            clients.locator("td.clientip").all_inner_texts(),
            map(int, clients.locator("td.useragents").all_inner_texts()),
            strict=True,
        )
    )
    assert max(agents, key=lambda client: agents[client]) == victim
    assert agents[victim] == 17
    clients.filter(has_text=victim).locator("td.requests").hover()
    picture("walk_agents_clients")
    hunter.click(clients.get_by_text(victim))
    requests = rows(page, "Requests")
    expect(requests.first).to_be_visible()
    hunter.fill(page.get_by_placeholder("Filter").locator("visible=true"), "time:19:11-19:56")
    hunter.press("Enter")
    expect(page.get_by_text(f"Client {victim}: 164 requests")).to_be_visible()
    picture("walk_agents_requests")
    hunter.click(page.get_by_title("Add the connections of all these requests"))
    expect(rows(page, "Connections of the incident").first).to_be_visible()
    hunter.fill(page.get_by_role("textbox", name="Title"), "Two kits, one client")
    hunter.click(page.get_by_role("button", name="Save incident"))
    expect(page.get_by_text("Saved: ")).to_be_visible()

    assert hunter.actions <= MOST_ACTIONS
    (incident,) = incidents(AGENTS, deployment=lab.home.deployment)
    labelled = lab.hosts(AGENTS, victim)
    assert len(labelled) == 46
    assert labelled <= set(incident.hosts)
    assert [host for host in labelled if host not in lab.page_of(AGENTS)] == []
