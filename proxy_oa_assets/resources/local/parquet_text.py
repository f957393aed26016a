"""Text in Parquet files that isn't UTF-8.

Anybody who can send a request through a proxy can put such bytes into the raw table, and DuckDB refuses the
whole file for one of them. Spark and Impala don't; so a file that has them is read from a copy in which
each is U+FFFD, as they stand in the ranked results, too.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from proxy_oa_assets.model.tables import Table
from proxy_oa_assets.resources.local.pinned_files import Files, reading_folder


def is_complaint(error: duckdb.Error) -> bool:
    """Return whether DuckDB refused a file because of such text."""
    return isinstance(error, duckdb.InvalidInputException) and "Invalid string encoding" in str(error)


@contextmanager
def readable(files: Files, scratch: Path) -> Iterator[Files]:
    """Give the same files, those with such text replaced by copies that go when the block ends."""
    with reading_folder(scratch) as folder:
        yield {
            table: [_copy(path, table, folder) if _has_invalid_text(path) else path for path in paths]
            for table, paths in files.items()
        }


def _has_invalid_text(path: Path) -> bool:
    with pq.ParquetFile(path) as file:
        return any(not _is_valid(column) for batch in file.iter_batches() for column in batch.columns)


def _copy(path: Path, table: Table, folder: Path) -> Path:
    """Write a copy below `folder`, in folders named as the partition's, and return its path."""
    partition = path.parts[-len(table.partitions) - 1 : -1]
    target = folder.joinpath(table.name, *partition, path.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetFile(path) as file:
        writer = None
        for batch in file.iter_batches():
            repaired = pa.RecordBatch.from_arrays(
                [_repaired(column) for column in batch.columns], batch.schema.names
            )
            writer = writer or pq.ParquetWriter(target, repaired.schema)
            writer.write_batch(repaired)
        if writer is not None:
            writer.close()
    return target


def _is_valid(column: pa.Array) -> bool:
    text = _as_text(column)
    if text is None:
        return True
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _repaired(column: pa.Array) -> pa.Array:
    """Return a text column as valid `string`, another one as it is; each batch of a column alike."""
    text = _as_text(column)
    if text is None:
        return column
    if _is_valid(column):
        return text.cast(pa.string())
    as_bytes = pa.large_binary() if pa.types.is_large_string(text.type) else pa.binary()
    values = text.view(as_bytes).to_pylist()
    return pa.array(
        [None if value is None else value.decode("utf-8", errors="replace") for value in values], pa.string()
    )


def _as_text(column: pa.Array) -> pa.Array | None:
    """Return a text column as `string`, unchecked; None for a column that isn't text."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_binary(column.type):
        return column.view(pa.string())
    if pa.types.is_large_binary(column.type):
        return column.view(pa.large_string())
    return column if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) else None
