"""The contract of Warehouse, on both forms."""

import pandas as pd
import pytest
from support.cluster_home import ClusterHome
from support.deployments import DEPLOYMENTS
from support.engine_files import hour_file
from support.home import Home
from support.storyboard_days import DAY, HOSTILE, NEXT, comments, texts_of

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import (
    PROXY,
    PROXY_EDGE,
    PROXY_INGEST_SUMMARY,
    PROXY_SCORES,
    PROXY_STORYBOARD,
    PROXY_THREAT_INVESTIGATION,
    TABLES,
    records,
)
from proxy_oa_assets.sql.query import Query, whole_day

RAW_DAY = DAY.plus(9)


@pytest.fixture(scope="module")
def cluster_home(cluster, tmp_path_factory):
    """One database for the whole file: making one takes seconds."""
    home = ClusterHome(tmp_path_factory.mktemp("warehouses"), cluster.variables)
    yield home
    home.close()


@pytest.fixture(params=DEPLOYMENTS)
def warehouse(request, tmp_path):
    """Return a warehouse without a day, of either form."""
    if request.param == "embedded":
        return Home(tmp_path / "home").deployment.impala
    warehouse = request.getfixturevalue("cluster_home").deployment.impala
    for table in (PROXY_STORYBOARD, PROXY_INGEST_SUMMARY, PROXY_SCORES):
        for day in (DAY, NEXT):
            warehouse.drop_day(table, day)
    return warehouse


def test_a_day_is_replaced_by_a_frame(warehouse):
    """The day is the frame's rows, in its order; the number of rows comes back; the old rows are gone."""
    assert warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("a", "b")) == 2
    assert warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("c")) == 1
    assert texts_of(warehouse) == ["c"]


def test_a_day_is_replaced_by_a_select(warehouse):
    """A SELECT over the tables, with bound values, gives the day; it may read the very day it replaces."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("a", "b", "c"))
    select = Query(
        "SELECT p_threat, title, concat(text, ?) AS text FROM proxy_storyboard WHERE text <> ?", ("!", "b")
    )
    assert warehouse.replace_day(PROXY_STORYBOARD, DAY, select) == 2
    assert texts_of(warehouse) == ["a!", "c!"]


def test_a_day_may_become_empty(warehouse):
    """No row is a valid day: an empty frame and a SELECT without rows replace what was there."""
    nothing = Query("SELECT p_threat, title, text FROM proxy_storyboard WHERE FALSE")
    for replace in (
        lambda: warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments()),
        lambda: warehouse.replace_day(PROXY_STORYBOARD, DAY, nothing),
    ):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("a"))
        assert replace() == 0
        assert not warehouse.has_rows(PROXY_STORYBOARD, DAY)


def test_a_day_without_files_is_empty_and_has_the_columns(warehouse):
    """A table without files can be read: every column with its type, no row."""
    for table in TABLES.values():
        assert not warehouse.has_rows(table, DAY)
        read = warehouse.read_day(table, DAY)
        assert tuple(read.columns) == table.column_names
        assert read.empty
        warehouse.drop_day(table, DAY)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_byte_is_data(warehouse, text):
    """Quotes, backslashes, NUL, SQL, HTML, 100 KB come out as they went in: by frame, SELECT, bound value."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(text, "other"))
    assert texts_of(warehouse) == [text, "other"]
    select = Query("SELECT p_threat, title, ? AS text FROM proxy_storyboard WHERE title = ?", (text, text))
    assert warehouse.replace_day(PROXY_STORYBOARD, NEXT, select) == 1
    assert texts_of(warehouse, NEXT) == [text]
    assert [row[2] for row in warehouse.rows(whole_day(PROXY_STORYBOARD, NEXT))] == [text]


@pytest.mark.parametrize(
    "table", [PROXY_SCORES, PROXY_EDGE, PROXY_THREAT_INVESTIGATION], ids=lambda table: table.name
)
def test_nulls_keep_every_column_s_type(warehouse, table):
    """Whole numbers stay whole among NULLs, and a column of nothing but NULLs keeps its type."""
    values = {"STRING": "x", "INT": -(2**31), "FLOAT": 0.5}
    full = tuple(values[column.type] for column in table.columns)
    for rows in ([full, (None,) * len(full)], [(None,) * len(full)]):
        frame = pd.DataFrame(rows, columns=list(table.column_names), dtype="object")
        warehouse.replace_day_with_frame(table, DAY, frame)
        read = warehouse.read_day(table, DAY)
        assert list(records(read)) == rows
        assert read["fulluri"].dtype == "str"
        assert {str(read[column.name].dtype) for column in table.columns if column.type == "INT"} == {"Int32"}


def test_a_statement_that_the_engine_refuses_leaves_the_day(warehouse):
    """A typo and a missing table give an error that shows the statement; the day stays."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    for sql in ("SELEC 1", "SELECT p_threat, title, text FROM no_such_table"):
        with pytest.raises(WarehouseError, match=sql[:20]):
            warehouse.replace_day(PROXY_STORYBOARD, DAY, Query(sql))
        with pytest.raises(WarehouseError, match=sql[:20]):
            warehouse.query(Query(sql))
    assert texts_of(warehouse) == ["old"]


def test_a_frame_of_other_columns_is_refused(warehouse):
    """The error names the table and the day."""
    with pytest.raises(WarehouseError, match=r"doesn't fit proxy_storyboard, 2016-09-12"):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, pd.DataFrame({"text": ["a"]}))


def test_half_a_surrogate_pair_is_refused(warehouse):
    """No engine and no Parquet file has such text; the day stays."""
    half = pd.DataFrame({name: ["a\ud83d"] for name in PROXY_STORYBOARD.column_names}, dtype=object)
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    with pytest.raises(WarehouseError, match=r"doesn't fit proxy_storyboard, 2016-09-12: .*surrogate"):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, half)
    with pytest.raises(WarehouseError, match="surrogate"):
        warehouse.query(Query("SELECT text FROM proxy_storyboard WHERE text = ?", ("a\ud83d",)))
    assert texts_of(warehouse) == ["old"]


def test_a_day_is_dropped_alone(warehouse):
    """Every other day stays, and so does the day in another table."""
    for day in (DAY, NEXT):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, day, comments(day.key))
    minute = pd.DataFrame({"tdate": ["2016-09-12 07:05"], "total": [1]})
    warehouse.replace_day_with_frame(PROXY_INGEST_SUMMARY, DAY, minute)

    warehouse.drop_day(PROXY_STORYBOARD, DAY)

    assert (texts_of(warehouse), texts_of(warehouse, NEXT)) == ([], [NEXT.key])
    assert warehouse.has_rows(PROXY_INGEST_SUMMARY, DAY)


def test_a_day_s_columns_are_those_of_the_table(warehouse):
    """Names and types in order, as the check compares them."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("a"))
    assert warehouse.stored_columns(PROXY_STORYBOARD, DAY) == [
        (column.name, column.type) for column in PROXY_STORYBOARD.columns
    ]


def test_tables_are_created_once(warehouse):
    """Doing it again says that all is there, and leaves the days alone."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("a"))
    warehouse.create_tables()
    lines = warehouse.create_tables()
    assert [line.partition(": there already")[0] for line in lines] == list(TABLES)
    assert texts_of(warehouse) == ["a"]


def _raw(warehouse):
    """Return the URIs of the raw day by hour."""
    rows = warehouse.query(Query("SELECT h, fulluri FROM proxy WHERE d = ?", ("21",), (RAW_DAY, RAW_DAY)))
    return sorted((int(hour), uri) for hour, uri in rows.itertuples(index=False))


def test_the_hours_of_a_raw_day_are_replaced_by_files(warehouse, tmp_path):
    """The number of rows comes back; an hour that isn't named is empty; the files stay the caller's."""
    seven, eight = hour_file(tmp_path / "7", "a/", "b/"), hour_file(tmp_path / "8", "c/")
    assert warehouse.replace_raw_day(RAW_DAY, {7: [seven], 8: [eight]}) == 3
    assert _raw(warehouse) == [(7, "a/"), (7, "b/"), (8, "c/")]
    assert warehouse.replace_raw_day(RAW_DAY, {8: [seven], 23: [eight]}) == 3
    assert _raw(warehouse) == [(8, "a/"), (8, "b/"), (23, "c/")]
    assert seven.is_file()

    assert warehouse.replace_raw_day(RAW_DAY, {}) == 0
    assert _raw(warehouse) == []
    assert not warehouse.has_rows(PROXY, RAW_DAY)


def test_a_raw_file_of_other_columns_is_refused(warehouse, tmp_path):
    """The message names the file and the column; the day stays."""
    good, bad = hour_file(tmp_path / "good", "a/"), hour_file(tmp_path / "bad", "b/", table=PROXY_EDGE)
    warehouse.replace_raw_day(RAW_DAY, {7: [good]})
    with pytest.raises(WarehouseError, match=r"bad .*virusid"):
        warehouse.replace_raw_day(RAW_DAY, {7: [good], 8: [bad]})
    assert _raw(warehouse) == [(7, "a/")]


def test_files_are_added_to_hours_of_a_raw_day(warehouse, tmp_path):
    """Other hours stay, and what was there; the record of the last change counts, that of no rows too."""
    seven, eight, more = (
        hour_file(tmp_path / name, *uris)
        for name, uris in (("7", ["a/", "b/"]), ("8", ["c/"]), ("m", ["d/", "a/"]))
    )
    warehouse.replace_raw_day(RAW_DAY, {7: [seven], 8: [eight, seven]}, record="first")
    assert warehouse.raw_day_record(RAW_DAY) == "first"

    assert warehouse.add_to_raw_day(RAW_DAY, {8: [more], 9: [more, eight]}, record='{"é": "\'"}') == 5

    eights = [(8, "a/"), (8, "a/"), (8, "b/"), (8, "c/"), (8, "d/")]
    assert _raw(warehouse) == [(7, "a/"), (7, "b/"), *eights, (9, "a/"), (9, "c/"), (9, "d/")]
    assert warehouse.raw_day_record(RAW_DAY) == '{"é": "\'"}'
    assert warehouse.add_to_raw_day(RAW_DAY, {}, record="last") == 0
    assert len(_raw(warehouse)) == 10
    assert warehouse.raw_day_record(RAW_DAY) == "last"
    warehouse.drop_day(PROXY, RAW_DAY)
    assert warehouse.raw_day_record(RAW_DAY) == warehouse.raw_day_record(RAW_DAY.plus(1)) == ""


def test_a_retracted_row_takes_one_equal_row_out(warehouse, tmp_path):
    """Of several equal ones, NULLs included, one goes; of its hour alone; one that isn't there takes none."""
    old, part, whole = (
        hour_file(tmp_path / uris[0], *uris) for uris in (["a", "a", "part", "b"], ["part", "a"], ["whole"])
    )
    absent = hour_file(tmp_path / "absent", "absent", "part")
    warehouse.replace_raw_day(RAW_DAY, {7: [old], 8: [old]})
    assert warehouse.add_to_raw_day(RAW_DAY, {7: [whole]}, retracted={7: [part]}) == 1
    assert _raw(warehouse) == [
        (7, "a"),
        (7, "b"),
        (7, "whole"),
        *[(8, uri) for uri in ("a", "a", "b", "part")],
    ]

    assert warehouse.add_to_raw_day(RAW_DAY, {}, retracted={7: [absent, old], 8: [old], 9: [part]}) == 0
    assert _raw(warehouse) == [(7, "whole")]


def test_many_files_of_an_hour_are_merged(warehouse, tmp_path):
    """Each costs readers an opening; no row is lost or doubled."""
    files = [hour_file(tmp_path / str(number), f"{number:02d}", f"{number:02d}/") for number in range(18)]
    warehouse.replace_raw_day(RAW_DAY, {7: files[:1]})
    assert warehouse.add_to_raw_day(RAW_DAY, {7: files[1:]}, retracted={7: files[:1]}) == 34
    expected = [uri for number in range(1, 18) for uri in (f"{number:02d}", f"{number:02d}/")]
    assert _raw(warehouse) == [(7, uri) for uri in expected]


def test_raw_files_of_other_columns_aren_t_added(warehouse, tmp_path):
    """Nor rows of other columns retracted: the message names the file; the day and its record stay."""
    good, bad = hour_file(tmp_path / "good", "a/"), hour_file(tmp_path / "bad", "b/", table=PROXY_EDGE)
    warehouse.replace_raw_day(RAW_DAY, {7: [good]}, record="old")
    for hours, retracted in (({7: [good, bad]}, {}), ({8: [good]}, {7: [bad]})):
        with pytest.raises(WarehouseError, match=r"bad .*virusid"):
            warehouse.add_to_raw_day(RAW_DAY, hours, retracted=retracted, record="new")
    assert _raw(warehouse) == [(7, "a/")]
    assert warehouse.raw_day_record(RAW_DAY) == "old"
