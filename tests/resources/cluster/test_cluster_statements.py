"""The text of statements that only Impala executes.

The forms are those of Impala's documentation (Impala SQL Reference: CREATE TABLE, ALTER TABLE, REFRESH,
INVALIDATE METADATA, SHOW PARTITIONS, INSERT). Its own parser can't be had: Maven Central serves neither
org.apache.impala:impala-frontend nor anything near it.
"""

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_INGEST_SUMMARY
from proxy_oa_assets.resources.cluster import ddl
from proxy_oa_assets.resources.cluster.dialects import HIVE, IMPALA

DAY = Day.parse("2016-09-12")
SPEC = ddl.day_partition(PROXY_EDGE, DAY)
HOUR = ddl.raw_hour_partition(PROXY.day_values(DAY), "07")


def test_a_day_is_switched_by_impala_s_statements() -> None:
    """A staging table, a partition's location, one partition's refresh."""
    folder = "/user/spot/proxy/hive/oa/summary/y=2016/m=9/d=12/run=a"
    assert [
        ddl.create_table("staging", PROXY_INGEST_SUMMARY, folder, partitioned=False),
        ddl.fill("staging", "SELECT 1"),
        ddl.add_partition("proxy_ingest_summary", SPEC, folder),
        ddl.set_location("proxy_ingest_summary", SPEC, folder),
        *IMPALA.refresh("proxy_ingest_summary", SPEC),
        ddl.drop_table("staging"),
        ddl.drop_partition("proxy_ingest_summary", SPEC),
    ] == [
        (
            f"CREATE EXTERNAL TABLE IF NOT EXISTS staging (tdate STRING, total BIGINT) "
            f"STORED AS PARQUET LOCATION '{folder}'"
        ),
        "INSERT OVERWRITE TABLE staging SELECT 1",
        (
            f"ALTER TABLE proxy_ingest_summary ADD IF NOT EXISTS PARTITION (y=2016, m=9, d=12) "
            f"LOCATION '{folder}'"
        ),
        f"ALTER TABLE proxy_ingest_summary PARTITION (y=2016, m=9, d=12) SET LOCATION '{folder}'",
        "REFRESH proxy_ingest_summary PARTITION (y=2016, m=9, d=12)",
        "DROP TABLE IF EXISTS staging",
        "ALTER TABLE proxy_ingest_summary DROP IF EXISTS PARTITION (y=2016, m=9, d=12)",
    ]


def test_each_dialect_adds_raw_hours() -> None:
    """Impala one partition a statement, and refreshed; Hive and Spark all at once."""
    other = ddl.raw_hour_partition(PROXY.day_values(DAY), "08")
    assert HOUR == "y='2016', m='09', d='12', h='07'"
    assert list(IMPALA.add_partitions("proxy", {HOUR: None, other: None})) == [
        f"ALTER TABLE proxy ADD IF NOT EXISTS PARTITION ({HOUR})",
        f"REFRESH proxy PARTITION ({HOUR})",
        f"ALTER TABLE proxy ADD IF NOT EXISTS PARTITION ({other})",
        f"REFRESH proxy PARTITION ({other})",
    ]
    assert list(HIVE.add_partitions("proxy", {HOUR: None, other: None})) == [
        f"ALTER TABLE proxy ADD IF NOT EXISTS PARTITION ({HOUR}) PARTITION ({other})"
    ]
    assert list(HIVE.add_partitions("proxy", {})) == []


def test_impala_reloads_tables_that_others_created() -> None:
    """The table alone; all of the metadata would be invalidated without a name."""
    assert list(IMPALA.refresh_table("proxy")) == ["INVALIDATE METADATA proxy"]
    assert list(HIVE.refresh_table("proxy")) == []
    assert IMPALA.recover.format("proxy") == "ALTER TABLE proxy RECOVER PARTITIONS"


def test_impala_s_list_of_partitions_has_a_partition_s_location() -> None:
    """SHOW PARTITIONS has a row for each, and a total; a missing day has no location."""
    columns = ["y", "m", "d", "#Rows", "#Files", "Size", "Bytes Cached", "Location"]
    rows = [
        ("2016", "9", "11", -1, 1, "2KB", "NOT CACHED", "hdfs://ns/user/spot/eleven"),
        ("2016", "9", "12", -1, 1, "2KB", "NOT CACHED", "hdfs://ns/user/spot/twelve"),
        ("Total", "", "", -1, 2, "4KB", "0B", ""),
    ]
    assert IMPALA.locate.format("proxy_edge", SPEC) == "SHOW PARTITIONS proxy_edge"
    assert IMPALA.location(columns, rows, (2016, 9, 12)) == "hdfs://ns/user/spot/twelve"
    assert IMPALA.location(columns, rows, (2016, 9, 13)) is None
