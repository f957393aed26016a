"""A table of `tables.py` as a DuckDB view of its Parquet files."""

import glob
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import NULL_PARTITION, Table
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.resources.local.column_reading import NEVER, Reading, quoted, reading
from proxy_oa_assets.resources.local.snapshot import partition_pattern

# Impala's files name no character set for text: to DuckDB, bytes are text. By name, it reads every footer,
# and so knows which columns of a day have no NULL; a table that is made of them says so, too.
_PARQUET = "read_parquet({}, binary_as_string = true, union_by_name = true, hive_partitioning = false{})"
# A node of a Parquet schema: name, DuckDB's type, and the number of its children.
_Node = tuple[str, str | None, int | None]


@dataclass(frozen=True)
class _AlikeFiles:
    """Files with the same columns: names and DuckDB types, in order."""

    files: list[Path]
    columns: list[tuple[str, str]]

    def readings(self, table: Table, zone: str) -> dict[str, Reading]:
        """Return how each column of a table is read; one that the files don't have is NULL."""
        # Of two names that differ in case alone, DuckDB renames the second.
        stored = {name.lower(): (name, kind) for name, kind in reversed(self.columns)}
        return {
            column.name: reading(column, *stored[column.name], zone)
            if column.name in stored
            else Reading(f"CAST(NULL AS {column.type})")
            for column in table.columns
        }

    def path_column(self) -> str:
        """Return a name for the column of paths that is none of the files' own."""
        name, taken = "filename", {name.lower() for name, _ in self.columns}
        while name in taken:
            name += "_"
        return name


def create_view(connection: duckdb.DuckDBPyConnection, table: Table, files: list[Path], zone: str) -> None:
    """Create the view under the table's name: its data and partition columns with the table's types.

    A column that a file doesn't have is NULL. A wider type of a whole number is BIGINT. Instants are read in
    a time zone. The files are those of a snapshot.
    """
    if not files:
        typed = ", ".join(f"CAST(NULL AS {column.type}) AS {column.name}" for column in table.all_columns)
        connection.execute(f"CREATE VIEW {table.name} AS SELECT {typed} WHERE FALSE")
        return
    parts = []
    for alike in _alike(connection, files):
        # A view has no parameters; made of a relation with some, it would be planned twice.
        paths = ", ".join(map(text_literal, _globs(alike.files)))
        source = _PARQUET.format(f"[{paths}]", f", filename = {alike.path_column()}")
        parts.append(f"SELECT {_typed(table, alike, zone)} FROM {source}")
    connection.execute(f"CREATE VIEW {table.name} AS {' UNION ALL '.join(parts)}")


def text_literal(text: str) -> str:
    """Return a text as a literal of DuckDB's SQL."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"


def _typed(table: Table, alike: _AlikeFiles, zone: str) -> str:
    # DuckDB's own reading of partitions takes the first `name=value` of the whole path, which may stand in
    # the name of the home.
    path, pattern = alike.path_column(), partition_pattern(table)
    partitions = [re.findall(pattern, str(file))[0] for file in alike.files]
    values = {name: found.checked() for name, found in alike.readings(table, zone).items()}
    for group, (column, texts) in enumerate(
        zip(table.partitions, zip(*partitions, strict=True), strict=True), start=1
    ):
        # Of a constant, a condition is decided once instead of for every file.
        same = len(set(texts)) == 1
        text = text_literal(texts[0]) if same else f"regexp_extract({path}, '{pattern}', {group})"
        values[column.name] = f"CAST(nullif({text}, '{NULL_PARTITION}') AS {column.type})"
    return ", ".join(f"{values[column.name]} AS {column.name}" for column in table.all_columns)


def _alike(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> Iterator[_AlikeFiles]:
    """Group files by their columns, so that no other file's type decides how a value is read."""
    groups = connection.execute(
        """SELECT list(file_name), nodes FROM (
            SELECT file_name, list((name, duckdb_type, num_children) ORDER BY column_id) AS nodes
            FROM parquet_schema(?) GROUP BY file_name
        ) GROUP BY nodes""",
        [_globs(files)],
    ).fetchall()
    place = {str(file): number for number, file in enumerate(files)}
    for paths, nodes in sorted(groups, key=lambda group: min(place[path] for path in group[0])):
        yield _AlikeFiles([Path(path) for path in sorted(paths, key=place.__getitem__)], _columns(nodes))


def _columns(nodes: Sequence[_Node]) -> list[tuple[str, str]]:
    """Return the names and DuckDB types of a schema's columns, without what nested ones contain."""
    columns, inside = [], 0
    for name, kind, children in nodes[1:]:  # the first is the schema itself
        if not inside:
            columns.append((name, "VARCHAR" if kind == "BLOB" else kind or "STRUCT"))
        inside = max(inside - 1, 0) + (children or 0)
    return columns


def refuse_unfit_values(
    connection: duckdb.DuckDBPyConnection, table: Table, files: list[Path], zone: str
) -> None:
    """Raise WarehouseError, naming file and row, if a value can't be read as its column in the table."""
    types = {column.name: column.type for column in table.columns}
    for alike in _alike(connection, files):
        stored = {name.lower(): quoted(name) for name, _ in reversed(alike.columns)}
        for name, found in alike.readings(table, zone).items():
            for file in alike.files if found.unfit != NEVER else ():
                # The files' own columns may have the names of DuckDB's row numbers.
                row = connection.execute(
                    f"""SELECT nth, value FROM (
                        SELECT row_number() OVER () AS nth, {stored[name]} AS value, {found.unfit} AS is_unfit
                        FROM {_PARQUET.format("?", "")}
                    ) WHERE is_unfit ORDER BY nth LIMIT 1""",
                    [_globs([file])],
                ).fetchone()
                if row:
                    raise WarehouseError(
                        f"{file}, row {row[0]}: {name} is {printable(row[1], 100)}, which isn't of the type "
                        f"{types[name]} that {table.name} has; correct the row, or remove it, and write the "
                        f"file again"
                    )


def _globs(files: list[Path]) -> list[str]:
    return [glob.escape(str(file)) for file in files]
