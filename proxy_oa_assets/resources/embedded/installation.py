"""`init-db` on one machine: the tables' folders, and what to do about days that Spot left in them."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from proxy_oa_assets.column_types import declared, differences
from proxy_oa_assets.errors import WarehouseError
from proxy_oa_assets.resources.embedded.parquet_partitions import day_files, day_folders
from proxy_oa_assets.resources.parquet_schema import stored_columns
from proxy_oa_assets.tables import PROXY, TABLES, Table

_NAMED_DAYS = 3


def create_tables(base: Path) -> list[str]:
    """Create what is missing, and return what to say about each table; `base` stands for HUSER."""
    lines = []
    for table in TABLES.values():
        folder = base / table.location
        existed = folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        lines.append(f"{table.name}: {'there already' if existed else 'created'}, {folder}")
        # Nothing here writes the raw table, whose days can have thousands of files.
        if table is not PROXY:
            lines += _other_columns(base, table)
    return lines


def _other_columns(base: Path, table: Table) -> Iterator[str]:
    """Yield what to say of days whose files have other columns than ours."""
    days: dict[str, list[str]] = defaultdict(list)
    for folder in day_folders(base, table, None):
        for different in _differences(folder, table):
            days[different].append("/".join(folder.parts[-len(table.partitions) :]))
    for different, folders in days.items():
        more = f" and {len(folders) - _NAMED_DAYS} more" if len(folders) > _NAMED_DAYS else ""
        yield f"  {different}: {', '.join(folders[:_NAMED_DAYS])}{more}"
    if days:
        yield (
            "  Nothing was changed; a column of another type is read as ours. To migrate a day, materialize "
            "it again: proxy-oa run --date YYYY-MM-DD"
        )


def _differences(folder: Path, table: Table) -> list[str]:
    """Return how the columns of a day's files differ from ours."""
    with suppress(FileNotFoundError):  # a writer has replaced the day meanwhile, in our columns
        files = day_files(folder, table)
        try:
            return differences(declared(table.columns), stored_columns(files)) if files else []
        except WarehouseError as error:
            return [str(error)]
    return []
