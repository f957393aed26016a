"""What a day asks of the engine."""

from contextlib import contextmanager

import pytest
from support.cluster_home import ClusterHome

from proxy_oa_assets.defs.checks.asset_checks import DAY_CHECKS, evaluated
from proxy_oa_assets.resources.cluster.hive_connection import HiveConnection

pytestmark = pytest.mark.cluster


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the statements that are run, as they are run."""
    statements: list[str] = []
    executed = HiveConnection.executed

    @contextmanager
    def noted(self: HiveConnection, sql: str, values=(), **options):
        statements.append(" ".join(sql.split()))
        with executed(self, sql, values, **options) as cursor:
            yield cursor

    monkeypatch.setattr(HiveConnection, "executed", noted)
    return statements


def test_a_day_takes_a_fixed_number_of_statements(home: ClusterHome, asked: list[str]) -> None:
    """However many connections are scored, and however many hours there are; a check takes one at most."""
    day = home.write_sample(views=40)
    counts = []
    for limit in (10, 200):
        asked.clear()
        assert home.materialize(day, limit=limit).success
        counts.append(len(asked))
    # The first time, partitions are added; from then on they are switched.
    assert counts[1] <= counts[0] < 45
    assert len([sql for sql in asked if sql.startswith("INSERT OVERWRITE")]) == 2
    assert not [sql for sql in asked if "VALUES" in sql]

    for checks, evaluate in DAY_CHECKS:
        asked.clear()
        results = evaluated(checks, evaluate, day, home.deployment)
        assert all(result.passed for result in results.values())
        assert len(asked) <= len(checks)
