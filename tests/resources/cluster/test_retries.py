"""Retries of an asset's day when HDFS or the engine becomes unreachable."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
import pytest
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.home import SAMPLE_DAY, check_evaluations, failures
from support.relay import Relay, relaying

from proxy_oa_assets.model.errors import WarehouseUnreachableError
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings

pytestmark = pytest.mark.cluster

ROWS = "SELECT id FROM range(30000)"


@pytest.fixture
def namenode(cluster: Cluster) -> Iterator[Relay]:
    """The relay to the NameNode."""
    with relaying(urlsplit(cluster.hdfs.url).port) as relay:
        yield relay


@pytest.fixture
def engine(cluster: Cluster) -> Iterator[Relay]:
    """The relay to the engine."""
    with relaying(cluster.sql.port) as relay:
        yield relay


@pytest.fixture
def home(cluster: Cluster, namenode: Relay, engine: Relay, tmp_path: Path) -> Iterator[ClusterHome]:
    """A home that reaches its servers through the relays, with two attempts at HDFS."""
    reach = {"HDFS_URL": f"http://127.0.0.1:{namenode.port}", "IMPALA_PORT": str(engine.port)}
    home = ClusterHome(tmp_path / "home", cluster.variables, **reach)
    settings = load_settings(**{"PROXY_OA_HOME": str(home.path), **home.variables})
    home.deployment = deployment(settings, patient=False)
    yield home
    home.close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the retry policy's pauses, in seconds, without waiting."""
    found: list[float] = []
    calculated = dg.RetryPolicy.calculate_delay

    def noted(policy: dg.RetryPolicy, attempt: int) -> float:
        found.append(calculated(policy, attempt))
        return 0

    monkeypatch.setattr(dg.RetryPolicy, "calculate_delay", noted)
    return found


def tried_again(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return the retried steps, once for each retry."""
    return [event.step_key for event in result.all_events if event.is_step_restarted]


def test_an_unreadable_results_file_is_retried(home: ClusterHome, namenode: Relay, pauses: list[float]):
    """The connection is lost at both attempts of the client: the step is retried after seconds."""
    home.write_sample(views=5)
    namenode.lose("op=OPEN", times=2)

    result = home.materialize(SAMPLE_DAY, assets=["proxy_results"])

    assert result.success
    assert namenode.lost == 2
    assert tried_again(result) == ["proxy_results"]
    assert 0 <= pauses[0] <= 10


def test_a_statement_whose_connection_was_lost_is_retried(home: ClusterHome, engine: Relay):
    """The connection is lost at the day's INSERT: that asset alone is retried, and the day is whole."""
    home.write_sample(views=15)
    engine.lose("INSERT OVERWRITE TABLE proxy_edge_run_")

    result = home.materialize(SAMPLE_DAY)

    assert result.success
    assert engine.lost == 1
    assert tried_again(result) == ["edge_details"]
    assert check_evaluations(result)["every_connection_has_edges"].passed


def test_a_connection_lost_between_statements_is_not_noticed(home: ClusterHome, engine: Relay):
    """The next statement opens another."""
    connection = home.deployment.impala.tables().connection
    for _ in range(2):
        with connection.query(ROWS) as result:
            assert len(list(result.rows)) == 30_000
        engine.cut()


def test_a_connection_lost_in_a_result_isn_t_a_refusal(home: ClusterHome, engine: Relay):
    """The error isn't the engine's refusal of the lost session on another connection."""
    connection = home.deployment.impala.tables().connection

    def cut_off() -> None:
        with connection.query(ROWS) as result:
            next(result.rows)
            engine.cut()
            list(result.rows)

    with pytest.raises(WarehouseUnreachableError, match="connection was lost"):
        cut_off()


def test_an_unreachable_server_gets_three_attempts(home: ClusterHome, namenode: Relay, pauses: list[float]):
    """Pauses grow; the failure names the server."""
    home.write_sample(views=5)
    namenode.lose("op=OPEN", times=100)

    result = home.materialize(SAMPLE_DAY, assets=["proxy_results"])

    assert f"127.0.0.1:{namenode.port} doesn't answer" in failures(result)["proxy_results"]
    assert tried_again(result) == ["proxy_results"] * 2
    assert namenode.lost == 6
    assert 10 <= pauses[1] <= 20


def test_missing_results_are_not_retried(home: ClusterHome, pauses: list[float]):
    """The failure isn't transient."""
    result = home.materialize(SAMPLE_DAY, assets=["proxy_results"])

    assert "no ranked results yet" in failures(result)["proxy_results"]
    assert tried_again(result) == pauses == []


def test_a_statement_that_is_refused_is_not_retried(home: ClusterHome, pauses: list[float]):
    """The failure isn't transient."""
    home.write_sample(views=5)
    tables = home.deployment.impala.tables()
    tables.connection.run("DROP TABLE proxy_ingest_summary")

    result = home.materialize(SAMPLE_DAY, assets=["ingest_summary"])

    assert "proxy_ingest_summary" in failures(result)["ingest_summary"]
    assert tried_again(result) == pauses == []


def test_a_run_of_several_days_is_not_retried(home: ClusterHome, namenode: Relay, pauses: list[float]):
    """A retry would repeat its good days; the failure names the bad one."""
    for day in (SAMPLE_DAY, SAMPLE_DAY.plus(1)):
        home.write_sample(day, views=5)
    namenode.lose("op=OPEN", times=2)

    result = home.materialize(SAMPLE_DAY, last=SAMPLE_DAY.plus(1), assets=["proxy_results"])

    failure = failures(result)["proxy_results"]
    assert "1 of 2 days failed; the other one is done" in failure
    assert f"{SAMPLE_DAY}: " in failure
    assert tried_again(result) == pauses == []
