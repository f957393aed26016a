import re

import pytest
from playwright.sync_api import expect
from support.command import proxy_oa
from support.dagster_client import ASSETS
from support.dagster_pages import figure, open_day, open_graph

from proxy_oa_assets.ingest.sample.attacks import DROPPER_HOST

_LINEAGE = """
query ($key: AssetKeyInput!) { assetOrError(assetKey: $key) { ... on Asset { assetMaterializations(limit: 1) {
    metadataEntries { ... on TableColumnLineageMetadataEntry { lineage {
        columnName columnDeps { assetKey { path } columnName } } } } } } } }"""

pytestmark = [pytest.mark.browser, pytest.mark.server]


def test_the_graph_shows_every_asset_and_what_it_is_made_from(page, picture) -> None:
    """The first page of lineage is the whole graph, without a dialog in front of it."""
    page.set_viewport_size({"width": 1500, "height": 720})
    open_graph(page)
    page.get_by_text("Hide navigation").click()
    page.reload()

    for name in ("proxy_logs", "proxy", *ASSETS):
        # In the list beside the graph, and in the graph.
        expect(page.get_by_text(name, exact=True).locator("visible=true")).to_have_count(2)
    expect(page.locator("svg path[marker-end]")).to_have_count(11)
    expect(page.get_by_text("Join the Dagster community")).to_have_count(0)
    picture("asset_graph")


def test_a_day_shows_its_figures_and_its_most_suspicious_rows(site, page, picture) -> None:
    """The rows are a table, verdicts included; nothing of the data becomes a link."""
    page.set_viewport_size({"width": 1920, "height": 1200})
    open_day(page, "scored_connections", site.materialized[-1])
    page.get_by_text("Hide navigation").click()

    expect(figure(page, "dagster/partition_row_count")).to_have_text("500")
    rows = page.get_by_role("table").filter(has_text="network_context").last.get_by_role("row")
    expect(rows).to_have_count(11)
    worst = rows.filter(has_text=f"{DROPPER_HOST}/invoice_2291.pdf.exe")
    expect(worst).to_contain_text("10.20.1.17")
    expect(worst).to_contain_text("HIGH")
    expect(worst).to_contain_text("Finance desks")
    links = [link.evaluate("link => link.href") for link in page.get_by_role("link").all()]
    assert links
    assert [link for link in links if not link.startswith(site.address)] == []
    assert page.locator(f"a[href*='{DROPPER_HOST}']").count() == 0
    picture("materialized_day")


def test_a_day_shows_the_plot_of_its_traffic(site, page, picture) -> None:
    """The plot is a picture in the metadata itself; with few scored requests one sees when they were."""
    day = site.materialized[1]
    assert proxy_oa(site.home.path, "run", "--date", day.key, "--limit", "25").returncode == 0
    open_day(page, "notebooks", day)

    expect(figure(page, "scored_requests")).to_have_text("25")
    page.get_by_text("[Show Markdown]").click()
    plot = page.get_by_role("dialog").get_by_role("img", name=f"Requests per minute of {day}")
    expect(plot).to_be_visible()
    expect(plot).to_have_attribute("src", re.compile(r"^data:image/svg\+xml;base64,"))
    assert plot.evaluate("plot => plot.width") == 960
    picture("day_plot")


def test_a_day_shows_where_its_story_is(site, page) -> None:
    """Once the page is written, its path stands in the metadata of the day's notebooks, which are not run."""
    day = site.materialized[-1]
    written = proxy_oa(site.home.path, "story", "--date", day.key)
    open_day(page, "notebooks", day)

    expect(figure(page, "story")).to_contain_text(written.stdout.strip())
    expect(figure(page, "folder")).to_be_visible()


def test_a_day_s_checks_have_passed(site, page, picture) -> None:
    """Each check of an asset shows its result for the day."""
    day = site.materialized[-1]
    checks = ("proxy_edge_has_its_columns", "no_connection_hour_is_beyond_250", "every_connection_has_edges")
    for check in checks:
        page.goto(f"/assets/edge_details?view=checks&checkDetail={check}")
        expect(page.get_by_text("Evaluation result")).to_be_visible()
        picture("checks", 640)
        page.get_by_role("tab", name="Partitions").last.click()
        page.get_by_text(day.key, exact=True).locator("visible=true").last.click()
        expect(page.get_by_text("Passed", exact=True)).to_be_visible()
        expect(page.get_by_text("Target materialization")).to_be_visible()
    expect(page.get_by_text("connections have their rows")).to_be_visible()


@pytest.mark.parametrize(
    ("asset", "column", "sources"),
    [
        ("edge_details", "fulluri", ["proxy.fulluri", "scored_connections.fulluri"]),
        ("scored_connections", "network_context", ["proxy_results.clientip"]),
        ("proxy_results", "clientip", ["ml_results.clientip"]),
    ],
)
def test_a_column_names_what_it_comes_from(site, asset: str, column: str, sources: list[str]) -> None:
    """Dagster's open-source UI doesn't draw column lineage (Dagster+ does); its API gives it."""
    answer = site.client.ask(_LINEAGE, key={"path": [asset]})
    (materialization,) = answer["assetOrError"]["assetMaterializations"]
    (lineage,) = [entry["lineage"] for entry in materialization["metadataEntries"] if entry]
    found = {entry["columnName"]: entry["columnDeps"] for entry in lineage}
    named = [f"{source['assetKey']['path'][0]}.{source['columnName']}" for source in found[column]]
    assert named == sources
