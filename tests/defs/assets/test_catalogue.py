"""What the catalogue says of each asset, as deployed and configured."""

import dagster as dg
import pytest

from proxy_oa_assets.defs.automation.jobs import PROXY_DAY, PURPOSE
from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.model.errors import SettingsError
from proxy_oa_assets.settings import load_settings

CLUSTER = {"PROXY_OA_DEPLOYMENT": "cluster", "HDFS_URL": "http://namenode:9870", "IMPALA_HOST": "impalad"}


def specs(home, **variables: str) -> dict[str, dg.AssetSpec]:
    defs = build_definitions(load_settings(home, **variables))
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def entry(home, name: str, **variables: str) -> dict[str, object]:
    found = specs(home, **variables)
    return {asset: spec.metadata[name] for asset, spec in found.items() if name in spec.metadata}


def test_each_asset_says_where_its_data_lies(tmp_path) -> None:
    """A folder as a URI: of this machine, or of HDFS, as configured."""
    hdfs = f"{tmp_path.as_uri()}/hdfs/user/spot/proxy"
    local = {
        "proxy_results": f"{tmp_path.as_uri()}/data/proxy",
        "notebooks": f"{tmp_path.as_uri()}/ipynb/proxy",
    }
    assert entry(tmp_path, "dagster/uri") == {
        "ml_results": f"{hdfs}/scored_results",
        "proxy": f"{hdfs}/hive",
        "scored_connections": f"{hdfs}/hive/oa/suspicious",
        "edge_details": f"{hdfs}/hive/oa/edge",
        "ingest_summary": f"{hdfs}/hive/oa/summary",
        "proxy_history": f"{hdfs}/hive/oa/history",
        **local,
    }
    assert entry(tmp_path, "dagster/uri", PROXY_OA_HUSER="/user/site", **CLUSTER) == {
        "ml_results": "hdfs:///user/site/proxy/scored_results",
        "proxy": "hdfs:///user/site/proxy/hive",
        "scored_connections": "hdfs:///user/site/proxy/hive/oa/suspicious",
        "edge_details": "hdfs:///user/site/proxy/hive/oa/edge",
        "ingest_summary": "hdfs:///user/site/proxy/hive/oa/summary",
        "proxy_history": "hdfs:///user/site/proxy/hive/oa/history",
        **local,
    }


def test_tables_are_named_with_their_folder_or_their_database(tmp_path) -> None:
    """The asset's name isn't the table's, and a table's name alone says not which of them."""
    assert entry(tmp_path, "dagster/table_name") == {
        "proxy": "proxy/hive/proxy",
        "scored_connections": "proxy/hive/oa/suspicious/proxy_scores",
        "edge_details": "proxy/hive/oa/edge/proxy_edge",
        "ingest_summary": "proxy/hive/oa/summary/proxy_ingest_summary",
        "proxy_history": "proxy/hive/oa/history/proxy_history",
    }
    assert entry(tmp_path, "dagster/table_name", PROXY_OA_DBNAME="site", **CLUSTER) == {
        "proxy": "site.proxy",
        "scored_connections": "site.proxy_scores",
        "edge_details": "site.proxy_edge",
        "ingest_summary": "site.proxy_ingest_summary",
        "proxy_history": "site.proxy_history",
    }


def test_the_logs_lie_where_their_pattern_begins(tmp_path) -> None:
    """The part of the first pattern that is a folder; and with logs, proxy is made by a module of its own."""
    logs = "/var/log/zeek/%Y-%m-%d/http.*.log.gz;/var/log/squid/access.log*"
    assert entry(tmp_path, "dagster/uri", PROXY_OA_LOGS=logs)["proxy_logs"] == "file:///var/log/zeek"
    (source,) = entry(tmp_path, "dagster/code_references", PROXY_OA_LOGS=logs)["proxy"].code_references
    assert source.file_path.endswith("assets/proxy.py")


def test_owners_are_a_setting(tmp_path) -> None:
    """Of every asset, upstream ones included: mail addresses and teams."""
    found = specs(tmp_path, PROXY_OA_OWNERS="soc@example.com, team:threat hunting")
    assert {tuple(spec.owners) for spec in found.values()} == {("soc@example.com", "team:threat hunting")}


@pytest.mark.parametrize("owners", ["soc", "team:", "soc@example.com;x@example.com", "team:a,,team:b", "a@b"])
def test_owners_that_dagster_would_refuse_are_refused_by_name(tmp_path, owners: str) -> None:
    """Dagster's own error names no setting."""
    with pytest.raises(SettingsError, match=r"PROXY_OA_OWNERS=.*mail addresses and team:NAME"):
        load_settings(tmp_path, PROXY_OA_OWNERS=owners)


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://github.com/soc/proxy-oa/tree/main", "https://github.com/soc/proxy-oa/tree/main"),
        ("https://git.example/soc/oa/-/tree/v1/", "https://git.example/soc/oa/-/tree/v1"),
    ],
)
def test_sources_are_links_into_the_site_s_git(tmp_path, url: str, linked: str) -> None:
    """Where it is set, a path of the server, which no browser can open, isn't shown."""
    for asset, references in entry(tmp_path, "dagster/code_references", PROXY_OA_SOURCE_URL=url).items():
        (source,) = references.code_references
        address, _, line = source.url.partition("#L")
        module = "upstream" if asset in ("proxy", "proxy_logs") else asset
        assert address == f"{linked}/proxy_oa_assets/defs/assets/{module}.py"
        assert int(line) > 1


@pytest.mark.parametrize("url", ["git@github.com:soc/oa.git", "https://github.com/soc/oa", "/tree/main"])
def test_a_source_address_without_a_branch_is_refused(tmp_path, url: str) -> None:
    """With the form that is wanted."""
    with pytest.raises(SettingsError, match=r"PROXY_OA_SOURCE_URL=.*/tree/main"):
        load_settings(tmp_path, PROXY_OA_SOURCE_URL=url)


def test_tags_say_what_an_asset_s_data_and_a_run_are_for(tmp_path) -> None:
    """Selections such as tag:stage=evidence find assets, and a filter of runs finds resets."""
    found = specs(tmp_path)
    assert len({spec.tags["stage"] for spec in found.values()}) == len(found) == 9
    assert {spec.tags["sensitivity"] for spec in found.values()} == {"personal-data"}
    defs = build_definitions(load_settings(tmp_path))
    purposes = {
        job: defs.resolve_job_def(job).run_tags[PURPOSE]
        for job in (PROXY_DAY, "recheck_days", "reset_scored_connections", "yesterday")
    }
    assert purposes == {
        PROXY_DAY: "materialize",
        "recheck_days": "check",
        "reset_scored_connections": "reset",
        "yesterday": "check",
    }


def test_each_sensor_and_schedule_says_what_it_does(tmp_path) -> None:
    """The web UI shows it beside the switch."""
    settings = load_settings(tmp_path, PROXY_OA_FAILURE_WEBHOOK="https://hooks.example/secret")
    defs = build_definitions(settings)
    described = {automation.name: automation.description for automation in (*defs.sensors, *defs.schedules)}
    assert {"new_results", "recovery_webhook", "proxy_day_daily"} < set(described)
    assert all(described.values())
