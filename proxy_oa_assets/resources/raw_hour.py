"""The files of ours in an hour of the raw table: more are added, and rows are taken back.

Other systems' files are never rewritten: a row that is taken back was written by us.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from proxy_oa_assets.model.files import naming
from proxy_oa_assets.model.tables import PROXY, declared, differences
from proxy_oa_assets.resources.parquet import arrow_schema, stored_columns

# An hour with more files of ours gets one in their place: readers open each of them.
MOST_FILES = 16
_MOST_ROWS = 122_880

_Row = dict[str, object]


class HourChange(NamedTuple):
    """The files that an hour gets, and those of its own that they replace."""

    written: list[Path]
    replaced: list[Path]


def changed_hour(
    ours: Sequence[Path], added: Sequence[Path], retracted: Iterable[Path], merged: Path
) -> HourChange:
    """Return how an hour with files of ours changes if others are added.

    Each row of the files `retracted` takes one equal row out of `ours`, if there is one. What has to be
    rewritten is written to `merged`, a group of rows in memory at a time.
    """
    rows = [row for file in retracted for row in pq.read_table(file).to_pylist()]
    fitting = [file for file in ours if _has_our_columns(file)]
    replaced = [file for file in fitting if _holds(file, rows)]
    if len(ours) - len(replaced) + len(added) > MOST_FILES:
        replaced = fitting
    elif not replaced:
        return HourChange([*added], [])
    schema = arrow_schema(PROXY)
    with naming(merged), pq.ParquetWriter(merged, schema) as writer:
        for groups in (_without(_groups(replaced, schema), rows), _groups(added, schema)):
            for group in groups:
                writer.write_table(group)
    return HourChange([merged], replaced)


def _has_our_columns(file: Path) -> bool:
    return not differences(declared(PROXY.columns), stored_columns([file]))


def _groups(files: Iterable[Path], schema: pa.Schema) -> Iterator[pa.Table]:
    for file in files:
        with naming(file), pq.ParquetFile(file) as opened:
            # Arrow reads ahead, but not beyond the row groups that it is asked for.
            for number in range(opened.num_row_groups):
                for batch in opened.iter_batches(_MOST_ROWS, row_groups=[number]):
                    yield pa.table(batch.columns, schema.names).cast(schema)


def _holds(file: Path, rows: Iterable[_Row]) -> bool:
    """Return whether a file has a row that is equal to one of `rows`; its statistics leave out most of it."""
    with naming(file):
        data = ds.dataset(file)
        return any(data.count_rows(filter=_equals(row, pc.field)) for row in rows)


def _without(groups: Iterable[pa.Table], rows: Iterable[_Row]) -> Iterator[pa.Table]:
    """Yield the groups without one equal row for each of `rows`."""
    left = list(rows)
    for group in groups:
        kept = group
        for row in tuple(left):
            at = pc.index(_equals(row, kept.column), True).as_py()
            if at >= 0:
                kept = pa.concat_tables([kept.slice(0, at), kept.slice(at + 1)])
                left.remove(row)
        yield kept


def _equals(row: _Row, column: Callable[[str], Any]) -> Any:  # noqa: ANN401 - Arrow computes columns and expressions alike
    """Return where columns, or an expression of them, equal a row, NULL for NULL."""
    same = (
        pc.is_null(column(name)) if value is None else pc.equal(column(name), value)
        for name, value in row.items()
    )
    return functools.reduce(pc.and_kleene, same)
