import sqlite3

from sqlalchemy.exc import OperationalError

from proxy_oa_assets.defs.assets.daily import _reason


def test_a_history_that_cannot_be_read_in_a_step_is_named_without_its_statement() -> None:
    """Dagster's SQLite fails within an asset: the reason says what to look at, not which SQL failed."""
    error = OperationalError("SELECT asset_key", {}, sqlite3.OperationalError("disk I/O error"))
    reason = _reason(error, "/srv/oa/dagster")
    assert "Dagster's history in /srv/oa/dagster can't be read or written (disk I/O error)" in reason
    assert "SELECT" not in reason
