import dagster as dg
import pytest
from support.definitions import defs
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.model.tables import (
    PROXY,
    PROXY_EDGE,
    PROXY_HISTORY,
    PROXY_INGEST_SUMMARY,
    PROXY_SCORES,
    RESULT_COLUMNS,
)

MADE = (
    *("proxy_history", "proxy_results", "scored_connections", "edge_details", "ingest_summary"),
    "notebooks",
)
COLUMNS = {
    "proxy_results": {column.name for column in RESULT_COLUMNS},
    "scored_connections": set(PROXY_SCORES.column_names),
    "edge_details": set(PROXY_EDGE.column_names),
    "ingest_summary": set(PROXY_INGEST_SUMMARY.column_names),
    "proxy_history": set(PROXY_HISTORY.column_names),
    "ml_results": {column.name for column in RESULT_COLUMNS},
    "proxy": {column.name for column in (*PROXY.columns, *PROXY.partitions)},
}


def specs() -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


@pytest.mark.parametrize("asset", [*MADE, "ml_results", "proxy", "proxy_logs"])
def test_each_asset_says_what_it_is(asset: str) -> None:
    """What the web UI shows of an asset: description, group, owners, kinds, and its columns if it has any."""
    spec = specs()[asset]

    assert spec.description
    assert spec.group_name == "proxy_oa"
    assert spec.owners == ["team:proxy-oa"]
    assert spec.kinds
    if asset in COLUMNS:
        shown = {column.name for column in spec.metadata["dagster/column_schema"].columns}
        assert shown >= COLUMNS[asset]


@pytest.mark.parametrize("asset", MADE)
def test_each_asset_that_is_made_has_a_code_version_and_its_source(asset: str) -> None:
    """A day made by other code is seen, and the code is one click away."""
    spec = specs()[asset]

    (source,) = spec.metadata["dagster/code_references"].code_references
    assert spec.code_version
    assert source.file_path.endswith(f"assets/{asset}.py")


def test_each_column_leads_back_to_the_raw_log_or_the_ranked_results(tmp_path) -> None:
    """A materialization carries its columns' lineage; each step of it names a column that is there."""
    home = Home(tmp_path / "home")
    result = home.materialize(home.write_sample(SAMPLE_DAY, views=15))

    for asset in MADE[:-1]:
        (event,) = result.asset_materializations_for_node(asset)
        lineage = event.metadata["dagster/column_lineage"].value.deps_by_column
        assert set(lineage) == COLUMNS[asset]
        for sources in lineage.values():
            assert sources
            for source in sources:
                assert source.column_name in COLUMNS[source.asset_key.to_user_string()]
    sources = event_sources(result, "scored_connections")
    assert sources["uri_rep"] == {("proxy_results", "fulluri")}
    assert sources["ml_score"] == {("proxy_results", "score")}
    assert event_sources(result, "edge_details")["hh"] == {("proxy", "h")}


def event_sources(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, set[tuple[str, str]]]:
    (event,) = result.asset_materializations_for_node(asset)
    return {
        column: {(source.asset_key.to_user_string(), source.column_name) for source in of}
        for column, of in event.metadata["dagster/column_lineage"].value.deps_by_column.items()
    }
