import errno
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY_EDGE, PROXY_SCORES
from proxy_oa_assets.resources.parquet import answer_table, arrow_schema, has_rows, stored_columns


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


class _FetchedRow(tuple):
    """A row that counts how many of its kind are in memory."""

    __slots__ = ()
    alive = most = 0

    def __new__(cls, values):
        """Count a new row."""
        cls.alive += 1
        cls.most = max(cls.most, cls.alive)
        return super().__new__(cls, values)

    def __del__(self):
        """Count a row that is freed."""
        type(self).alive -= 1


def test_a_long_answer_is_never_wholly_in_memory_as_python_objects():
    """A ranking fetches a row per client, host and agent: as tuples, they take six times the memory."""
    columns = [("clientip", "STRING"), ("requests", "BIGINT"), ("share", "DOUBLE")]
    rows = (_FetchedRow((f"10.0.0.{number}", number, None)) for number in range(100_000))
    table = answer_table(columns, rows)
    assert table.num_rows == 100_000
    assert table["requests"][99_999].as_py() == 99_999
    assert _FetchedRow.most < 50_000


def test_batches_of_an_answer_agree_on_their_types():
    """A column that has only NULL in one batch has the type of its values in another."""
    rows = [*[(None, None)] * 60_000, (1.5, Decimal("100.55")), (2.5, Decimal("1.5"))]
    table = answer_table([("share", "DOUBLE"), ("amount", "DECIMAL")], rows)
    assert table.schema.types == [pa.float64(), pa.decimal128(5, 2)]
    assert table["share"].to_pylist()[-2:] == [1.5, 2.5]


def test_an_answer_without_a_row_has_its_columns():
    """Columns and types are those that the engine names."""
    assert answer_table([("requests", "INT")], iter(())).schema == pa.schema([("requests", pa.int32())])


def test_a_file_whose_read_fails_is_named(tmp_path, monkeypatch):
    """Arrow's errors of reading have the system's number and no path."""

    def fail(_):
        raise OSError(errno.EIO, "Error reading bytes from file. Detail: [errno 5] Input/output error")

    monkeypatch.setattr("proxy_oa_assets.resources.parquet.pq.read_metadata", fail)
    with pytest.raises(OSError, match="Error reading bytes") as caught:
        has_rows([tmp_path / "part.parquet"])
    assert caught.value.filename == str(tmp_path / "part.parquet")
