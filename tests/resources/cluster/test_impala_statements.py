"""The statements that Impala gets, in order: the server records them, and refuses with Impala's texts.

Those are in Impala's own tests (tests/metadata/test_ddl.py and test_invalidate_metadata.py there).
"""

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.engine_files import hour_file, write_file
from support.hive_server import Rows, Served, StatementRefusedError, serving
from support.storyboard_days import DAY, comments

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_STORYBOARD, TABLES, declared
from proxy_oa_assets.resources.cluster.impala_warehouse import ImpalaWarehouse
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.resources.local.local_hdfs import LocalHdfs
from proxy_oa_assets.sql import day_tables
from proxy_oa_assets.sql.query import Query

TABLE = "proxy_storyboard"
PARTITION = "PARTITION (y=2016, m=9, d=12)"
PLACE = "/user/spot/proxy/hive/oa/storyboard/y=2016/m=9/d=12/run=RUN"
SELECT = Query("SELECT p_threat, title, ? AS text FROM proxy_storyboard", ("it's",))
FILLED = [
    (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {TABLE}_run_RUN (p_threat STRING, title STRING, text STRING) "
        f"STORED AS PARQUET LOCATION '{PLACE}'"
    ),
    rf"INSERT OVERWRITE TABLE {TABLE}_run_RUN SELECT p_threat, title, 'it\'s' AS text FROM {TABLE}",
    f"DROP TABLE IF EXISTS {TABLE}_run_RUN",
]
ADDED = f"ALTER TABLE {TABLE} ADD IF NOT EXISTS {PARTITION} LOCATION '{PLACE}'"
SWITCHED = [f"ALTER TABLE {TABLE} {PARTITION} SET LOCATION '{PLACE}'", f"REFRESH {TABLE} {PARTITION}"]


class Catalog:
    """The tables in Impala's catalog, and the location of the day of proxy_storyboard."""

    def __init__(self, tables: set[str]) -> None:
        self.tables = tables
        self.place = ""
        self.refused: tuple[str, ...] = ()

    def execute(self, statement: str) -> Rows:
        """Return Impala's result, as far as it is read; statements that begin as `refused` says get none."""
        if statement.startswith(self.refused):
            raise StatementRefusedError(f"no access: {statement}")
        if created := re.match(r"CREATE EXTERNAL TABLE IF NOT EXISTS (\w+)", statement):
            self.tables.add(created[1])
        if switched := re.search(r"SET LOCATION '(.*)'", statement):
            self.place = switched[1]
        if statement.startswith("SHOW PARTITIONS"):
            row = (b"2016", b"9", b"12", f"hdfs://ns{self.place}".encode())
            return Rows(("y", "m", "d", "Location"), [row, (b"Total", b"", b"", b"")])
        described = re.match(r"(INVALIDATE METADATA|DESCRIBE) (\w+)", statement)
        if described and described[2] not in self.tables:
            about = f"spot.{described[2]}"
            raise StatementRefusedError(
                f"TableNotFoundException: Table not found: {about}"
                if described[1] != "DESCRIBE"
                else f"AnalysisException: Could not resolve path: '{about}'"
            )
        if described and described[1] == "DESCRIBE":
            columns = declared(TABLES[described[2]].all_columns)
            return Rows(
                ("name", "type", "comment"), [(n.encode(), k.lower().encode(), b"") for n, k in columns]
            )
        return Rows()


@pytest.fixture
def catalog() -> Catalog:
    return Catalog(set(TABLES))


@pytest.fixture
def impala(catalog: Catalog) -> Iterator[Served]:
    with serving(catalog.execute) as served:
        yield served


@pytest.fixture
def warehouse(impala: Served, tmp_path: Path) -> Iterator[ImpalaWarehouse]:
    """Return a warehouse of the default engine."""
    warehouse = ImpalaWarehouse(hdfs=LocalHdfs(root=str(tmp_path)), host="127.0.0.1", port=impala.port)
    assert warehouse.engine == "impala"
    yield warehouse
    warehouse.close()


def executed(impala: Served) -> list[str]:
    """Return the statements since the last call, with `RUN` for a version's name."""
    statements = [re.sub(r"\d{8}t\d{6}_[0-9a-f]{8}", "RUN", statement) for statement in impala.statements]
    impala.statements.clear()
    return statements


def test_a_day_is_filled_aside_switched_to_and_refreshed(impala: Served, warehouse: ImpalaWarehouse) -> None:
    """By a SELECT and by a file; columns are checked once, and a partition is added the first time."""
    warehouse.replace_day(PROXY_STORYBOARD, DAY, SELECT)
    assert executed(impala) == [f"DESCRIBE {TABLE}", *FILLED, ADDED, *SWITCHED]
    warehouse.replace_day(PROXY_STORYBOARD, DAY, SELECT)
    assert executed(impala) == [*FILLED, *SWITCHED]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("a"))
    assert executed(impala) == SWITCHED
    warehouse.drop_day(PROXY_STORYBOARD, DAY)
    assert executed(impala) == [f"ALTER TABLE {TABLE} DROP IF EXISTS {PARTITION}"]


def test_the_first_refusal_is_reported(impala: Served, catalog: Catalog, warehouse: ImpalaWarehouse) -> None:
    """A login that expires refuses the day's INSERT, and then the removal of the staging table, too."""
    catalog.refused = ("INSERT", "DROP")
    with pytest.raises(WarehouseError, match="no access: INSERT") as raised:
        warehouse.replace_day(PROXY_STORYBOARD, DAY, SELECT)
    assert [statement.split()[0] for statement in executed(impala)] == [
        "DESCRIBE",
        "CREATE",
        "INSERT",
        "DROP",
    ]
    (note,) = raised.value.__notes__
    assert f"spot.{TABLE}_run_" in note


def test_old_versions_are_removed_after_impala_has_located_the_day(
    impala: Served, catalog: Catalog, warehouse: ImpalaWarehouse, tmp_path: Path, monkeypatch
) -> None:
    """A version to which the partition still points stays."""
    for text in ("one", "two"):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(text))
    executed(impala)
    before = catalog.place
    later = time.time() + warehouse.keep_seconds + 1
    monkeypatch.setattr(time, "time", lambda: later)

    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY.plus(1), comments("another day"))

    *_, where, dropped = executed(impala)
    assert (where, dropped) == (f"SHOW PARTITIONS {TABLE}", f"DROP TABLE IF EXISTS {TABLE}_run_RUN")
    assert [str(file) for file in tmp_path.rglob("*d=12/run=*")] == [f"{tmp_path}{before}"]


def test_raw_hours_are_loaded_before_they_are_read(impala: Served, warehouse: ImpalaWarehouse) -> None:
    """New hours are added and refreshed, changed ones refreshed, the others left alone."""

    def write(hour: str, name: str) -> None:
        warehouse.hdfs.write(f"/user/spot/{PROXY.day_folder(DAY)}/h={hour}/{name}", [b""])

    def loaded() -> list[str]:
        warehouse.replace_day(PROXY_EDGE, DAY, day_tables.edge_details(DAY))
        return [
            statement for statement in executed(impala) if re.search(r"\bproxy (ADD|PARTITION)", statement)
        ]

    def statements(hour: str) -> list[str]:
        partition = f"PARTITION (y='2016', m='09', d='12', h='{hour}')"
        return [f"ALTER TABLE proxy ADD IF NOT EXISTS {partition}", f"REFRESH proxy {partition}"]

    write("07", "part-0.parquet")
    write("23", "part-0.parquet")
    assert loaded() == [*statements("07"), *statements("23")]
    assert loaded() == []
    time.sleep(0.01)
    write("07", "late.parquet")
    write("22", "part-0.parquet")
    assert loaded() == [*statements("22"), statements("07")[1]]


def test_hours_that_are_added_to_get_statistics(
    impala: Served, catalog: Catalog, warehouse: ImpalaWarehouse, tmp_path: Path, caplog
) -> None:
    """Each hour alone, after the switch; if Impala refuses, the day stays added to."""
    file, partition = hour_file(tmp_path / "new", "new/"), "PARTITION (y='2016', m='09', d='12', h='07')"
    place = "/user/spot/proxy/hive/_beside/y=2016/m=09/d=12/run=RUN/h=07"
    refresh = f"REFRESH proxy {partition}"
    warehouse.add_to_raw_day(DAY, {7: [file]}, record="first")
    assert executed(impala) == [
        "DESCRIBE proxy",
        f"ALTER TABLE proxy ADD IF NOT EXISTS {partition} LOCATION '{place}'",
        refresh,
        f"ALTER TABLE proxy {partition} SET LOCATION '{place}'",
        refresh,
        f"COMPUTE INCREMENTAL STATS proxy {partition}",
    ]
    catalog.refused = ("COMPUTE",)
    warehouse.add_to_raw_day(DAY, {7: [file], 8: [file]}, record="second")
    assert warehouse.raw_day_record(DAY) == "second"
    assert "Statistics of proxy (y='2016', m='09', d='12', h='07') are missing: " in caplog.text


def test_a_raw_day_is_read_where_it_is_copied_to(warehouse: ImpalaWarehouse, tmp_path: Path) -> None:
    """The folder of a cluster's tables is that of the embedded form: its rows, hours and record."""
    copied = DuckDBWarehouse(base=str(tmp_path / "user" / "spot"))
    old, new = (hour_file(tmp_path / name, f"{name}/") for name in ("old", "new"))
    for hour in ("6", "07"):
        write_file(copied, PROXY, hour=hour, fulluri=["theirs/"])
    warehouse.add_to_raw_day(DAY, {7: [old], 8: [old]}, record="first")
    warehouse.add_to_raw_day(DAY, {8: [new]}, record="second")
    rows = copied.query(Query("SELECT h, fulluri FROM proxy")).itertuples(index=False)
    expected = {("6", "theirs/"), ("07", "theirs/"), ("07", "old/"), ("08", "old/"), ("08", "new/")}
    assert sorted(map(tuple, rows)) == sorted(expected)
    assert copied.raw_day_record(DAY) == "second"


def test_two_writers_who_add_at_once_both_add(impala: Served, tmp_path: Path) -> None:
    """Each copies the hour's files without a lock, and again if the other one has switched it since."""
    files = [hour_file(tmp_path / str(number), f"{number}/") for number in range(12)]

    def add(first: int) -> None:
        warehouse = ImpalaWarehouse(hdfs=LocalHdfs(root=str(tmp_path)), host="127.0.0.1", port=impala.port)
        for file in files[first::2]:
            warehouse.add_to_raw_day(DAY, {7: [file]})
        warehouse.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(add, range(2)))
    rows = DuckDBWarehouse(base=str(tmp_path / "user" / "spot")).read_day(PROXY, DAY)
    assert sorted(rows["fulluri"]) == sorted(f"{number}/" for number in range(12))


@pytest.mark.parametrize(
    ("sql", "count"), [("FROM proxy_edge", 1), ("FROM PROXY", 3), ("FROM a, `proxy` p", 3)]
)
def test_only_queries_of_the_raw_table_load_raw_hours(
    impala: Served, warehouse: ImpalaWarehouse, sql: str, count: int
) -> None:
    """In upper case, in backticks and after a comma, too: a partition is added and refreshed."""
    warehouse.hdfs.write(f"/user/spot/{PROXY.day_folder(DAY)}/h=07/part-0.parquet", [b""])
    warehouse.query(Query(f"SELECT 1 AS one {sql}", days=(DAY, DAY)))
    assert len(executed(impala)) == count


def test_statements_run_in_the_database_except_those_that_create_it(
    impala: Served, warehouse: ImpalaWarehouse
) -> None:
    """Table names aren't qualified, and literals aren't changed."""
    warehouse.create_tables()
    assert impala.databases == [None] + ["spot"] * (len(impala.statements) - 1)
    impala.statements.clear()
    warehouse.query(Query("SELECT 'FROM proxy_edge' AS text FROM proxy_edge a, proxy_scores b"))
    assert impala.statements == ["SELECT 'FROM proxy_edge' AS text FROM proxy_edge a, proxy_scores b"]


def test_tables_are_created_where_impala_has_none(
    impala: Served, catalog: Catalog, warehouse: ImpalaWarehouse
) -> None:
    """A new site: Impala refuses to invalidate a missing table. A table that Hive created stays."""
    catalog.tables -= {*TABLES} - {"proxy"}
    folder = f"/user/spot/{PROXY_STORYBOARD.location}"

    lines = warehouse.create_tables()

    assert lines == ["proxy: there already"] + [
        f"{name}: created, /user/spot/{table.location}"
        for name, table in TABLES.items()
        if table is not PROXY
    ]
    statements = executed(impala)
    assert statements[:3] == [
        "CREATE DATABASE IF NOT EXISTS spot",
        "INVALIDATE METADATA proxy",
        "DESCRIBE proxy",
    ]
    about = [statement for statement in statements if TABLE in statement]
    assert about[0] == f"INVALIDATE METADATA {TABLE}"
    assert about[-1] == (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS {TABLE} (p_threat STRING, title STRING, text STRING) "
        f"PARTITIONED BY (y SMALLINT, m TINYINT, d TINYINT) STORED AS PARQUET LOCATION '{folder}'"
    )
    assert warehouse.create_tables() == [f"{name}: there already" for name in TABLES]
