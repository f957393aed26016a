import base64

from support.home import SAMPLE_DAY, Home, metadata
from support.markup import drawing, texts

from proxy_oa_assets.model.clock import clock, minute_of, per_minute


def test_a_day_s_overview_has_figures_and_a_plot(tmp_path) -> None:
    """Figures that Dagster charts over the days, and a plot of a fixed size in a data address."""
    home = Home(tmp_path / "home")
    result = home.materialize(home.write_sample(SAMPLE_DAY, views=50))

    shown = metadata(result, "notebooks")
    kind, _, picture = str(shown["requests_per_minute"]).partition("data:image/svg+xml;base64,")

    assert kind == f"![Requests per minute of {SAMPLE_DAY}]("
    plot = drawing(base64.b64decode(picture.removesuffix(")")).decode("utf-8"))
    assert plot.get("width") == "960"
    assert {"requests per minute", "suspicious", "the most suspicious"} <= set(texts(plot))
    assert shown["requests"] == metadata(result, "ingest_summary")["requests"]
    assert shown["scored_requests"] == metadata(result, "scored_connections")["dagster/partition_row_count"]
    assert 0 < shown["minutes_without_traffic"] < 1440


def test_a_plot_has_no_text_of_the_data(tmp_path) -> None:
    """Any client can write into a request; Markdown would turn that into links and markup."""
    home = Home(tmp_path / "home")
    result = home.materialize(home.write_sample(SAMPLE_DAY, views=15))

    for asset in ("notebooks", "ingest_summary", "edge_details", "scored_connections", "proxy_results"):
        (event,) = result.asset_materializations_for_node(asset)
        for name, value in event.metadata.items():
            if type(value).__name__ == "MarkdownMetadataValue":
                assert (asset, name) == ("notebooks", "requests_per_minute")
                picture = value.md_str.partition("base64,")[2].removesuffix(")")
                assert "example" not in value.md_str + base64.b64decode(picture).decode("utf-8")


def test_minutes_are_read_from_clock_times_only() -> None:
    """Other texts count for no minute; hours with one digit are valid."""
    assert [minute_of(text) for text in ("00:00", "23:59:59", "7:05:03")] == [0, 1439, 425]
    assert [minute_of(text) for text in ("24:00", "12:60", "noon", "", None)] == [None] * 5
    assert sum(per_minute(["2016-09-12 00:01", "2016-09-12 noon"], [3, 9])) == 3
    assert clock(65) == "01:05"
