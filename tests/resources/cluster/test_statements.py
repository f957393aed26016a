"""The number of statements of a day."""

from contextlib import contextmanager

import pytest
from support.cluster_home import ClusterHome

from proxy_oa_assets.defs.checks.asset_checks import DAY_CHECKS, evaluated
from proxy_oa_assets.resources.cluster.hive_connection import HiveConnection

pytestmark = pytest.mark.cluster


@pytest.fixture
def executed_sql(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the statements as they are executed."""
    statements: list[str] = []
    executed = HiveConnection.executed

    @contextmanager
    def noted(self: HiveConnection, sql: str, values=(), **options):
        statements.append(" ".join(sql.split()))
        with executed(self, sql, values, **options) as cursor:
            yield cursor

    monkeypatch.setattr(HiveConnection, "executed", noted)
    return statements


def test_a_day_takes_a_fixed_number_of_statements(home: ClusterHome, executed_sql: list[str]) -> None:
    """However many connections are scored, and however many hours there are; a check takes one at most."""
    day = home.write_sample(views=40)
    counts = []
    for limit in (10, 200):
        executed_sql.clear()
        assert home.materialize(day, limit=limit).success
        counts.append(len(executed_sql))
    # The first time, partitions are added; from then on they are switched.
    assert counts[1] <= counts[0] < 56
    # The history, edges and summary.
    assert len([sql for sql in executed_sql if sql.startswith("INSERT OVERWRITE")]) == 3
    assert not [sql for sql in executed_sql if "VALUES" in sql]

    for checks, evaluate in DAY_CHECKS:
        executed_sql.clear()
        results = evaluated(checks, evaluate, day, home.deployment)
        assert all(result.passed for result in results.values())
        assert len(executed_sql) <= len(checks)
