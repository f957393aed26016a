import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import WarehouseError
from proxy_oa_assets.frames import records
from proxy_oa_assets.queries import Query, whole_day
from proxy_oa_assets.resources.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.tables import (
    PROXY_EDGE,
    PROXY_INGEST_SUMMARY,
    PROXY_SCORES,
    PROXY_STORYBOARD,
    PROXY_THREAT_INVESTIGATION,
    TABLES,
)

DAY, NEXT = Day.parse("2016-09-12"), Day.parse("2016-09-13")
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
HOSTILE = (
    *("", "nul\0inside", "\0", "a\nb\r\tc", "\u2028", "\U0001f600", "007", "1e5", "null", "None", "nan"),
    *(
        "back\\",
        "\\' OR 1=1 -- ",
        "it's",
        '"quoted"',
        "%s %d %(x)s",
        "${env:HOME}",
        "'; DROP TABLE proxy; --",
    ),
    *("<script>alert(1)</script>", "x" * 100_000),
)


@pytest.fixture
def warehouse(tmp_path):
    """Return a warehouse below an empty folder."""
    return DuckDBWarehouse(base=str(tmp_path / "hdfs" / "user" / "spot"))


def _comments(*texts):
    """Return a frame for proxy_storyboard with one row per text."""
    return pd.DataFrame({name: pd.Series(texts, dtype="str") for name in PROXY_STORYBOARD.column_names})


def _texts(warehouse, day=DAY):
    return warehouse.read_day(PROXY_STORYBOARD, day)["text"].tolist()


def _files(warehouse, table=PROXY_STORYBOARD, day=DAY):
    """Return the visible files of a day by name, with their bytes."""
    folder = Path(warehouse.location(table, day))
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}


def test_a_day_is_replaced_by_a_frame(warehouse):
    """The day is the frame's rows, in its order; the number of rows comes back; the old rows are gone."""
    assert warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("a", "b")) == 2
    assert warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("c")) == 1
    assert _texts(warehouse) == ["c"]
    assert list(_files(warehouse)) == ["part.parquet"]


def test_a_day_is_replaced_by_a_select(warehouse):
    """A SELECT over the tables, with bound values, gives the day; it may read the very day it replaces."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("a", "b", "c"))
    select = Query(
        "SELECT p_threat, title, concat(text, ?) AS text FROM proxy_storyboard WHERE text <> ?", ("!", "b")
    )
    assert warehouse.replace_day(PROXY_STORYBOARD, DAY, select) == 2
    assert _texts(warehouse) == ["a!", "c!"]


def test_a_day_may_become_empty(warehouse):
    """No row is a valid day: an empty frame and a SELECT without rows replace what was there."""
    nothing = Query("SELECT p_threat, title, text FROM proxy_storyboard WHERE FALSE")
    for replace in (
        lambda: warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments()),
        lambda: warehouse.replace_day(PROXY_STORYBOARD, DAY, nothing),
    ):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("a"))
        assert replace() == 0
        assert not warehouse.has_rows(PROXY_STORYBOARD, DAY)


def test_the_same_rows_give_the_same_bytes(warehouse):
    """Same input, same output, to the byte: from a frame and from a SELECT that several threads run."""
    select = Query(
        "SELECT concat(i, '') AS p_threat, md5(concat(i, '')) AS title, 'x' AS text FROM range(400000) t(i)"
    )
    for replace in (
        lambda: warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments(*HOSTILE)),
        lambda: warehouse.replace_day(PROXY_STORYBOARD, DAY, select),
    ):
        replace()
        before = _files(warehouse)
        replace()
        assert _files(warehouse) == before
    assert warehouse.read_day(PROXY_STORYBOARD, DAY)["p_threat"].tolist() == [str(i) for i in range(400_000)]


def test_other_days_and_tables_are_untouched(warehouse):
    """Replacing or dropping a day leaves the bytes of other days and of other tables as they are."""
    days = [DAY.plus(offset) for offset in (-1, 0, 1, 365)]
    for day in days:
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, day, _comments(day.key))
    minute = pd.DataFrame({"tdate": ["2016-09-12 07:05"], "total": [1]})
    warehouse.replace_day_with_frame(PROXY_INGEST_SUMMARY, DAY, minute)
    others = [
        (PROXY_STORYBOARD, days[0]),
        (PROXY_STORYBOARD, days[2]),
        (PROXY_STORYBOARD, days[3]),
        (PROXY_INGEST_SUMMARY, DAY),
    ]
    before = [_files(warehouse, table, day) for table, day in others]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("new"))
    warehouse.drop_day(PROXY_STORYBOARD, DAY)
    assert [_files(warehouse, table, day) for table, day in others] == before
    assert [_texts(warehouse, day) for day in days] == [[days[0].key], [], [days[2].key], [days[3].key]]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_byte_is_data(warehouse, text):
    """Quotes, backslashes, NUL, SQL, HTML, 100 KB come out as they went in: by frame, SELECT, bound value."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments(text, "other"))
    assert _texts(warehouse) == [text, "other"]
    select = Query("SELECT p_threat, title, ? AS text FROM proxy_storyboard WHERE title = ?", (text, text))
    assert warehouse.replace_day(PROXY_STORYBOARD, NEXT, select) == 1
    assert _texts(warehouse, NEXT) == [text]
    assert [row[2] for row in warehouse.rows(whole_day(PROXY_STORYBOARD, NEXT))] == [text]


@given(texts=st.lists(TEXT | st.none(), max_size=5))
def test_every_text_and_null_comes_out_as_it_went_in(tmp_path_factory, texts):
    """No text is taken for NULL, and no NULL for a text."""
    warehouse = DuckDBWarehouse(base=str(tmp_path_factory.mktemp("base")))
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments(*texts))
    assert [row[2] for row in records(warehouse.read_day(PROXY_STORYBOARD, DAY))] == texts


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


def test_a_day_without_files_is_empty_and_has_the_columns(warehouse):
    """A table that nobody wrote yet can be read: every column with its type, no row."""
    for table in TABLES.values():
        assert not warehouse.has_rows(table, DAY)
        read = warehouse.read_day(table, DAY)
        assert tuple(read.columns) == table.column_names
        assert read.empty
        warehouse.drop_day(table, DAY)


def test_a_table_can_be_named_with_its_database(warehouse):
    """`spot.proxy_scores` is how analysts on a cluster write it."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("a"))
    for name in ("spot.proxy_storyboard", "proxy_storyboard"):
        assert warehouse.query(Query(f"SELECT text, y, m, d FROM {name}")).to_dict("records") == [
            {"text": "a", "y": 2016, "m": 9, "d": 12}
        ]


@pytest.mark.parametrize("database", ["default", "main", "memory", "spot_2"])
def test_every_database_name_that_the_settings_take_works(tmp_path, database):
    """PROXY_OA_DBNAME is a cluster's name; Impala's own is `default`."""
    warehouse = DuckDBWarehouse(base=str(tmp_path), database=database)
    assert warehouse.read_day(PROXY_STORYBOARD, DAY).empty


def test_a_statement_that_the_engine_refuses_changes_nothing(warehouse):
    """A typo, a missing table, other columns and an error in mid-flight leave the day and no debris."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("old"))
    before = _files(warehouse)
    for sql in (
        "SELEC 1",
        "SELECT p_threat, title, text FROM no_such_table",
        "SELECT p_threat, text, title FROM proxy_storyboard",
        "SELECT p_threat, title FROM proxy_storyboard",
        "SELECT p_threat, title, CAST(CAST(text AS INTEGER) AS VARCHAR) AS text FROM proxy_storyboard",
    ):
        with pytest.raises(WarehouseError):
            warehouse.replace_day(PROXY_STORYBOARD, DAY, Query(sql))
    assert _files(warehouse) == before
    assert [path.name for path in Path(warehouse.location(PROXY_STORYBOARD, DAY)).iterdir()] == [
        "part.parquet"
    ]


def test_what_a_killed_writer_left_is_no_row_and_goes(warehouse):
    """A temporary file of a dead process isn't read, and the next writer removes it."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("old"))
    left = Path(warehouse.location(PROXY_STORYBOARD, DAY)) / ".part.1.tmp"
    left.write_bytes(b"half a file")
    assert _texts(warehouse) == ["old"]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("new"))
    assert _texts(warehouse) == ["new"]
    assert not left.exists()


def test_rows_come_one_by_one_in_the_query_s_order(warehouse):
    """`rows` streams: a result that no memory could hold begins at once, and can be left half-way."""
    select = Query("SELECT i, concat('row ', CAST(i AS VARCHAR)) AS text FROM range(1000000000000) r(i)")
    rows = warehouse.rows(select)
    assert list(itertools.islice(rows, 25_000)) == [(number, f"row {number}") for number in range(25_000)]
    rows.close()
    assert list(warehouse.rows(Query("SELECT 1 AS one WHERE FALSE"))) == []


def test_two_streams_and_a_query_run_side_by_side(warehouse):
    """A stream keeps its own connection: another stream, a query and a replacement don't disturb it."""
    texts = [str(number) for number in range(30_000)]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments(*texts))
    first, second = (warehouse.rows(whole_day(PROXY_STORYBOARD, DAY)) for _ in range(2))
    seen = [next(first)[2], next(second)[2]]
    assert len(_texts(warehouse)) == 30_000
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("new"))
    assert seen == ["0", "0"]
    assert [row[2] for row in first] == [row[2] for row in second] == texts[1:]


def test_a_read_after_a_replacement_gives_the_new_day(warehouse):
    """No cache of the engine's outlives a replacement, even of the same size within the same millisecond."""
    reader = DuckDBWarehouse(base=warehouse.base)
    for number in range(50):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments(f"{number:03d}"))
        assert _texts(warehouse) == _texts(reader) == [f"{number:03d}"]


def test_readers_never_see_a_torn_or_empty_day(warehouse):
    """During replacements, each read gives one whole version: all its rows, and no error."""
    versions = [_comments(*[f"{number}"] * (20_000 + number)) for number in range(4)]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, versions[0])
    done = Event()

    def read():
        reader, seen = DuckDBWarehouse(base=warehouse.base), []
        while not done.is_set():
            seen.append(_whole_version(reader.read_day(PROXY_STORYBOARD, DAY)["text"].tolist()))
            seen.append(_whole_version([row[2] for row in reader.rows(whole_day(PROXY_STORYBOARD, DAY))]))
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for version in versions * 15:
            warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, version)
        done.set()
        seen = [version for reader in readers for version in reader.result()]
    assert None not in seen
    assert len(set(seen)) > 1


def _whole_version(texts):
    """Return which version these rows are, all of them; None if they are none."""
    (text,) = set(texts) if len(set(texts)) == 1 else (None,)
    return text if text is not None and len(texts) == 20_000 + int(text) else None


def _replace_often(base, text):
    """Replace the day many times, in a process of its own."""
    warehouse = DuckDBWarehouse(base=base)
    for _ in range(30):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments(*[text] * 1000))


def test_two_writers_in_two_processes_take_turns(warehouse):
    """Two runs that replace one day at once both succeed; the day is one of theirs, and no debris is left."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        writers = [pool.submit(_replace_often, warehouse.base, text) for text in ("a", "b")]
        for writer in writers:
            writer.result()
    assert _texts(warehouse) in (["a"] * 1000, ["b"] * 1000)
    assert [path.name for path in Path(warehouse.location(PROXY_STORYBOARD, DAY)).iterdir()] == [
        "part.parquet"
    ]


def test_create_tables_makes_what_is_missing_and_changes_nothing_else(warehouse):
    """Each table has a line; doing it again says that all is there and leaves the days alone."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, _comments("a"))
    first, second = warehouse.create_tables(), warehouse.create_tables()
    assert [line.split(":")[0] for line in first] == list(TABLES)
    assert sum("created" in line for line in first) == len(TABLES) - 2
    assert all("there already" in line for line in second)
    assert all(Path(warehouse.location(table)).is_dir() for table in TABLES.values())
    assert _texts(warehouse) == ["a"]
