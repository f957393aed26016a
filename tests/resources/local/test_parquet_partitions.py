from pathlib import Path

import pyarrow as pa
import pytest
from support.engine_files import DAY, write_file

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES, PROXY_STORYBOARD, TABLES
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.resources.local.partitions import day_folders, other_files
from proxy_oa_assets.resources.local.snapshot import day_files
from proxy_oa_assets.sql.day_tables import edge_details
from proxy_oa_assets.sql.query import Query

INVALID, REPAIRED = b"evil.example/\xff\xfe\xc3(", "evil.example/\ufffd\ufffd\ufffd("
FOLDERS = (
    *("a*b", "a?b", "[ab]", "{a,b}", "**", "it's", '"x"', "a\\b", "100%", "$HOME", "a b", "-- x;", "\u00e9"),
    *("x=y", "x=y=z", "y=1999", "m=1", "h=23", "text=x"),
)


def _comment(warehouse, text, name, day=DAY):
    return write_file(warehouse, PROXY_STORYBOARD, name, day=day, p_threat=[text], title=[text], text=[text])


def _texts(warehouse, day=DAY):
    return sorted(warehouse.read_day(PROXY_STORYBOARD, day)["text"])


def test_another_engine_s_files_are_the_day(warehouse):
    """Hive's, Impala's and Spark's names are read; markers, hidden and unfinished files aren't."""
    for name in ("000000_0", "abc.parq", "part-00000.snappy.parquet", "data.0"):
        _comment(warehouse, name, name)
    folder = Path(warehouse.location(PROXY_STORYBOARD, DAY))
    for name in ("_SUCCESS", ".hidden", ".part.9.tmp", "_temporary", "x.tmp", "x._COPYING_", ".000000_0.crc"):
        (folder / name).write_bytes(b"no Parquet")
    (folder / "_impala_insert_staging").mkdir()
    (folder / "subfolder").mkdir()
    assert _texts(warehouse) == ["000000_0", "abc.parq", "data.0", "part-00000.snappy.parquet"]


def test_another_engine_s_files_are_replaced_and_removed(warehouse):
    """A replacement is the whole day: the foreign data files go, what isn't data stays."""
    for name in ("000000_0", "abc.parq"):
        _comment(warehouse, name, name)
    folder = Path(warehouse.location(PROXY_STORYBOARD, DAY))
    (folder / "_SUCCESS").touch()
    select = Query("SELECT p_threat, title, text FROM proxy_storyboard WHERE text = ?", ("abc.parq",))
    assert warehouse.replace_day(PROXY_STORYBOARD, DAY, select) == 1
    assert _texts(warehouse) == ["abc.parq"]
    assert sorted(path.name for path in folder.iterdir()) == ["_SUCCESS", "part.parquet"]


def test_our_file_is_the_day_whatever_stands_beside_it(warehouse):
    """Between the rename and the removal of foreign files, a reader sees the new day alone."""
    for name in ("part.parquet", "000000_0", "zz.parquet"):
        _comment(warehouse, name, name)
    assert _texts(warehouse) == ["part.parquet"]
    assert warehouse.query(Query("SELECT text FROM proxy_storyboard"))["text"].tolist() == ["part.parquet"]


@pytest.mark.parametrize(
    "names", [("000000_0", "abc.parq"), ("part.parquet",), ("part.parquet", "000000_0"), ()]
)
def test_dropping_a_day_removes_its_data_whoever_wrote_it(warehouse, names):
    """The day is empty, the next one is not; dropping twice is no error."""
    for name in names:
        _comment(warehouse, name, name)
    _comment(warehouse, "next", "000000_0", DAY.plus(1))
    for _ in range(2):
        warehouse.drop_day(PROXY_STORYBOARD, DAY)
        assert _texts(warehouse) == []
    assert _texts(warehouse, DAY.plus(1)) == ["next"]
    assert other_files(Path(warehouse.location(PROXY_STORYBOARD, DAY))) == []


def test_only_the_asked_days_are_listed(warehouse):
    """A query of some days opens the files of those alone; one of no days, those of all, in order."""
    base = Path(warehouse.base)
    files = [_comment(warehouse, "x", "part.parquet", DAY.plus(offset)) for offset in range(4)]

    def listed(days):
        folders = day_folders(base, PROXY_STORYBOARD, days)
        return [file for folder in folders for file in day_files(folder, PROXY_STORYBOARD)]

    assert listed((DAY.plus(1), DAY.plus(2))) == files[1:3]
    assert listed((DAY.plus(9), DAY.plus(9))) == []
    assert listed(None) == files


def test_whether_tables_have_rows_is_read_from_the_newest_day_alone(warehouse):
    """`doctor` opens one day of years of raw hours: an older day's files, no Parquet here, stay closed."""
    write_file(warehouse, PROXY, fulluri=["a/"])
    for days in range(1, 40):
        older = write_file(warehouse, PROXY, day=DAY.plus(-days), fulluri=["a/"])
        older.write_bytes(b"no Parquet")
    assert warehouse.probes()["tables"]() == f"all {len(TABLES)} readable; with rows: proxy"


def test_padded_and_unpadded_partition_values_are_text_in_the_raw_table(warehouse):
    """'09' stays '09' and '12' stays '12': both compare as text, as in the cluster's table."""
    for day in (DAY, Day.parse("2016-10-02")):
        for hour in ("07", "12"):
            write_file(warehouse, PROXY, day=day, hour=hour, fulluri=["a/"])
    found = warehouse.query(Query("SELECT y, m, d, h FROM proxy ORDER BY m, h"))
    assert [tuple(row) for row in found.itertuples(index=False)] == [
        ("2016", "09", "12", "07"),
        ("2016", "09", "12", "12"),
        ("2016", "10", "02", "07"),
        ("2016", "10", "02", "12"),
    ]
    assert len(warehouse.read_day(PROXY, DAY)) == 2
    assert len(warehouse.query(Query("SELECT 1 AS one FROM proxy WHERE m = ? AND h = ?", ("09", "07")))) == 1


@pytest.mark.parametrize("part", FOLDERS)
def test_a_home_of_any_name_works(tmp_path, part):
    """Glob characters, quotes and `x=y` in the path to the home are part of a name and nothing else."""
    warehouse = DuckDBWarehouse(base=str(tmp_path / part / "hdfs"))
    other = DuckDBWarehouse(base=str(tmp_path / "ab" / "hdfs"))
    _comment(other, "other", "part.parquet")
    write_file(warehouse, PROXY, fulluri=["a/"])
    select = Query(
        "SELECT y AS p_threat, concat(m, d) AS title, concat(h, fulluri) AS text FROM proxy", days=(DAY, DAY)
    )
    assert warehouse.replace_day(PROXY_STORYBOARD, DAY, select) == 1
    assert warehouse.read_day(PROXY_STORYBOARD, DAY).to_dict("records") == [
        {"p_threat": "2016", "title": "0912", "text": "07a/"}
    ]
    assert len(warehouse.read_day(PROXY, DAY)) == 1


def test_spot_s_old_scores_with_numbers_for_codes_and_ports_are_read(warehouse):
    """Spot's own proxy_scores has respcode and uriport as INT: they are read as text, beside new days."""
    old = {"respcode": pa.int32(), "uriport": pa.int32()}
    write_file(
        warehouse, PROXY_SCORES, types=old, respcode=[200, None], uriport=[80, 443], fulluri=["a", "b"]
    )
    write_file(warehouse, PROXY_SCORES, day=DAY.plus(1), respcode=["404"], uriport=["8080"], fulluri=["c"])
    read = warehouse.read_day(PROXY_SCORES, DAY)
    assert read["respcode"].fillna("NULL").tolist() == ["200", "NULL"]
    assert read["uriport"].tolist() == ["80", "443"]
    both = warehouse.query(Query("SELECT respcode FROM proxy_scores WHERE respcode <> '' ORDER BY fulluri"))
    assert both["respcode"].tolist() == ["200", "404"]


def test_init_db_says_which_days_have_spot_s_columns_and_how_to_migrate_them(warehouse):
    """Nothing is said against days of ours, and nothing is changed; a damaged file is named."""
    old = {"respcode": pa.int32(), "uriport": pa.int32()}
    for offset in range(5):
        write_file(warehouse, PROXY_SCORES, day=DAY.plus(offset), types=old, respcode=[200], uriport=[80])
    write_file(warehouse, PROXY_SCORES, day=DAY.plus(9), respcode=["404"])
    damaged = _comment(warehouse, "x", "000000_0")
    damaged.write_bytes(b"PAR1 no more PAR1")

    lines = warehouse.create_tables()

    days = "y=2016/m=9/d=12, y=2016/m=9/d=13, y=2016/m=9/d=14 and 2 more"
    at = next(number for number, line in enumerate(lines) if line.startswith("proxy_scores: there already"))
    assert lines[at + 1 : at + 3] == [
        f"  respcode is INT instead of STRING: {days}",
        f"  uriport is INT instead of STRING: {days}",
    ]
    assert "materialize it again: proxy-oa run --date" in lines[at + 3]
    assert lines[at + 4].startswith("proxy_edge: ")
    assert [line for line in lines if str(damaged) in line]
    assert warehouse.read_day(PROXY_SCORES, DAY)["respcode"].tolist() == ["200"]
    assert len(lines) == len(TABLES) + 5


def test_an_empty_file_of_another_engine_is_no_row(warehouse):
    """Impala, Hive and Spark pass over a file of no bytes, which an aborted ingest leaves behind."""
    path = write_file(warehouse, PROXY, fulluri=["a/"])
    path.with_name("000001_0").touch()
    assert len(warehouse.read_day(PROXY, DAY)) == 1


def test_every_table_can_be_read_as_another_engine_wrote_it(warehouse):
    """Each table's own columns and types, found by name."""
    values = {"STRING": ["x"], "INT": [1], "BIGINT": [2**40], "FLOAT": [0.5]}
    for table in TABLES.values():
        row = {column.name: values[column.type] for column in table.columns}
        write_file(warehouse, table, annotated=False, **row)
        assert warehouse.read_day(table, DAY).to_dict("list") == row


def test_the_newest_version_from_a_cluster_is_the_day_until_it_is_replaced(warehouse):
    """Versions stand in folders of their own, the first of ours beside what Spot left in the day's."""
    folder = Path(warehouse.location(PROXY_STORYBOARD, DAY))
    beside = Path(warehouse.location(PROXY_STORYBOARD)) / "_beside" / folder.relative_to(folder.parents[2])
    for text, place in (
        ("Spot's", folder),
        ("first", beside / "run=20260101t000000_a"),
        ("last", folder / "run=20260103t000000_a"),
        ("second", folder / "run=20260102t000000_b"),
    ):
        written = _comment(warehouse, text, "000000_0")
        place.mkdir(parents=True, exist_ok=True)
        written.rename(place / "part.parquet.0")
        assert _texts(warehouse) == [{"second": "last"}.get(text, text)]
    (folder / "run=20260104t000000_a").mkdir()  # begun, and nothing in it yet
    assert _texts(warehouse) == ["last"]

    warehouse.drop_day(PROXY_STORYBOARD, DAY)
    assert _texts(warehouse) == []


@pytest.mark.parametrize("hour", ["07.bak", "007", "7_copy"])
def test_a_folder_that_is_no_hour_is_none_of_the_day_s(warehouse, hour):
    """As on a cluster: a copy kept beside an hour counts no request twice."""
    for name in ("07", hour):
        write_file(warehouse, PROXY, hour=name, clientip=["10.0.0.1"], fulluri=["a/"])
    write_file(warehouse, PROXY_SCORES, clientip=["10.0.0.1"], fulluri=["a/"])
    assert warehouse.query(edge_details(DAY))["hh"].tolist() == [7]
