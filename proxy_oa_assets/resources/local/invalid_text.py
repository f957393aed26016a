"""Text in Parquet files that isn't UTF-8.

Any client of a proxy can put such bytes into the raw table. DuckDB refuses a file that has them; Spark and
Impala don't, so it is read from a copy with U+FFFD in their place, as in the ranked results.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from proxy_oa_assets.model.files import temporary_folder
from proxy_oa_assets.resources.local.snapshot import TableFiles, naming_originals


def is_invalid_text(error: duckdb.Error) -> bool:
    """Return whether DuckDB refused a file because of such text."""
    return isinstance(error, duckdb.InvalidInputException) and "Invalid string encoding" in str(error)


@contextmanager
def repaired(files: TableFiles, scratch: Path) -> Iterator[TableFiles]:
    """Yield the files, with copies in place of those with such text; they are removed afterwards.

    A WarehouseError that names a copy is raised again with the path of its original.
    """
    with temporary_folder(scratch) as folder:
        read = {table: [_repaired_file(path, folder) for path in paths] for table, paths in files.items()}
        pairs = (zip(read[table], paths, strict=True) for table, paths in files.items())
        with naming_originals(dict(itertools.chain.from_iterable(pairs))):
            yield read


def _repaired_file(path: Path, folder: Path) -> Path:
    """Return the path of a copy in a folder, or the path itself if all of its text is valid."""
    with pq.ParquetFile(path) as file:
        if all(_is_valid(column) for batch in file.iter_batches() for column in batch.columns):
            return path
        target = folder / path.name
        batches = (
            pa.RecordBatch.from_arrays([_repaired(column) for column in batch.columns], batch.schema.names)
            for batch in file.iter_batches()
        )
        first = next(batches)
        with pq.ParquetWriter(target, first.schema) as writer:
            for batch in itertools.chain([first], batches):
                writer.write_batch(batch)
    return target


def _is_valid(column: pa.Array) -> bool:
    with suppress(pa.ArrowInvalid):
        return _text(column) is not None
    return False


def _repaired(column: pa.Array) -> pa.Array:
    """Return a text column as valid `string`, another column as it is."""
    try:
        return _text(column)
    except pa.ArrowInvalid:
        values = column.cast(pa.large_binary()).to_pylist()
        texts = (None if value is None else value.decode("utf-8", "replace") for value in values)
        return pa.array(texts, pa.string())


def _text(column: pa.Array) -> pa.Array:
    """Return a text column as `string`, another one as it is. Raises ArrowInvalid if it isn't UTF-8."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    is_text = kind in (pa.string(), pa.binary(), pa.large_string(), pa.large_binary())
    is_text = is_text or pa.types.is_fixed_size_binary(kind)
    return column.cast(pa.binary()).cast(pa.string()) if is_text else column
