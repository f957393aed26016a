import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY_EDGE, PROXY_SCORES
from proxy_oa_assets.resources.parquet import arrow_schema, has_rows, stored_columns


@pytest.mark.parametrize("table", [PROXY_SCORES, PROXY_EDGE])
def test_what_is_written_is_found_as_it_is_declared(tmp_path, table):
    """Names, order and Hive types come back out of the file."""
    file = tmp_path / "part.parquet"
    pq.write_table(arrow_schema(table).empty_table(), file)

    assert stored_columns([file]) == [(column.name, column.type) for column in table.columns]


def test_text_without_a_character_set_is_text_and_foreign_types_keep_their_name(tmp_path):
    """Impala writes BINARY for STRING; a type that none of our columns has is shown as it is."""
    file = tmp_path / "impala.parquet"
    large = pa.array(["x"], pa.large_string())
    pq.write_table(pa.table({"host": pa.array([b"a"]), "Referer": large, "seen": pa.array([True])}), file)

    assert stored_columns([file]) == [("host", "STRING"), ("referer", "STRING"), ("seen", "BOOL")]


def test_a_column_with_two_types_is_found_with_both(tmp_path):
    """Files of one partition can have different types of a column."""
    for name, values in (("a", [1]), ("b", ["1"])):
        pq.write_table(pa.table({"respcode": values}), tmp_path / name)

    assert stored_columns([tmp_path / "a", tmp_path / "b"]) == [
        ("respcode", "BIGINT"),
        ("respcode", "STRING"),
    ]


def test_rows_are_found_in_any_of_the_files(tmp_path):
    """An empty file beside a filled one, as aborted jobs leave it."""
    for name, values in (("empty", []), ("filled", ["x"])):
        pq.write_table(pa.table({"host": pa.array(values, pa.string())}), tmp_path / name)

    assert has_rows([tmp_path / "empty", tmp_path / "filled"])
    assert not has_rows([tmp_path / "empty"])
    assert not has_rows([])


def test_a_damaged_file_is_named_with_what_to_do(tmp_path):
    """A file that was cut off while it was copied."""
    file = tmp_path / "cut.parquet"
    file.write_bytes(b"PAR1 and no more")

    with pytest.raises(WarehouseError, match=r"cut\.parquet is no Parquet file"):
        has_rows([file])
