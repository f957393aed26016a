"""An analyst's actions on JupyterLab's pages."""

from playwright.sync_api import Dialog, Locator, Page, expect
from support.jupyter_server import TOKEN

from proxy_oa_assets.model.day import Day


def run_notebook(page: Page, day: Day, name: str) -> None:
    """Open a day's notebook, and run all of its cells."""
    open_notebook(page, day, name)
    run_all_cells(page)


def open_notebook(page: Page, day: Day, name: str) -> None:
    """Open a day's notebook, and wait until it can be run."""
    page.on("dialog", _answer)
    page.goto(f"/lab/tree/{day.folder}/{name}.ipynb?token={TOKEN}&reset")
    # Without a kernel, JupyterLab silently runs nothing.
    expect(page.get_by_text("| Idle")).to_be_visible()
    # Cells out of sight are drawn later: at first, the page's last cell isn't the notebook's.
    notebook = page.request.get(f"/api/contents/{day.folder}/{name}.ipynb?token={TOKEN}").json()
    expect(page.locator(".jp-Cell")).to_have_count(len(notebook["content"]["cells"]))


def run_all_cells(page: Page) -> None:
    """Run all cells of the open notebook in its kernel."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def run_last_cell(page: Page, source: str, *, before_last: int = 0) -> Locator:
    """Write into one of the notebook's last cells, run it, and return it."""
    cell = _cell(page, before_last)
    cell.get_by_role("textbox").click()
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("ControlOrMeta+Enter")
    return cell


def run_uncommented(page: Page, *, before_last: int) -> Locator:
    """Uncomment one of the notebook's last cells, as JupyterLab's shortcut does; run it, and return it."""
    cell = _cell(page, before_last)
    cell.get_by_role("textbox").click()
    for keys in ("ControlOrMeta+A", "ControlOrMeta+/", "ControlOrMeta+Enter"):
        page.keyboard.press(keys)
    return cell


def cell_source(page: Page, *, before_last: int) -> str:
    """Return the source of one of the notebook's last cells."""
    return "\n".join(_cell(page, before_last).locator(".cm-line").all_inner_texts())


def rows(page: Page, table: str) -> Locator:
    """Return the rows of one of our tables."""
    return page.get_by_role("grid", name=table, exact=True).locator("tbody tr:not(.empty, .opened)")


def _cell(page: Page, before_last: int) -> Locator:
    cell = page.locator(".jp-CodeCell").nth(-1 - before_last)
    cell.scroll_into_view_if_needed()
    return cell


def _answer(dialog: Dialog) -> None:
    # The only expected question is about leaving an unsaved notebook.
    assert dialog.type == "beforeunload", dialog.message
    dialog.accept()
