import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from support.browser import new_page
from support.hostile import MARKUP

from proxy_oa_assets.investigation.notebook import force_graph
from proxy_oa_assets.investigation.notebook.force_graph import ForceGraph
from proxy_oa_assets.model.text import printable

COLUMNS = "p_time clientip host referer reqmethod uri_sev ml_score word uri_rep".split()
CHAIN = [
    ("12:00:00", "10.0.0.1", "portal.example", "-", "GET", 0, None, None, None),
    ("12:00:30", "10.0.0.1", "landing.example", "http://portal.example/", "GET", 0, 0.1, "cold=1", ""),
    ("12:01:00", "10.0.0.1", "kit.example", "http://landing.example/", "GET", 1, 0.01, "cold=2", "a:BAD:3"),
    ("12:10:00", "10.0.0.2", "late.example", None, "POST", 3, None, None, None),
]
# A widget's model as a browser has it: the kernel's side is what the page sent.
PAGE = """<!doctype html><meta charset="utf-8"><style>{style}</style><div id="graph" style="{box}"></div>
<script type="module">
const state = {{ content: {content}, height: "{height}" }};
window.sent = [];
const model = {{ get: (name) => state[name], on() {{}}, off() {{}}, send: (message) => sent.push(message) }};
const source = await (await fetch("/module.js")).text();
const module = await import(URL.createObjectURL(new Blob([source], {{ type: "text/javascript" }})));
module.default.render({{ model, el: document.getElementById("graph") }});
window.cy = document.querySelector(".drawing")._cyreg.cy;
</script>"""

Show = Callable[..., Page]


def requests(rows: list[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=COLUMNS)


@pytest.fixture
def graph() -> ForceGraph:
    """A graph of four requests; `chosen` has each selection."""
    chosen: list[list[str]] = []
    graph = ForceGraph(chosen.append)
    graph.chosen = chosen
    graph.show(requests(CHAIN))
    return graph


@pytest.fixture(scope="module")
def browser() -> Iterator[Page]:
    with new_page(1280, 720, "http://graph.example") as page:
        yield page


@pytest.fixture
def show(browser: Page) -> Show:
    """Return a function that shows requests in a page, which has no server."""

    def shown(rows: list[tuple[object, ...]], *, box: str = "", height: str = "420px") -> Page:
        graph = ForceGraph(lambda _: None)
        graph.show(requests(rows))
        content = json.dumps(graph.content).replace("<", "\\u003c")
        style = Path(force_graph.__file__).with_suffix(".css").read_text(encoding="utf-8")
        served = {
            "/": ("text/html", PAGE.format(style=style, content=content, box=box, height=height)),
            "/module.js": ("text/javascript", str(ForceGraph._esm)),
        }
        for path, (kind, body) in served.items():
            browser.route(
                f"http://graph.example{path}",
                lambda route, kind=kind, body=body: route.fulfill(body=body, content_type=kind),
            )
        browser.goto("/")
        browser.wait_for_function("window.cy")
        return browser

    return shown


def selected(page: Page) -> list[int]:
    """Return the last selection that the page sent."""
    page.wait_for_function("sent.length")
    return page.evaluate("sent.at(-1).selected")


def shown_hosts(page: Page) -> set[str]:
    return set(page.evaluate("cy.nodes('[!client]:visible').map((node) => node.data('label'))"))


def send(graph: ForceGraph, number: int, *selection: int, **other: Any) -> None:
    message = {
        "version": graph.content["version"],
        "view": "a",
        "number": number,
        "selected": list(selection),
    }
    graph._handle_custom_msg({**message, **other}, [])


def test_a_selection_names_hosts_and_an_outdated_one_is_dropped(graph: ForceGraph) -> None:
    """A message can overtake another one, or be about requests that are no longer shown."""
    names = [node["name"] for node in graph.content["nodes"]]
    send(graph, 2, names.index("kit.example"), names.index("landing.example"))
    send(graph, 1, names.index("late.example"))
    send(graph, 3, version=graph.content["version"] - 1)
    assert graph.chosen == [["kit.example", "landing.example"]]
    assert graph.selected == ["kit.example", "landing.example"]


def test_what_is_known_of_a_host_is_one_line(graph: ForceGraph) -> None:
    """Severity, verdict, score with its reasons, requests with their methods, and times."""
    about = {node["name"]: node["about"] for node in graph.content["nodes"]}
    assert about["kit.example"].startswith(
        "kit.example · severity high · verdict BAD · score 1.00e-02 because "
    )
    assert about["kit.example"].endswith(" · 1 request (GET 1) · 12:01:00")
    assert about["10.0.0.2"] == "10.0.0.2 · 1 request · 12:10:00"


def test_more_than_a_browser_can_draw_is_cut_with_a_word(graph: ForceGraph) -> None:
    """The note has both numbers; a day of many moments is counted by the minute."""
    rows = [
        (
            f"{at // 60 % 24:02d}:{at % 60:02d}:{at % 59:02d}",
            "c",
            f"h{at % 300}.example",
            None,
            "GET",
            0,
            *[None] * 3,
        )
        for at in range(90_000)
    ]
    graph.show(requests(rows))
    assert graph.content["note"].startswith("Shown: the gravest 250 of 301 clients and hosts")
    assert len(graph.content["nodes"]) == 250
    assert all(second % 60 == 0 for link in graph.content["links"] for second in link["times"][::2])


@pytest.mark.browser
def test_a_click_selects_a_host_and_a_clients_hosts(show: Show) -> None:
    """A click with Ctrl adds one; a click on a client selects what it asked."""
    page = show(CHAIN)
    places = page.evaluate("cy.nodes().map((node) => node.renderedPosition())")
    labels = page.evaluate("cy.nodes().map((node) => node.data('label'))")

    def click(label: str, **how: Any) -> list[int]:
        page.evaluate("sent.length = 0")
        page.locator(".drawing").click(position=places[labels.index(label)], **how)
        return selected(page)

    kit, landing = labels.index("kit.example"), labels.index("landing.example")
    assert click("kit.example") == [kit]
    assert sorted(click("landing.example", modifiers=["Shift"])) == sorted([kit, landing])
    assert click("10.0.0.2") == [labels.index("late.example")]


@pytest.mark.browser
def test_a_span_of_time_shows_its_requests_alone(show: Show) -> None:
    """By dragging over the bars, by the sliders' keys, and all again by a double click."""
    page = show(CHAIN)
    assert shown_hosts(page) == {"portal.example", "landing.example", "kit.example", "late.example"}
    bars = page.locator(".bins")
    box = bars.bounding_box()
    assert box
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.up()
    status = page.locator(".status")
    expect(status).to_contain_text("3 requests, 3 hosts")
    assert shown_hosts(page) == {"portal.example", "landing.example", "kit.example"}
    page.get_by_role("slider", name="From").focus()
    page.keyboard.press("End")
    bars.dblclick()
    expect(status).to_have_text("12:00:00 to 12:10:00: 4 requests, 4 hosts")


@pytest.mark.browser
def test_keys_and_the_table_reach_every_host(show: Show) -> None:
    """The arrow keys go on in the order of time, Enter selects, and a box of the table does, too."""
    page = show(CHAIN)
    page.locator(".drawing").focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.locator(".status")).to_contain_text("landing.example · score")
    page.keyboard.press("Enter")
    labels = page.evaluate("cy.nodes().map((node) => node.data('label'))")
    assert selected(page) == [labels.index("landing.example")]
    page.get_by_text("The hosts as a table").click()
    row = page.get_by_role("row", name="kit.example")
    expect(row).to_contain_text("high")
    expect(row).to_contain_text("landing.example")
    row.get_by_role("checkbox").check()
    page.wait_for_function("sent.length == 2")
    assert sorted(selected(page)) == sorted([labels.index("landing.example"), labels.index("kit.example")])


@pytest.mark.browser
def test_hostile_names_are_text(show: Show) -> None:
    """On the canvas, in the status, in the table: nothing runs, and nothing is a link."""
    rows = [("12:00:00", text, text, f"http://{text}/", "GET", 0, 0.1, text, text) for text in MARKUP]
    page = show(rows)
    page.get_by_text("The hosts as a table").click()
    names = page.locator(".hosts tbody tr td:nth-child(2)")
    expect(names.filter(has_text=printable(MARKUP[-1])).first).to_be_visible()
    assert {printable(text) for text in MARKUP} <= set(names.all_text_contents())
    page.locator(".drawing").focus()
    for _ in MARKUP:
        page.keyboard.press("ArrowRight")
    assert page.locator("#graph :is(a, img, script, iframe, svg)").count() == 0
    assert page.evaluate("window.ran") is None


@pytest.mark.browser
def test_two_hundred_hosts_and_five_hundred_links_stay_fluid(show: Show) -> None:
    """A span of time is applied to all of them within a frame or few, and none is cut."""
    rows = [
        (
            f"{9 + at // 60 % 8:02d}:{at % 60:02d}:00",
            "c",
            f"host{at % 238}.example",
            f"http://host{(at + (100 if at < 476 else 50)) % 238}.example/" if at >= 238 else None,
            *("GET", 0, None, None, None),
        )
        for at in range(500)
    ]
    page = show(rows)
    assert page.evaluate("[cy.nodes().length, cy.edges().length]") == [239, 500]
    assert page.locator(".note").text_content() == ""
    seconds = page.evaluate("""() => {
        const slider = document.querySelector('[aria-label=From]'), started = performance.now();
        slider.value = Number(slider.max) / 2;
        slider.dispatchEvent(new Event('input'));
        return new Promise((done) => requestAnimationFrame(() => done((performance.now() - started) / 1000)));
    }""")
    assert seconds < 1


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [("1px", "0"), ("60px", "420px"), ("900px", "50px")])
def test_a_drawing_that_grows_is_laid_out_once_it_has_space(show: Show, width: str, height: str) -> None:
    """A tab that is only being placed has any size; nothing fails, and the hosts stand apart afterwards."""
    failures: list[str] = []
    page = show(CHAIN, box=f"width: {width}", height=height)
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.get_by_role("button", name="By time").dispatch_event("click")
    page.get_by_role("button", name="By links").dispatch_event("click")
    page.evaluate("""() => {
        document.getElementById("graph").style.width = "900px";
        document.querySelector(".drawing").style.height = "420px";
    }""")
    page.wait_for_function("cy.width() > 800 && cy.height() > 400", timeout=5_000)
    wide, high = page.evaluate("""['x', 'y'].map((way) => {
        const places = cy.nodes().map((node) => node.renderedPosition()[way]);
        return Math.max(...places) - Math.min(...places);
    })""")
    assert (wide > 400, high > 200, failures) == (True, True, [])
