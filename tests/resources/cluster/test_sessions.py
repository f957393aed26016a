"""The database of sessions: statements name tables as people write them."""

import pytest
from support.cluster_home import ClusterHome

from proxy_oa_assets.sql.query import Query

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize(
    "tables",
    [
        "proxy_scores a, proxy_edge b",
        "(proxy_scores a JOIN proxy_edge b ON a.fulluri = b.fulluri)",
        "`proxy_scores` a JOIN `proxy_edge` b ON a.fulluri = b.fulluri",
        "PROXY_SCORES a JOIN Proxy_Edge b ON a.fulluri = b.fulluri",
    ],
)
def test_joins_read_the_database(home: ClusterHome, tables: str) -> None:
    """Comma joins, parentheses, backticks and upper case."""
    (row,) = home.deployment.impala.rows(Query(f"SELECT count(*) AS found FROM {tables}"))
    assert row == (0,)


def test_a_literal_with_a_table_name_is_unchanged(home: ClusterHome) -> None:
    """Neither written in the statement, nor bound."""
    sql = "SELECT 'FROM proxy_edge' AS literal, ? AS bound FROM (SELECT count(*) AS n FROM proxy_edge) t"
    (row,) = home.deployment.impala.rows(Query(sql, ("x FROM proxy JOIN proxy_scores",)))
    assert row == ("FROM proxy_edge", "x FROM proxy JOIN proxy_scores")
