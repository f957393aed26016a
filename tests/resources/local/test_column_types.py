"""Files of other systems, whose columns have other types or names than ours."""

import datetime as dt
import re
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.engine_files import DAY, rows_of, write_file

from proxy_oa_assets.model.clock import minute_of
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_INGEST_SUMMARY, PROXY_SCORES
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.sql.day_tables import edge_details, ingest_summary
from proxy_oa_assets.sql.query import Query, whole_day
from proxy_oa_assets.sql.threats import client_timeline

MOMENT = dt.datetime.fromisoformat("2016-09-12 23:05:03")
INSTANT = MOMENT.replace(tzinfo=dt.UTC)
DATE, TIME = MOMENT.date(), MOMENT.time()


def read(warehouse, column):
    return [row[0] for row in warehouse.rows(Query(f"SELECT {column} FROM proxy", days=(DAY, DAY)))]


def file_with(warehouse, added, name="000000_0"):
    """Write a raw file with further columns, or other ones of ours."""
    path = write_file(warehouse, PROXY, name, fulluri=["a/"], clientip=["10.0.0.1"])
    table = pq.read_table(path)
    for column, values in added.items():
        if column in table.column_names:
            table = table.drop_columns([column])
        table = table.append_column(column, values)
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize(
    "name", ["filename", "FileName", "file_row_number", "file_index", "hour", "day", *"ymdh"]
)
def test_a_column_of_any_name_is_ignored(warehouse, name):
    """Neither a name that DuckDB gives a column itself nor a partition's breaks a statement."""
    file_with(warehouse, {name: pa.array(["x"]), "filename_": pa.array(["y"]), 'od"d name': pa.array([1])})
    assert read(warehouse, "concat(y, m, d, h, fulluri)") == ["2016091207a/"]
    write_file(warehouse, PROXY_SCORES, clientip=["10.0.0.1"], fulluri=["a/"])
    assert warehouse.replace_day(PROXY_EDGE, DAY, edge_details(DAY)) == 1


def test_names_count_without_their_case_and_the_first_of_a_name_counts(warehouse):
    """As in Hive and Spark; a second column of a name, and a nested one, is none of ours."""
    file_with(warehouse, {"host": pa.nulls(1, pa.string())})
    path = write_file(warehouse, PROXY, "b", fulluri=["b/"])
    nested = pa.array([{"host": "inside"}])
    columns = {
        "s": nested,
        "HOST": pa.array(["first"]),
        "Host": pa.array(["second"]),
        "FullURI": pa.array(["b/"]),
    }
    pq.write_table(pa.table(list(columns.values()), list(columns)), path)
    assert sorted(read(warehouse, "concat(fulluri, coalesce(host, ''))")) == ["a/", "b/first"]
    assert ("host", "STRING") in warehouse.stored_columns(PROXY, DAY)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        (pa.int64(), [5 * 10**9, -(5 * 10**9), -1, None], [5 * 10**9, -(5 * 10**9), -1, None]),
        (pa.uint32(), [2**32 - 1, 0], [2**32 - 1, 0]),
        (pa.uint64(), [2**64 - 1, 7], [2**63 - 1, 7]),
        (pa.uint8(), [255], [255]),
        (pa.decimal128(38, 0), [Decimal(10**30), Decimal(-(10**30))], [2**63 - 1, -(2**63)]),
        (pa.decimal128(12, 2), [Decimal("200.00"), None], [200, None]),
        (pa.float64(), [5e9, float("nan"), float("inf"), None], [5 * 10**9, None, 2**63 - 1024, None]),
        (pa.float32(), [200.0], [200]),
        (pa.string(), ["5000000000", "", "1.0", "1E3", "9" * 50], [5 * 10**9, None, 1, 1000, 2**63 - 1024]),
        (pa.dictionary(pa.int32(), pa.string()), ["12"], [12]),
    ],
    ids=str,
)
def test_a_whole_number_of_any_type_is_read(warehouse, kind, values, expected):
    """Beyond INT, too, with its true value up to the limits of BIGINT."""
    file_with(warehouse, {"fulluri": pa.array(["a/"])})
    rows = rows_of(PROXY, types={"scbytes": pa.string()}, fulluri=["b/"] * len(values)).drop_columns(
        ["scbytes"]
    )
    rows = rows.append_column("scbytes", pa.array(values, kind))
    path = write_file(warehouse, PROXY, "b", fulluri=["b/"])
    pq.write_table(rows, path)
    found = warehouse.query(Query("SELECT scbytes FROM proxy WHERE fulluri = 'b/'", days=(DAY, DAY)))[
        "scbytes"
    ]
    assert [None if pd.isna(value) else int(value) for value in found] == expected


@pytest.mark.parametrize(
    ("column", "values", "shown"),
    [
        ("duration", pa.array([1.0, 12.5]), "12.5"),
        ("duration", pa.array([Decimal("1.00"), Decimal("12.50")]), "12.50"),
        ("scbytes", pa.array(["1", "12 ms \x1b[31m"]), "12 ms \\x1b[31m"),
        ("scbytes", pa.array(["1", "12.5"]), "12.5"),
        ("scbytes", pa.array([b"1", b"\xff"]), "\ufffd"),
        ("csbytes", pa.array([None, MOMENT], pa.timestamp("us")), "2016-09-12 23:05:03"),
        ("csbytes", pa.array([None, True]), "True"),
        ("p_date", pa.array([None, TIME]), "23:05:03"),
        ("p_time", pa.array([None, DATE]), "2016-09-12"),
        ("clientip", pa.array([None, ["10.0.0.1"]]), "['10.0.0.1']"),
    ],
    ids=str,
)
@pytest.mark.parametrize("other", [b"x", b"\xff"], ids=["text", "not UTF-8"])
def test_what_would_be_rounded_or_cut_is_named_with_file_and_row(warehouse, column, values, shown, other):
    """Whichever of the day's files it is, repaired or not, with any names of other columns."""
    file_with(warehouse, {"fulluri": pa.array(["a/"])}, "a")
    path = file_with(warehouse, {}, "b")
    names = pa.array(["x", "y"])
    columns = {column: values, "file_row_number": names, "filename": names, "host": pa.array([other] * 2)}
    pq.write_table(pa.table(columns), path)
    message = re.escape(f"{path}, row 2: {column} is {shown}, ")
    with pytest.raises(WarehouseError, match=message):
        warehouse.read_day(PROXY, DAY)
    with pytest.raises(WarehouseError, match=message):
        list(warehouse.rows(whole_day(PROXY, DAY)))


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        (
            "respcode",
            pa.array([200.0, float("nan"), 404.5, 1e20, None]),
            ["200", None, "404.5", "1e+20", None],
        ),
        ("respcode", pa.array([200, 404], pa.uint16()), ["200", "404"]),
        ("respcode", pa.array([Decimal("200.0")]), ["200"]),
        ("uriport", pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
        ("p_date", pa.array([DATE]), ["2016-09-12"]),
        ("p_time", pa.array([TIME, TIME.replace(microsecond=120_000)]), ["23:05:03", "23:05:03.12"]),
        ("username", pa.array([True]), ["true"]),
        ("username", pa.array([b"caf\xc3\xa9"], pa.binary(5)), ["caf\u00e9"]),
        ("username", pa.array([b"caf\xff\xfe", None], pa.binary(5)), ["caf\ufffd\ufffd", None]),
        ("username", pa.array([b"caf\xff"], pa.large_binary()), ["caf\ufffd"]),
    ],
    ids=str,
)
def test_a_text_column_of_another_type_is_read_as_text(warehouse, column, values, expected):
    """Nothing is rounded; text of a fixed length is repaired as other text is."""
    path = file_with(warehouse, {})
    pq.write_table(pa.table({column: values}), path)
    assert read(warehouse, column) == expected


@pytest.mark.parametrize("unit", ["ms", "us", "ns", "INT96"])
def test_timestamps_are_the_date_and_the_time(warehouse, unit):
    """Without a zone as they stand, with one in the site's; a minute is a minute in the summary."""
    path = file_with(warehouse, {})
    stored = pa.array([MOMENT], pa.timestamp("ns" if unit == "INT96" else unit))
    table = rows_of(PROXY, clientip=["10.0.0.1"], host=["a"], fulluri=["a/"]).drop_columns(
        ["p_date", "p_time"]
    )
    table = table.append_column("p_date", stored).append_column("p_time", stored)
    pq.write_table(table, path, use_deprecated_int96_timestamps=unit == "INT96")
    assert read(warehouse, "concat(p_date, ' ', p_time)") == ["2016-09-12 23:05:03"]
    warehouse.replace_day(PROXY_INGEST_SUMMARY, DAY, ingest_summary(DAY))
    assert warehouse.read_day(PROXY_INGEST_SUMMARY, DAY)["tdate"].tolist() == ["2016-09-12 23:05"]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_an_instant_is_read_in_the_site_s_time_zone(warehouse, unit):
    """Not in the machine's; a day is a day of the site."""
    stored = pa.array([INSTANT], pa.timestamp(unit, tz="UTC"))
    file_with(warehouse, {"p_date": stored, "p_time": stored, "username": stored})
    columns = "concat(p_date, ' ', p_time, ' ', username)"
    assert read(warehouse, columns) == ["2016-09-12 23:05:03 2016-09-12 23:05:03"]
    berlin = DuckDBWarehouse(base=warehouse.base, timezone="Europe/Berlin")
    assert read(berlin, columns) == ["2016-09-13 01:05:03 2016-09-13 01:05:03"]


@pytest.mark.parametrize("between", [" ", "T"])
def test_a_timestamp_as_text_is_counted_in_its_minute(warehouse, between):
    """Date and time in both columns: the minute is the date and the minute, cut out of neither."""
    times = [f"2016-09-12{between}23:05:03.5", f"2016-09-12{between}23:05:59Z", "23:05:01"]
    dates = [f"2016-09-12{between}00:00:00"] * 2 + ["2016-09-12"]
    texts = {"clientip": ["10.0.0.1"] * 3, "host": ["a"] * 3, "fulluri": ["a/"] * 3}
    write_file(warehouse, PROXY, p_date=dates, p_time=times, **texts)
    warehouse.replace_day(PROXY_INGEST_SUMMARY, DAY, ingest_summary(DAY))
    summary = warehouse.read_day(PROXY_INGEST_SUMMARY, DAY)
    assert summary.to_dict("records") == [{"tdate": "2016-09-12 23:05", "total": 3}]
    assert [minute_of(time) for time in times] == [23 * 60 + 5] * 3


def test_durations_beyond_int_are_summed_as_they_are(warehouse):
    """A timeline's column is BIGINT, and has the true sum; beyond that, too, its limit."""
    durations = pa.array([3 * 10**9, 4 * 10**9, None, 2**64 - 1, 2**64 - 1], pa.uint64())
    times = ["07:00:00"] * 3 + ["08:00:00"] * 2
    path = write_file(warehouse, PROXY, fulluri=["a/"] * 5, clientip=["10.0.0.1"] * 5, p_time=times)
    table = pq.read_table(path).drop_columns(["duration"]).append_column("duration", durations)
    pq.write_table(table, path)
    timeline = warehouse.query(client_timeline(DAY, ["a/"], 1))
    assert timeline["duration"].tolist() == [7 * 10**9, 2**63 - 1]


def test_no_other_file_s_type_decides_how_a_value_is_read(warehouse):
    """A day with text in one file, and numbers, dates and timestamps in others."""
    for number, (times, codes) in enumerate(
        [
            (pa.array(["07:05:03"]), pa.array(["0200"])),
            (pa.array([MOMENT]), pa.array([200.0])),
            (pa.array([TIME]), pa.array([200])),
        ]
    ):
        path = file_with(warehouse, {}, f"{number}")
        pq.write_table(pa.table({"p_time": times, "respcode": codes}), path)
    found = read(warehouse, "concat(p_time, ' ', respcode)")
    assert sorted(found) == ["07:05:03 0200", "23:05:03 200", "23:05:03 200"]
