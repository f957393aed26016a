from hypothesis import given
from hypothesis import strategies as st
from support.storyboard_days import DAY, comments

from proxy_oa_assets.model.tables import PROXY_STORYBOARD, records
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(texts=st.lists(TEXT | st.none(), max_size=5))
def test_every_text_and_null_comes_out_as_it_went_in(tmp_path_factory, texts):
    """No text is taken for NULL, and no NULL for a text."""
    warehouse = DuckDBWarehouse(base=str(tmp_path_factory.mktemp("base")))
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(*texts))
    assert [row[2] for row in records(warehouse.read_day(PROXY_STORYBOARD, DAY))] == texts
