"""`init-db` with Apache Spot's tables: nothing is changed, and a migration is printed."""

import re

import pandas as pd
import pytest
from support.cluster_home import ClusterHome
from support.home import SAMPLE_DAY

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY_SCORES, TABLES
from proxy_oa_assets.resources.cluster import ddl
from proxy_oa_assets.resources.cluster.cluster_tables import ClusterTables

pytestmark = pytest.mark.cluster

DAY = SAMPLE_DAY
# As spot-setup creates it: codes and ports are numbers.
SPOT_COLUMNS = ", ".join(
    f"{column.name} {'INT' if column.name in ('respcode', 'uriport') else column.type}"
    for column in PROXY_SCORES.columns
)


@pytest.fixture
def spot(home: ClusterHome) -> ClusterHome:
    """A cluster on which Spot has scored a row."""
    tables = home.deployment.impala.tables()
    name, folder = "proxy_scores", tables.folder(PROXY_SCORES)
    tables.connection.run(ddl.drop_table(name))
    tables.connection.run(
        f"CREATE EXTERNAL TABLE {name} ({SPOT_COLUMNS}) PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT) "
        f"STORED AS PARQUET LOCATION '{folder}'"
    )
    values = {"respcode": "404", "uriport": "8080", "fulluri": "'example.test/a'", "ml_score": "0.5"}
    row = ", ".join(values.get(column.name, "NULL") for column in PROXY_SCORES.columns)
    tables.connection.run(
        f"INSERT INTO {name} PARTITION ({ddl.day_partition(PROXY_SCORES, DAY)}) SELECT {row}"
    )
    return home


def test_tables_with_our_columns_stay(home: ClusterHome) -> None:
    """The second time, every table exists, and none differs."""
    assert home.deployment.impala.create_tables() == [f"{name}: there already" for name in TABLES]


def test_spot_s_table_is_reported_and_unchanged(spot: ClusterHome) -> None:
    """The columns that differ are named, the row stays, and no day is written to the table."""
    lines = spot.deployment.impala.create_tables()

    (line,) = [line for line in lines if line.startswith("proxy_scores:")]
    assert re.search(r"respcode is INT .*uriport is INT", line)
    assert [line for line in lines if line.startswith("  Nothing was changed")]
    assert len(spot.deployment.impala.read_day(PROXY_SCORES, DAY)) == 1
    frame = pd.DataFrame(columns=list(PROXY_SCORES.column_names))
    with pytest.raises(WarehouseError, match=r"respcode is INT .*; uriport is INT .*`proxy-oa init-db`"):
        spot.deployment.impala.replace_day_with_frame(PROXY_SCORES, DAY, frame)


def test_the_printed_migration_works(spot: ClusterHome) -> None:
    """Its lines, executed in order: the row is in the new table, with text in place of numbers."""
    tables = spot.deployment.impala.tables()
    steps = [line.strip() for line in spot.deployment.impala.create_tables() if line.startswith("    ")]

    for step in steps:
        run_as_printed(spot, tables, step)

    (row,) = spot.rows("proxy_scores", DAY)
    assert (row["respcode"], row["uriport"], row["fulluri"]) == ("404", "8080", "example.test/a")
    assert spot.deployment.impala.create_tables()[1] == "proxy_scores: there already"
    frame = spot.deployment.impala.read_day(PROXY_SCORES, DAY)
    assert spot.deployment.impala.replace_day_with_frame(PROXY_SCORES, DAY, frame) == 1
    # Spot's files and the migration's are in the day's own folder; the new version is beside it.
    assert "/_beside/" in tables.partition_location(PROXY_SCORES, DAY)
    assert len(spot.deployment.impala.read_day(PROXY_SCORES, DAY)) == 1


def run_as_printed(home: ClusterHome, tables: ClusterTables, step: str) -> None:
    """Execute a printed line; HDFS' command by the client."""
    if step.startswith("hdfs dfs -mv "):
        source, target = step.split()[3:]
        home.deployment.hdfs._connected().rename(source, target)
    else:
        tables.connection.run(step.removesuffix(";"))
