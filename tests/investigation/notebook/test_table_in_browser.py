from collections.abc import Iterator

import pandas as pd
import pytest
from playwright.sync_api import expect
from support.hostile import MARKUP
from support.table_page import TablePage, table_page

from proxy_oa_assets.investigation.notebook.columns import TableColumn, columns
from proxy_oa_assets.investigation.notebook.text_table import Action, TextTable, severity_actions
from proxy_oa_assets.model.text import printable

pytestmark = pytest.mark.browser

COLUMNS = columns("time clientip host fulluri word reqmethod respcode resconttype? useragent? csbytes")
LOOKS = "\u0440\u0430ypal.com"


class ScoredTable:
    """A table of requests whose rows leave it when they are scored, as in the list of suspicious ones."""

    def __init__(self, rows: int = 8, *, leave: bool = True, **options) -> None:
        numbers = range(rows)
        self.frame = pd.DataFrame(
            {
                "time": [f"10:00:{(number * 37) % 60:02}" for number in numbers],
                "clientip": [f"10.0.0.{number}" for number in numbers],
                "host": [f"h{number}.example" for number in numbers],
                "fulluri": [f"h{number}.example/{'long/' * 60}{number}" for number in numbers],
                "word": "beacon=0.93;rare_host=0.8;leads_on;generated_host=0.4;uploads=0.3",
                "reqmethod": "GET",
                "respcode": "200",
                "resconttype": "text/html",
                "useragent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
                "csbytes": [number * 100 for number in numbers],
                "uri_sev": 0,
            }
        )
        self.leave, self.fails = leave, False
        self.scored: list[tuple[str, int]] = []
        self.opened: list[tuple[str, str]] = []
        self.turned: list[object] = []
        actions = [
            *severity_actions("Selected URIs", self.score, keys="123"),
            Action("All", "All low", "All rows: low risk", self.score_all, confirm=lambda _: self.question()),
        ]
        self.table = TextTable(
            "Requests",
            selection="several",
            height="300px",
            actions=actions,
            on_pivot=lambda kind, row: self.opened.append((kind, self.frame["host"][row])),
            on_page=self.turned.append,
            **options,
        )
        self.show()

    def show(self, **where) -> None:
        """Show the table again."""
        self.table.show(self.frame, COLUMNS, **where)

    def score(self, severity: int) -> None:
        """Score the selected rows."""
        rows = self.table.selected
        self.scored += [(self.frame["host"][row], int(severity)) for row in rows]
        if self.fails:
            return
        if self.leave:
            self.frame = self.frame.drop(index=rows).reset_index(drop=True)
        else:
            self.frame.loc[rows, "uri_sev"] = int(severity)
        self.show()

    def score_all(self) -> None:
        """Score all rows."""
        self.scored += [(host, 3) for host in self.frame["host"]]

    def question(self) -> str:
        """Return what a second click confirms."""
        return f"Score {len(self.frame)} URIs low? Click again"


@pytest.fixture(scope="module")
def shown() -> Iterator[TablePage]:
    with table_page() as page:
        expect.set_options(timeout=10_000)
        yield page


def _press_at_once(shown: TablePage, *keys: str) -> None:
    """Press keys before the kernel can answer any of them."""
    shown.page.evaluate(
        "keys => keys.forEach(key => document.activeElement.dispatchEvent("
        "new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })))",
        list(keys),
    )


def test_keys_score_row_after_row_in_the_shown_order(shown: TablePage) -> None:
    """1, 2 and 3 score the selected row; the next one in the sorted order is selected and has the focus."""
    made = ScoredTable()
    shown.open(made.table)
    heading = shown.page.get_by_role("columnheader", name="time")
    heading.get_by_role("button").click()
    order = shown.cells("host")
    assert order != sorted(order)
    shown.rows().nth(1).locator("td.time").click()
    for key in "1231":
        shown.page.keyboard.press(key)
    expect(shown.rows()).to_have_count(4)
    assert made.scored == list(zip(order[1:5], (1, 2, 3, 1), strict=True))
    assert shown.selected("host") == [order[5]]
    expect(shown.rows().nth(1)).to_be_focused()
    # The last row is followed by the one above it.
    shown.page.keyboard.press("End")
    shown.page.keyboard.press("3")
    expect(shown.rows()).to_have_count(3)
    assert shown.selected("host") == [order[6]]


@pytest.mark.parametrize("leave", [True, False], ids=["rows leave", "rows stay"])
def test_quick_keys_score_no_row_twice_and_no_other_row(shown: TablePage, *, leave: bool) -> None:
    """Keys before the kernel's answer wait for it: they are about the rows that are selected by then."""
    made = ScoredTable(leave=leave)
    shown.open(made.table)
    shown.rows().first.locator("td.time").click()
    _press_at_once(shown, "1", "2", "ArrowDown", "3")
    expect(shown.rows()).to_have_count(5 if leave else 8)
    if not leave:
        expect(shown.page.locator("tr[data-severity=Low]")).to_have_count(1)
    assert made.scored == [("h0.example", 1), ("h1.example", 2), ("h3.example", 3)]
    assert shown.selected("host") == ["h4.example"]


def test_a_double_click_scores_one_row(shown: TablePage) -> None:
    """Its second click, and a key that is kept down, would score the row that follows unseen."""
    made = ScoredTable()
    shown.open(made.table)
    shown.rows().first.locator("td.time").click()
    shown.page.get_by_title("Selected URIs: high risk").dblclick()
    expect(shown.rows()).to_have_count(7)
    shown.rows().first.locator("td.time").click()
    for _ in range(3):
        shown.page.keyboard.down("2")
    shown.page.keyboard.up("2")
    expect(shown.rows()).to_have_count(6)
    shown.page.wait_for_function("!document.querySelector('[aria-busy=true]')")
    assert made.scored == [("h0.example", 1), ("h1.example", 2)]


def test_keys_after_an_action_that_failed_are_dropped(shown: TablePage) -> None:
    """They were for the row that would have followed; a row that was clicked since is the one meant."""
    made = ScoredTable()
    made.fails = True
    shown.open(made.table)
    shown.rows().first.locator("td.time").click()
    _press_at_once(shown, "1", "2", "3")
    shown.page.wait_for_function("!document.querySelector('[aria-busy=true]')")
    assert made.scored == [("h0.example", 1)]
    shown.page.evaluate("""() => {
        const press = key => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { key, bubbles: true }));
        press("1");
        press("2");
        document.querySelectorAll("tbody tr")[4].querySelector("td.time").click();
        press("3");
    }""")
    shown.page.wait_for_function("!document.querySelector('[aria-busy=true]')")
    assert made.scored == [("h0.example", 1), ("h0.example", 1), ("h4.example", 3)]


def test_a_click_before_other_rows_come_is_about_its_own_row(shown: TablePage) -> None:
    """Rows move up while a score has no answer: a click on a host or a row is found again by its texts."""
    made = ScoredTable()
    shown.open(made.table)
    shown.rows().first.locator("td.time").click()
    shown.page.evaluate("""() => {
        const rows = [...document.querySelectorAll("tbody tr")];
        rows[0].dispatchEvent(new KeyboardEvent("keydown", { key: "1", bubbles: true }));
        rows[5].querySelector("td.host .pivot").click();
        rows[6].querySelector("td.time").click();
    }""")
    expect(shown.rows()).to_have_count(7)
    expect(shown.page.locator("tr[aria-selected=true]")).to_contain_text("h6.example")
    assert made.opened == [("host", "h5.example")]


def test_rows_of_the_same_texts_are_told_apart(shown: TablePage) -> None:
    """A client can send the same request twice in a second: the clicked one is selected and scored."""
    made = ScoredTable(leave=False)
    made.frame.loc[2] = made.frame.loc[1]
    made.show()
    shown.open(made.table)
    shown.rows().nth(2).locator("td.time").click()
    shown.page.keyboard.press("2")
    expect(shown.page.locator("tr[data-severity=Medium]")).to_have_count(1)
    assert list(made.frame["uri_sev"]) == [0, 0, 2, 0, 0, 0, 0, 0]
    assert shown.selected("host") == ["h3.example"]


def test_a_click_opens_a_client_or_host_without_a_selection(shown: TablePage) -> None:
    """So do Enter, c and h on a row; the row's client or host need not be among the shown columns."""
    made = ScoredTable()
    shown.open(made.table)
    shown.page.get_by_role("button", name="h2.example", exact=True).click()
    shown.page.get_by_role("button", name="10.0.0.5").click()
    assert shown.selected("host") == []
    shown.page.keyboard.press("ArrowDown")
    shown.page.keyboard.press("Enter")
    made.table.shown_columns = ["time", "fulluri"]
    shown.open(made.table)
    shown.rows().nth(3).locator("td.time").click()
    shown.page.keyboard.press("h")
    shown.page.keyboard.press("c")
    expected = [("host", 2), ("client", 5), ("client", 6), ("host", 3), ("client", 3)]
    assert made.opened == [(kind, f"h{number}.example") for kind, number in expected]
    made.table.shown_columns = []
    shown.from_kernel(lambda: made.table.show(made.frame, columns("host csbytes"), selected=[6]))
    shown.rows().nth(6).locator("td.csbytes").click()
    shown.page.keyboard.press("Enter")
    assert made.opened[-1] == ("host", "h6.example")


def test_columns_are_chosen_and_kept_for_the_next_table(shown: TablePage) -> None:
    """By mouse and keyboard, in the order of the columns; at least one is shown."""
    made = ScoredTable()
    made.table.shown_columns = []
    shown.open(made.table)
    headings = shown.page.locator("thead th:not(:has(input))")
    before = ["time", "client", "host", "URI", "because", "method", "code", "sent"]
    expect(headings).to_have_text(before)
    shown.rows().nth(2).locator("td.time").click()
    shown.page.get_by_text("Columns").click()
    shown.page.get_by_role("checkbox", name="user agent").check()
    shown.page.get_by_role("checkbox", name="method").focus()
    shown.page.keyboard.press("Space")
    after = ["time", "client", "host", "URI", "because", "code", "user agent", "sent"]
    expect(headings).to_have_text(after)
    assert shown.selected("host") == ["h2.example"]
    shown.page.keyboard.press("Escape")
    expect(shown.page.get_by_role("group", name="Columns")).to_be_hidden()
    shown.open(ScoredTable().table)
    expect(headings).to_have_text(after)
    shown.page.get_by_text("Columns").click()
    for name in after:
        shown.page.get_by_role("checkbox", name=name, exact=True).click()
    expect(headings).to_have_count(1)
    made.table.shown_columns = []


def test_a_cut_value_opens_below_its_row_and_closes(shown: TablePage) -> None:
    """Only cut values have the button; the right arrow opens all of the row's, the left one closes them."""
    made = ScoredTable()
    made.frame.loc[1, "fulluri"] = f"h1.example/{'x' * 30_000}"
    made.frame.loc[2, ["fulluri", "word"]] = ["h2.example/", None]
    made.show()
    shown.open(made.table)
    assert shown.rows().nth(2).locator(".more").count() == 0
    button = shown.rows().filter(has_text="h1.example").locator("td.fulluri .more")
    button.click()
    opened = shown.page.locator("tr.opened")
    expect(opened).to_have_count(1)
    assert opened.locator(".value").text_content() == printable(made.frame["fulluri"][1], 20_000)
    shown.page.get_by_role("columnheader", name="time").get_by_role("button").click()
    assert opened.evaluate("row => row.previousSibling.querySelector('td.host').textContent") == "h1.example"
    button.click()
    expect(opened).to_have_count(0)
    shown.rows().first.locator("td.time").click()
    shown.page.keyboard.press("ArrowRight")
    expect(opened.locator(".heading")).to_have_text(["URI", "because"])
    expect(opened).to_contain_text("leads on to other suspicious hosts")
    shown.page.keyboard.press("ArrowLeft")
    expect(opened).to_have_count(0)


def test_a_list_is_shown_in_pages(shown: TablePage) -> None:
    """With the number of all rows; a heading sorts the page and says so, or asks for the sorted list."""
    made = ScoredTable(50)
    made.show(total=31_234)
    shown.open(made.table)
    place = shown.page.locator(".place")
    expect(place).to_have_text("rows 1-50 of 31,234")
    before, after = (shown.page.get_by_role("button", name=name) for name in ("Previous", "Next"))
    expect(before).to_be_disabled()
    after.click()
    shown.page.get_by_role("columnheader", name="sent").get_by_role("button").click()
    expect(place).to_have_text("rows 1-50 of 31,234, these sorted by sent")
    shown.from_kernel(lambda: made.table.show(made.frame.head(34), COLUMNS, total=31_234, offset=31_200))
    expect(place).to_have_text("rows 31,201-31,234 of 31,234, these sorted by sent")
    expect(after).to_be_disabled()
    before.click()
    assert made.turned == [50, 31_150]

    asked = []
    made = ScoredTable(50, on_sort=lambda column, descending: asked.append((column, descending)) or again())

    def again() -> None:
        made.frame = made.frame.sort_values("csbytes", ascending=not asked[-1][1]).reset_index(drop=True)
        made.show(total=31_234)

    again_shown = shown.page.get_by_role("columnheader", name="sent")
    made.show(total=31_234)
    shown.open(made.table)
    for way in ("ascending", "descending", "none"):
        again_shown.get_by_role("button").click()
        expect(again_shown).to_have_attribute("aria-sort", way)
    assert asked == [("csbytes", False), ("csbytes", True), (None, False)]
    expect(place).to_have_text("rows 1-50 of 31,234")


def test_a_severity_and_the_row_of_a_window_are_marked(shown: TablePage) -> None:
    """By a colour and a text, also where no column shows the severity."""
    made = ScoredTable(40)
    made.frame.loc[[1, 2], "uri_sev"] = [1, 3]
    made.show(around=30)
    shown.open(made.table)
    marks = shown.page.locator("td.mark")
    assert [text for text in marks.all_text_contents() if text] == ["High", "Low", "here"]
    expect(shown.page.locator("tr[aria-current]")).to_be_in_viewport()
    colours = {
        shown.rows().nth(number).locator("td.host").evaluate("cell => getComputedStyle(cell).backgroundColor")
        for number in (0, 1, 2)
    }
    assert len(colours) == 3


def test_an_action_on_many_rows_asks_first(shown: TablePage) -> None:
    """It is done by a second click on the same button with the same selection; a double click isn't one."""
    made = ScoredTable()
    shown.open(made.table)
    button = shown.page.get_by_title("All rows: low risk")
    said = shown.page.locator("output", has_text="Score 8 URIs low? Click again")
    shown.rows().first.locator("td.time").click()
    button.dblclick()
    expect(said).to_be_visible()
    shown.rows().nth(1).locator("td.time").click()
    expect(said).to_have_count(0)
    button.click()
    expect(said).to_be_visible()
    assert made.scored == []
    button.click()
    expect(said).to_have_count(0)
    assert made.scored == [(host, 3) for host in made.frame["host"]]


def test_letters_that_imitate_others_are_marked(shown: TablePage) -> None:
    """With the spelling of DNS and the name that it looks like, in the title and below the row."""
    made = ScoredTable()
    made.frame.loc[0, ["host", "fulluri"]] = [LOOKS, f"{LOOKS}/{'sign-in/' * 60}"]
    made.show()
    shown.open(made.table)
    note = "xn--ypal-43d9g.com; looks like paypal.com; mixes Cyrillic and Latin letters"
    expect(shown.page.get_by_role("img", name=note)).to_have_count(2)
    assert note in (shown.rows().first.locator("td.fulluri").get_attribute("title") or "")
    assert shown.cells("host")[0] == LOOKS
    shown.rows().first.locator("td.fulluri .more").click()
    expect(shown.page.locator("tr.opened")).to_contain_text(note)


def test_many_rows_fit_and_the_page_stays_as_wide_as_it_is(shown: TablePage) -> None:
    """Ten rows in 300 pixels, the heading in sight, and no scrolling sideways but in the table."""
    made = ScoredTable(60)
    made.table.shown_columns = [column.name for column in COLUMNS]
    shown.open(made.table)
    frame = shown.page.locator(".text-table-frame")
    frame.evaluate("frame => { frame.scrollTop = 600; }")
    box = frame.bounding_box()
    assert box
    assert box["height"] <= 302
    boxes = [row.bounding_box() for row in shown.rows().all()]
    top = shown.page.locator("th").first.bounding_box()
    assert top
    assert top["y"] == pytest.approx(box["y"] + 1, abs=1)
    low, high = top["y"] + top["height"], box["y"] + box["height"]
    assert sum(low <= row["y"] and row["y"] + row["height"] <= high for row in boxes if row) >= 10
    for width in (1280, 700):
        shown.page.set_viewport_size({"width": width, "height": 720})
        assert shown.page.evaluate("document.documentElement.scrollWidth") <= width
        assert (frame.bounding_box() or {})["width"] == width - 16
    shown.page.set_viewport_size({"width": 1280, "height": 720})
    made.table.shown_columns = []


def test_hostile_values_are_text_everywhere(shown: TablePage) -> None:
    """In cells, pivots, marks, opened values and questions: nothing runs, nothing links, no row is lost."""
    values = [*MARKUP, f"<b>{LOOKS}</b>", "x" * 1_000_000]
    frame = pd.DataFrame({"clientip": values, "host": values, "fulluri": [LOOKS + value for value in values]})
    action = Action("Act", "Act", "Act", lambda: None, confirm=lambda rows: f"Act on {values[rows[-1]]}?")
    table = TextTable("Hostile", selection="several", actions=[action], on_pivot=lambda *_: None)
    table.show(frame, [*columns("clientip host fulluri"), TableColumn("host", "again")])
    shown.open(table)
    assert shown.cells("clientip") == [printable(value, 400) for value in values]
    for number in range(len(values)):
        row = shown.rows().nth(number)
        row.locator("td:has(input)").click()
        shown.page.keyboard.press("ArrowRight")
        shown.page.get_by_title("Act").click()
        expect(shown.page.locator("output")).to_have_text(printable(f"Act on {values[number]}?", 400))
        shown.page.keyboard.press("ArrowLeft")
    assert shown.page.locator("a, script, img, iframe, svg, link, meta, b").count() == 0
    assert shown.page.evaluate("window.ran") is None
    assert shown.page.evaluate("document.documentElement.scrollWidth") <= 1280
