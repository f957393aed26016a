"""What a launchpad offers: the run config that a person can change, and nothing of the settings."""

import dagster as dg
import pytest
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.defs.automation.jobs import PROXY_DAY
from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.model.column_map import DEFAULT_LIMIT
from proxy_oa_assets.settings import load_settings

CLUSTER = {"PROXY_OA_DEPLOYMENT": "cluster", "HDFS_URL": "http://namenode:9870", "IMPALA_HOST": "impalad"}


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home")


def config_schema(job: dg.JobDefinition, part: str) -> dict[str, object]:
    """Return the defaults that a launchpad writes for each step or resource."""
    fields = job.run_config_schema.config_type.fields[part].config_type.fields
    return {name: field.default_value for name, field in fields.items() if field.default_provided}


@pytest.mark.parametrize("variables", [{}, CLUSTER])
def test_it_offers_the_limit_and_no_path_or_server(tmp_path, variables) -> None:
    """A scaffold of resources would fix a run, and each copy of it, to what the settings are now."""
    job = build_definitions(load_settings(tmp_path, **variables)).resolve_job_def(PROXY_DAY)
    resources = config_schema(job, "resources")
    assert not any(value.get("config") for value in resources.values())
    assert config_schema(job, "ops")["proxy_results"] == {"config": {"limit": DEFAULT_LIMIT}}


def test_resources_are_described_as_deployed(tmp_path) -> None:
    """One machine has DuckDB in the place of Impala; a cluster names its servers."""

    def described(**variables: str) -> dict[str, str]:
        resources = build_definitions(load_settings(tmp_path, **variables)).resources or {}
        return {name: resource.description for name, resource in resources.items()}

    here, there = described(), described(**CLUSTER)
    assert here["impala"] == "DuckDB over the home's Parquet files, in the place of Impala"
    assert here["hdfs"] == "The home's folder hdfs/, in the place of HDFS"
    assert there["impala"] == "Impala, impalad:21050 as spot, database spot"
    assert there["hdfs"] == "HDFS over WebHDFS, http://namenode:9870 as spot"


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_starts_no_run(home: Home, limit: int) -> None:
    """It is refused when the run's plan is made, in a launchpad as well, with the remedy."""
    job = home.definitions.resolve_job_def(PROXY_DAY)
    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(
            dg.DagsterInvalidConfigError, match=rf"limit is {limit}, .* write a number from 1"
        ):
            job.execute_in_process(
                partition_key=SAMPLE_DAY.key,
                instance=instance,
                run_config={"ops": {"proxy_results": {"config": {"limit": limit}}}},
            )
        assert instance.get_runs_count() == 0
