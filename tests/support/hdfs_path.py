"""A path in HDFS with the methods of pathlib.Path that tests use."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch

from proxy_oa_assets.resources.hdfs import FileStore


@dataclass(frozen=True, order=True)
class HdfsPath:
    """A path in a file store."""

    path: str
    hdfs: FileStore

    def __truediv__(self, name: str) -> "HdfsPath":
        return HdfsPath(f"{self.path}/{name}", self.hdfs)

    def __str__(self) -> str:
        return self.hdfs.location(self.path)

    @property
    def name(self) -> str:
        """The last part."""
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> "HdfsPath":
        """The folder."""
        return HdfsPath(self.path.rpartition("/")[0], self.hdfs)

    def exists(self) -> bool:
        """Return whether the path exists."""
        return self.hdfs.status(self.path) is not None

    def is_file(self) -> bool:
        """Return whether there is a file."""
        status = self.hdfs.status(self.path)
        return status is not None and not status.is_folder

    def mkdir(self) -> None:
        """Make a folder."""
        self.hdfs.make_folder(self.path)

    def unlink(self) -> None:
        """Remove a file."""
        assert self.hdfs.delete(self.path)

    def read_bytes(self) -> bytes:
        """Read a file."""
        with self.hdfs.open(self.path) as file:
            return file.read()

    def write_bytes(self, content: bytes) -> None:
        """Write a file."""
        self.hdfs.write(self.path, [content])

    def rglob(self, pattern: str) -> Iterator["HdfsPath"]:
        """Yield the entries below whose name matches."""
        for entry in self.hdfs.list_folder(self.path):
            below = HdfsPath(entry.path, self.hdfs)
            if fnmatch(entry.name, pattern):
                yield below
            if entry.is_folder:
                yield from below.rglob(pattern)
