"""Files that aren't what their table's are: each is named where it stands, with what to do."""

import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.engine_files import DAY, write_file

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY, PROXY_STORYBOARD
from proxy_oa_assets.sql.query import whole_day


@pytest.mark.parametrize("rest", [slice(0, 40), slice(0, 0)], ids=["cut off", "without a byte"])
def test_a_damaged_file_is_named_where_it_stands(warehouse, rest):
    """Not by the link that a statement reads it from; a query and a look at the footer say the same."""
    path = write_file(warehouse, PROXY_STORYBOARD, "part.parquet", p_threat=["a"], title=["a"], text=["a"])
    path.write_bytes(path.read_bytes()[rest])
    told = rf"{re.escape(str(path))} is no Parquet file, or a damaged one .*have it written again"
    with pytest.raises(WarehouseError, match=told):
        warehouse.read_day(PROXY_STORYBOARD, DAY)
    with pytest.raises(WarehouseError, match=told):
        list(warehouse.rows(whole_day(PROXY_STORYBOARD, DAY)))
    with pytest.raises(WarehouseError, match=told):
        warehouse.has_rows(PROXY_STORYBOARD, DAY)


def test_a_raw_file_with_a_damaged_footer_is_named(warehouse):
    """Neither DuckDB nor Arrow says which of a day's files it is."""
    path = write_file(warehouse, PROXY, fulluri=["a/"])
    content = bytearray(path.read_bytes())
    content[-60:-10] = b"\xff" * 50
    path.write_bytes(content)
    with pytest.raises(WarehouseError, match=rf"{re.escape(str(path))} is no Parquet file"):
        warehouse.read_day(PROXY, DAY)


def test_a_column_that_no_raw_file_has_is_named_with_a_file(warehouse):
    """In one file only, it is NULL; names may be in upper case."""
    path = write_file(warehouse, PROXY, fulluri=["a/"])
    whole = pq.read_table(path)
    pq.write_table(whole.drop_columns(["virusid", "fulluri"]), path)
    with pytest.raises(
        WarehouseError, match=rf"neither {re.escape(str(path))} .* has virusid, fulluri; have"
    ):
        warehouse.read_day(PROXY, DAY)
    pq.write_table(whole.rename_columns([name.upper() for name in whole.column_names]), path.with_name("b"))
    assert warehouse.read_day(PROXY, DAY)["fulluri"].dropna().tolist() == ["a/"]


@pytest.mark.parametrize(
    ("kind", "values", "shown"),
    [
        (pa.int64(), [1, None, 2**31], "2147483648"),
        (pa.string(), ["1", None, "12 ms \x1b[31m"], "12 ms \\x1b[31m"),
    ],
    ids=["a number beyond INT", "a text"],
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
    told = f"{path}, row 3: duration is {shown}, which isn't of the type INT that proxy has; correct the row"
    with pytest.raises(WarehouseError, match=re.escape(told)):
        warehouse.read_day(PROXY, DAY)
    with pytest.raises(WarehouseError, match=re.escape(told)):
        list(warehouse.rows(whole_day(PROXY, DAY)))
