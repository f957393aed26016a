"""What the ranking job published for a day: one file, or a folder of `part-*` files as Spark writes it."""

from dataclasses import dataclass

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
