"""Hostile values in one table in Chromium: a thousand more of them by `make fuzz`."""

import pandas as pd
import pytest
from support.hostile import VALUES, over_hostile_values
from support.table_page import table_page

from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.text_table import TextTable
from proxy_oa_assets.model.text import printable

pytestmark = pytest.mark.browser

DRAWN = set("div table thead tbody tr th td button span input output details summary label".split())
NAMES = ["clientip", "host", "fulluri", "useragent", "referer"]


@over_hostile_values("hostile values in a table in Chromium")
def test_a_table_of_hostile_values_runs_fetches_and_widens_nothing() -> None:
    """Cells and opened rows are text: no dialog, request or error, and the page stays as wide as it is."""
    table = TextTable("Hostile", selection="several", on_pivot=lambda *_: None)
    frame = pd.DataFrame(dict.fromkeys(NAMES, VALUES))
    table.show(frame, columns(" ".join(NAMES)))
    happened: list[str] = []
    with table_page() as shown:
        page = shown.page
        page.set_default_timeout(60_000)
        page.on("request", lambda request: happened.append(request.url))
        page.on("dialog", lambda dialog: (happened.append(dialog.message), dialog.dismiss()))
        page.on("pageerror", lambda error: happened.append(str(error)))
        page.on("popup", lambda popup: happened.append(popup.url))
        shown.open(table)
        assert shown.cells("fulluri") == [printable(value, 400) for value in VALUES]
        rows = page.evaluate(
            "[...document.querySelectorAll('tr:has(.more)')].map(row => row.querySelector('.more').click())"
        )
        page.wait_for_function("n => document.querySelectorAll('tr.opened').length === n", arg=len(rows))
        opened = " ".join(page.locator("tr.opened").all_text_contents())
        long = max(VALUES, key=len)
        assert printable(long, 2_000).rstrip("…") in opened

        for width in (1280, 700):
            page.set_viewport_size({"width": width, "height": 720})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("window.ran") is None
        names = page.evaluate("[...document.body.querySelectorAll('*')].map(each => each.localName)")
        assert {*names} <= DRAWN
    assert [each for each in happened if not each.startswith("blob:")] == []
