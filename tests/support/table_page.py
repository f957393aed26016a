"""A table's script in Chromium, with its Python side in this process instead of a kernel: no JupyterLab."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Locator, Page
from support.browser import new_page

from proxy_oa_assets.investigation.notebook.text_table import TextTable

_STATE = ("content", "answer", "empty", "shown_columns", "selection", "label", "height", "bare", "buttons")
# What Jupyter's front ends do of a widget's model: changes and messages arrive in the order of the kernel's.
_MODEL = """async ({ script, style, state }) => {
    document.adoptedStyleSheets = [new CSSStyleSheet()];
    document.adoptedStyleSheets[0].replaceSync(style);
    const module = new Blob([script], { type: "text/javascript" });
    const { default: widget } = await import(URL.createObjectURL(module));
    const handlers = {};
    const trigger = (name, value) => handlers[name]?.(value);
    window.deliver = (changes) => {
        for (const [name, value] of changes) {
            if (name === "msg:custom") trigger(name, value);
            else {
                state[name] = value;
                trigger(`change:${name}`);
            }
        }
    };
    const tell = async (name, value) => window.deliver(await window.kernel(name, value));
    const set = {};
    const model = {
        get: (name) => state[name],
        set: (name, value) => { state[name] = set[name] = value; },
        save_changes: () => Object.entries(set).forEach(([name, value]) => tell(name, value)),
        send: (message) => tell("message", message),
        on: (name, handler) => { handlers[name] = handler; },
        off: (name) => { delete handlers[name]; },
    };
    widget.render({ model, el: document.body.appendChild(document.createElement("div")) });
}"""


class TablePage:
    """A page that shows a table."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._changes: list[tuple[str, Any]] = []
        page.expose_function("kernel", self._answer)

    def open(self, table: TextTable) -> None:
        """Show a table, in place of the one before."""
        self.table, self._changes = table, []
        self.page.set_content("<!doctype html><html lang=en><body style='margin: 8px'></body></html>")
        table.observe(self._note, _STATE)
        table.send = lambda content, *_: self._changes.append(("msg:custom", content))
        state = {name: getattr(table, name) for name in _STATE}
        parts = {"script": table._esm, "style": table._css, "state": state}
        self.page.evaluate(_MODEL, json.loads(json.dumps(parts)))

    def rows(self) -> Locator:
        """Return the rows of the table."""
        return self.page.locator("tbody tr:not(.empty, .opened)")

    def cells(self, column: str) -> list[str]:
        """Return the texts of a column in the shown order."""
        return self.rows().locator(f"td.{column}").all_text_contents()

    def selected(self, column: str) -> list[str]:
        """Return a column's texts of the rows that are shown as selected."""
        return self.page.locator(f"tr[aria-selected=true] td.{column}").all_text_contents()

    def from_kernel(self, change: Callable[[], None]) -> None:
        """Let the kernel change the table without a message from the page."""
        change()
        self.page.evaluate("changes => window.deliver(changes)", self._taken())

    def _note(self, change: Any) -> None:
        self._changes.append((change["name"], change["new"]))

    def _taken(self) -> list[tuple[str, Any]]:
        changes, self._changes = self._changes, []
        return changes

    def _answer(self, name: str, value: Any) -> list[tuple[str, Any]]:
        if name == "message":
            self.table._handle_custom_msg(value, [])
        else:
            setattr(self.table, name, value)
        return self._taken()


@contextmanager
def table_page(width: int = 1280, height: int = 720) -> Iterator[TablePage]:
    """Open a page for tables."""
    with new_page(width, height) as page:
        page.set_default_timeout(10_000)
        yield TablePage(page)
