"""What the ranking job published for a day: one file, or a folder of `part-*` files as Spark writes it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from proxy_oa_assets.model.errors import ResultsError
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.resources.hdfs import FileStatus, FileStore


@dataclass(frozen=True)
class PublishedParts:
    """The files of a day's ranked results in name order, at least one."""

    parts: tuple[FileStatus, ...]

    @property
    def length(self) -> int:
        """The bytes of all parts."""
        return sum(part.length for part in self.parts)

    @property
    def modified(self) -> int:
        """When the newest part was modified, in milliseconds since 1970."""
        return max(part.modified for part in self.parts)


def published_parts(hdfs: FileStore, path: str) -> PublishedParts | None:
    """Return what is published at a path; None if there is nothing, or a folder without `part-*` files."""
    found = hdfs.status(path)
    if found is None:
        return None
    if not found.is_folder:
        return PublishedParts((found,))
    parts = tuple(
        entry for entry in hdfs.list_folder(path) if entry.name.startswith("part-") and not entry.is_folder
    )
    return PublishedParts(parts) if parts else None


def required_results(hdfs: FileStore, path: str) -> PublishedParts:
    """Return what is published at a path. Raises ResultsError naming the path if that is nothing or empty."""
    published = published_parts(hdfs, path)
    if published is None:
        problem = "does not exist" if hdfs.status(path) is None else "has no part-* file"
        raise ResultsError(
            f"{hdfs.location(path)} {problem}: the day has no ranked results yet. "
            f"Run the ranking job (spot-ml) for this day, or put its proxy_results.csv there"
        )
    if published.length == 0:
        raise ResultsError(
            f"{hdfs.location(path)} is empty: the ranking job wrote no row. "
            f"Run it for this day again, then materialize proxy_results again"
        )
    return published


def copy_results(hdfs: FileStore, published: PublishedParts, copy: Path) -> int:
    """Copy the parts, one after another, into one file; return the number of bytes."""
    with replacing(copy) as file:
        for part in published.parts:
            with hdfs.open(part.path) as stream:
                shutil.copyfileobj(stream, file, 1 << 20)
        return file.tell()
