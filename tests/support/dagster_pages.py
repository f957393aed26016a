"""What a person does on the pages of Dagster's web UI."""

import json
import re

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from proxy_oa_assets.model.day import Day

MINUTES = 60_000  # milliseconds, as Playwright counts


def button_with_icon(page: Page, icon: str) -> Locator:
    """Return the buttons that show an icon and no text."""
    return page.get_by_role("button").filter(has=page.get_by_role("img", name=icon, exact=True))


def open_graph(page: Page, assets: int = 7) -> None:
    """Open the graph of all assets, of which so many are made here."""
    page.goto("/asset-groups")
    expect(page.get_by_role("button", name=f"Materialize all ({assets})")).to_be_enabled()


def choose_days(page: Page, days: str, assets: int = 7) -> Locator:
    """Press "Materialize all" in the graph and choose days, such as [2026-10-01...2026-10-14]."""
    open_graph(page, assets)
    page.get_by_role("button", name="Materialize all").click()
    dialog = page.get_by_role("dialog")
    type_days(dialog, days)
    return dialog


def type_days(within: Page | Locator, days: str) -> None:
    """Type days into the field of partitions, the first one; it appears when they are loaded."""
    field = within.get_by_role("textbox").first
    field.fill(days)
    field.press("Enter")


def open_launchpad(page: Page, day: Day) -> Locator:
    """Open the launchpad of all assets from the graph and choose its partition."""
    open_graph(page)
    choose_from_menu(page, button_with_icon(page, "arrow_drop_down"), "Open launchpad")
    choose_partition(page, day)
    return page.get_by_role("dialog")


def choose_partition(page: Page, day: Day) -> None:
    """Choose a day in the launchpad that is open.

    The field is redrawn without its text once the partitions are loaded; from then on it has a button to sort
    them.
    """
    expect(button_with_icon(page, "sort_by_alpha")).to_be_visible()
    page.get_by_placeholder("Partition").fill(day.key)
    page.get_by_role("menuitem", name=day.key).click()
    expect(page.get_by_text(f"partition: {day}")).to_be_visible()


def open_job(page: Page, job: str) -> None:
    """Open the launchpad of a job."""
    page.goto("/jobs")
    page.get_by_role("link", name=job).click()
    page.get_by_role("tab", name="Launchpad").click()


def launch(page: Page, config: dict[str, object]) -> None:
    """Launch the job of the launchpad that is open with this run config."""
    page.locator(".CodeMirror").first.click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(json.dumps(config))
    expect(page.get_by_text("No errors")).to_be_visible()
    page.get_by_role("button", name="Launch Run").click()


def choose_from_menu(page: Page, button: Locator, entry: str) -> None:
    """Open a button's menu and choose an entry, up to five times: a page that is redrawn closes the menu."""
    for _ in range(5):
        button.click()
        try:
            page.get_by_role("menuitem", name=entry).click(timeout=10_000)
        except NotInTime:
            page.keyboard.press("Escape")
        else:
            return
    raise AssertionError(f"the menu never offered {entry}")


def open_day(page: Page, asset: str, day: Day) -> None:
    """Open a day of an asset's partitions, and wait until its metadata is shown."""
    page.goto(f"/assets/{asset}?view=partitions&partition={day}")
    expect(page.get_by_text("Latest materialization")).to_be_visible()
    expect(page.get_by_role("cell").first).to_be_visible()


def figure(page: Page, name: str) -> Locator:
    """Return the value of an entry of the metadata that is shown."""
    return page.get_by_role("row").filter(has=page.get_by_text(name, exact=True)).get_by_role("cell").nth(1)


def await_success(page: Page) -> None:
    """Wait on a run's page until the run has succeeded."""
    expect(page).to_have_url(re.compile("/runs/"))
    expect(page.get_by_text("Success", exact=True)).to_be_visible(timeout=3 * MINUTES)
