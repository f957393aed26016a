"""The text of statements that only Impala executes, and constructs that no statement may use.

The forms are those of Impala's documentation (Impala SQL Reference: CREATE TABLE, ALTER TABLE, REFRESH,
INVALIDATE METADATA, SHOW PARTITIONS, INSERT). Its own parser can't be had: Maven Central serves neither
org.apache.impala:impala-frontend nor anything near it.
"""

import re

import pytest

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_EDGE, PROXY_INGEST_SUMMARY, TABLES
from proxy_oa_assets.resources.cluster import ddl
from proxy_oa_assets.resources.cluster.dialects import HIVE, IMPALA
from proxy_oa_assets.sql import analysts, check_counts, day_tables, raw_log
from proxy_oa_assets.sql.query import Query, any_row, whole_day

DAY = Day.parse("2016-09-12")
SPEC = ddl.day_partition(PROXY_EDGE, DAY)
HOUR = ddl.raw_hour_partition(DAY, "07")

QUERIES = [
    day_tables.edge_details(DAY),
    day_tables.ingest_summary(DAY),
    day_tables.full_connection_hours(DAY),
    day_tables.edges_of_scored_hours(DAY),
    analysts.ingest_summary(DAY, DAY),
    *(whole_day(table, DAY) for table in TABLES.values()),
    *(any_row(table, DAY) for table in TABLES.values()),
    check_counts.edge_counts(DAY),
    check_counts.summary_counts(DAY),
    check_counts.minutes_of_days(DAY, DAY),
    analysts.suspicious(DAY, "uri", "10.0.0.1", 9),
    analysts.details(DAY, "uri", "10.0.0.1"),
    analysts.scored_rows(DAY, ["uri", "other"]),
    analysts.timeline(DAY, "uri"),
    *(
        select(DAY, uri)
        for select in (raw_log.found_per_second, raw_log.requests_to, raw_log.referer_for)
        for uri in ("uri", "null")
    ),
    raw_log.found_rows(DAY, "uri", ["09:00:00", None], 9),
    raw_log.client_timeline(DAY, "uri", 9),
]

# Reserved words of Impala (Impala SQL Reference, "Impala reserved words") that are plausible names in a query
# about traffic. `time`, `host`, `hour` and `minute` aren't reserved.
RESERVED = (
    "at cardinality case cast char collect column condition count cube current data date default "
    "describe element end entry every exec external filter first float following from full function "
    "get grouping hash hold identity in interval into join large last left like limit local location "
    "match member method no none null of offset on one only or order out outer over overlay "
    "parameter partition path pattern per percent portion position precision primary range rank ref "
    "references refresh release replace reset role row rows scope scroll search seek set show "
    "similar size skip some stats stored string subset symbol table then to trailing union unknown "
    "unnest update upsert use values varying view when whenever where window with "
).split()
NAMED = re.compile(r"\bAS ([a-z_]+)(?! *\()|\) ([a-z_]+)\b(?! *\()", re.IGNORECASE)
CLAUSES = {"as", "from", "where", "group", "order", "on", "union", "and", "or", "then", "else", "end", "is"}


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
    other = ddl.raw_hour_partition(DAY, "08")
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


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_queries_use_the_portable_subset(query: Query) -> None:
    """No name that Impala reserves, no quoted name, no ||, and as many values as placeholders."""
    names = {name.lower() for found in NAMED.findall(query.sql) for name in found if name} - CLAUSES
    types = {"int", "string", "bigint", "float"}
    assert not (names - types) & set(RESERVED)
    assert not re.search(r'"|`|\|\||::', query.sql)
    assert query.sql.count("?") == len(query.parameters)
    for table in TABLES.values():
        assert not set(table.column_names) & set(RESERVED)
