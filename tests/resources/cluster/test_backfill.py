"""Days of a cluster, backfilled by Dagster's own servers."""

import pytest
from support.cluster_home import ClusterHome
from support.dagster_client import ASSETS, DagsterClient
from support.ui_server import served

from proxy_oa_assets.model.day import Day

pytestmark = [pytest.mark.cluster, pytest.mark.server, pytest.mark.slow]

FIRST = Day.parse("2026-10-01")
DAYS = [day.key for day in FIRST.through(FIRST.plus(13))]


def test_days_are_backfilled(home: ClusterHome) -> None:
    """Fourteen, in seven runs of two days, some beside each other: each asset and each table has each."""
    for key in DAYS:
        home.write_sample(Day.parse(key), views=5)

    variables = {**home.variables, "PROXY_OA_START_DATE": FIRST.key, "PROXY_OA_DAYS_PER_RUN": "2"}
    with served(home.path, **variables) as address:
        client = DagsterClient(address)
        backfill = client.finished_backfill(dict.fromkeys(ASSETS, DAYS), seconds=1800)

        assert [run["status"] for run in client.runs_of(backfill)] == ["SUCCESS"] * 7
        for asset in ASSETS:
            assert client.days(asset, "MATERIALIZED", DAYS) == DAYS
    for key in DAYS:
        for table in ("proxy_scores", "proxy_edge", "proxy_ingest_summary"):
            assert home.made(table, Day.parse(key))
