"""What an analyst does on JupyterLab's pages."""

from playwright.sync_api import Dialog, Locator, Page, expect
from support.jupyter_server import TOKEN

from proxy_oa_assets.model.day import Day


def run_notebook(page: Page, day: Day, name: str) -> None:
    """Open a day's notebook, and run all of its cells."""
    page.on("dialog", _answer)
    page.goto(f"/lab/tree/{day.folder}/{name}.ipynb?token={TOKEN}&reset")
    # Before the kernel is there, JupyterLab runs nothing, and says nothing.
    expect(page.get_by_text("| Idle")).to_be_visible()
    # It draws cells that can't be seen later, so the page's last cell isn't the notebook's at first.
    notebook = page.request.get(f"/api/contents/{day.folder}/{name}.ipynb?token={TOKEN}").json()
    expect(page.locator(".jp-Cell")).to_have_count(len(notebook["content"]["cells"]))
    run_all_cells(page)


def run_all_cells(page: Page) -> None:
    """Run all cells of the notebook that is open, in the kernel that it has."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def run_last_cell(page: Page, source: str, *, before_last: int = 0) -> Locator:
    """Write into the notebook's last cell, or one before it, run it, and return it."""
    cell = _cell(page, before_last)
    cell.get_by_role("textbox").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("ControlOrMeta+Enter")
    return cell


def cell_source(page: Page, *, before_last: int) -> str:
    """Return what stands in one of the notebook's last cells."""
    return "\n".join(_cell(page, before_last).locator(".cm-line").all_inner_texts())


def rows(page: Page, table: str) -> Locator:
    """Return the rows of one of our tables."""
    return page.get_by_role("grid", name=table, exact=True).locator("tbody tr:not(.empty)")


def _cell(page: Page, before_last: int) -> Locator:
    cell = page.locator(".jp-CodeCell").nth(-1 - before_last)
    cell.scroll_into_view_if_needed()
    return cell


def _answer(dialog: Dialog) -> None:
    # Leaving an unsaved notebook is all that may be asked.
    assert dialog.type == "beforeunload", dialog.message
    dialog.accept()
