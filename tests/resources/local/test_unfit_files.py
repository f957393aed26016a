"""Files that don't fit their table: errors name the file and say what to do."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.engine_files import DAY, write_file

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES, PROXY_STORYBOARD, declared, differences
from proxy_oa_assets.sql.query import Query, whole_day


@pytest.mark.parametrize("rest", [slice(0, 40), slice(0, 0)], ids=["cut off", "without a byte"])
def test_a_damaged_file_is_named_where_it_stands(warehouse, rest):
    """The error names the file, not its link, for queries and for reading the footer."""
    path = write_file(warehouse, PROXY_STORYBOARD, "part.parquet", p_threat=["a"], title=["a"], text=["a"])
    path.write_bytes(path.read_bytes()[rest])
    message = rf"{re.escape(str(path))} is no Parquet file"
    with pytest.raises(WarehouseError, match=message):
        warehouse.read_day(PROXY_STORYBOARD, DAY)
    with pytest.raises(WarehouseError, match=message):
        list(warehouse.rows(whole_day(PROXY_STORYBOARD, DAY)))
    with pytest.raises(WarehouseError, match=message):
        warehouse.has_rows(PROXY_STORYBOARD, DAY)


def test_a_raw_file_with_a_damaged_footer_is_named(warehouse):
    """Neither DuckDB nor Arrow says which of a day's files it is."""
    path = write_file(warehouse, PROXY, fulluri=["a/"])
    content = bytearray(path.read_bytes())
    content[-60:-10] = b"\xff" * 50
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match=rf"{re.escape(str(path))} is no Parquet file"):
        warehouse.read_day(PROXY, DAY)


def test_a_column_that_no_file_of_the_days_has_is_null(warehouse):
    """With or without a file of the days that has it; names may be in upper case."""
    path = write_file(warehouse, PROXY, fulluri=["a/"], host=["a"], duration=[1])
    whole = pq.read_table(path)
    pq.write_table(whole.drop_columns(["duration", "fulluri"]), path)
    read = warehouse.read_day(PROXY, DAY)
    assert read["host"].tolist() == ["a"]
    assert read[["duration", "fulluri"]].isna().all(axis=None)
    assert str(read["duration"].dtype) == "Int32"
    assert read["fulluri"].dtype == "str"
    pq.write_table(whole.rename_columns([name.upper() for name in whole.column_names]), path.with_name("b"))
    assert warehouse.read_day(PROXY, DAY)["fulluri"].dropna().tolist() == ["a/"]


def test_a_file_without_any_column_of_the_table_is_rows_of_nulls(warehouse):
    """Its rows count; its own columns are ignored."""
    path = write_file(warehouse, PROXY, fulluri=["a/"])
    pq.write_table(pa.table({"other": [1, 2]}), path)
    assert warehouse.query(
        Query("SELECT count(*) AS n, count(fulluri) AS m, max(h) AS h FROM proxy")
    ).to_dict("records") == [{"n": 2, "m": 0, "h": "07"}]


def test_a_missing_column_of_an_older_day_is_reported_and_healed(warehouse):
    """A column that was added to a table: the day reads as before, its check names it, rewriting heals it."""
    path = write_file(warehouse, PROXY_SCORES, "part.parquet", fulluri=["a/"], network_context=["lab"])
    pq.write_table(pq.read_table(path).drop_columns(["network_context"]), path)
    later = DAY.plus(1)
    write_file(warehouse, PROXY_SCORES, "part.parquet", day=later, fulluri=["b/"], network_context=["lab"])

    read = warehouse.read_day(PROXY_SCORES, DAY)
    assert read["fulluri"].tolist() == ["a/"]
    assert read["network_context"].isna().all()
    both = Query("SELECT network_context FROM proxy_scores ORDER BY fulluri", days=(DAY, later))
    assert [row[0] for row in warehouse.rows(both)] == [None, "lab"]
    assert differences(declared(PROXY_SCORES.columns), warehouse.stored_columns(PROXY_SCORES, DAY)) == [
        "network_context STRING is missing"
    ]

    warehouse.replace_day_with_frame(PROXY_SCORES, DAY, read)
    assert warehouse.stored_columns(PROXY_SCORES, DAY) == declared(PROXY_SCORES.columns)


@pytest.mark.parametrize(
    ("kind", "values", "shown"),
    [
        (pa.float64(), [1.0, None, 12.5], "12.5"),
        (pa.string(), ["1", None, "12 ms \x1b[31m"], "12 ms \\x1b[31m"),
    ],
    ids=["a fraction", "a text"],
)
def test_a_value_that_a_column_can_t_hold_is_named_with_its_row(warehouse, kind, values, shown):
    """Of whichever file of the day; columns of another type whose values do fit are read."""
    write_file(warehouse, PROXY, "a", types={"duration": kind}, fulluri=["a/"], duration=values[:1])
    path = write_file(
        warehouse,
        PROXY,
        "b",
        types={"duration": kind, "scbytes": pa.int64()},
        duration=values,
        scbytes=[5] * 3,
    )
    message = f"{path}, row 3: duration is {shown}"
    with pytest.raises(WarehouseError, match=re.escape(message)):
        warehouse.read_day(PROXY, DAY)
    with pytest.raises(WarehouseError, match=re.escape(message)):
        list(warehouse.rows(whole_day(PROXY, DAY)))
