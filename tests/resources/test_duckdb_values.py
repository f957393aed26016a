import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.storyboard_days import DAY, HOSTILE, NEXT, comments, texts_of

from proxy_oa_assets.frames import records
from proxy_oa_assets.queries import Query, whole_day
from proxy_oa_assets.resources.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.tables import (
    PROXY_EDGE,
    PROXY_SCORES,
    PROXY_STORYBOARD,
    PROXY_THREAT_INVESTIGATION,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_any_byte_is_data(warehouse, text):
    """Quotes, backslashes, NUL, SQL, HTML, 100 KB come out as they went in: by frame, SELECT, bound value."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(text, "other"))
    assert texts_of(warehouse) == [text, "other"]
    select = Query("SELECT p_threat, title, ? AS text FROM proxy_storyboard WHERE title = ?", (text, text))
    assert warehouse.replace_day(PROXY_STORYBOARD, NEXT, select) == 1
    assert texts_of(warehouse, NEXT) == [text]
    assert [row[2] for row in warehouse.rows(whole_day(PROXY_STORYBOARD, NEXT))] == [text]


@given(texts=st.lists(TEXT | st.none(), max_size=5))
def test_every_text_and_null_comes_out_as_it_went_in(tmp_path_factory, texts):
    """No text is taken for NULL, and no NULL for a text."""
    warehouse = DuckDBWarehouse(base=str(tmp_path_factory.mktemp("base")))
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(*texts))
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
