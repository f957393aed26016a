import pytest

from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse


@pytest.fixture
def warehouse(tmp_path):
    """Return a warehouse below an empty folder."""
    return DuckDBWarehouse(base=str(tmp_path / "hdfs" / "user" / "spot"))
