"""Creating the tables' folders; `base` stands for HUSER."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import TABLES, Table, declared, differences
from proxy_oa_assets.resources.local.partitions import day_folders
from proxy_oa_assets.resources.local.snapshot import day_files
from proxy_oa_assets.resources.parquet import stored_columns

_NAMED_DAYS = 3


def create_tables(base: Path) -> list[str]:
    """Create missing folders; return a line about each table, and about days with other columns."""
    lines = []
    for table in TABLES.values():
        folder = base / table.location
        existed = folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        lines.append(f"{table.name}: {'there already' if existed else 'created'}, {folder}")
        lines += _other_columns(base, table)
    return lines


def _other_columns(base: Path, table: Table) -> Iterator[str]:
    days: dict[str, list[str]] = defaultdict(list)
    for folder in day_folders(base, table, None):
        different = []
        try:
            with suppress(FileNotFoundError):  # a writer replaced the day after it was listed, in our columns
                files = day_files(folder, table)
                different = differences(declared(table.columns), stored_columns(files)) if files else []
        except WarehouseError as error:
            different = [str(error)]
        for text in different:
            days[text].append("/".join(folder.parts[-3:]))
    for text, folders in days.items():
        more = f" and {len(folders) - _NAMED_DAYS} more" if len(folders) > _NAMED_DAYS else ""
        yield f"  {text}: {', '.join(folders[:_NAMED_DAYS])}{more}"
    if days:
        yield (
            "  Nothing was changed; a column of another type is read as ours, a missing one as NULL. To "
            "migrate a day, materialize it again: proxy-oa run --date YYYY-MM-DD"
        )
