"""`proxy_results.csv` as this project writes it, and the file beside it by which its own is known.

The marker is written first and names both the file that stands and the one that follows. So a writer that is
killed between the two leaves a file that is known, and one that was changed, or written by another system, is
never taken for ours.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from typing import Self

from pydantic import TypeAdapter, ValidationError

from proxy_oa_assets.model import tsv
from proxy_oa_assets.model.errors import ResultsError
from proxy_oa_assets.resources.hdfs import FileStore

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Content:
    """A file's content by its bytes and their digest, and what a ranking said of it."""

    length: int
    sha256: str
    statement: str = field(default="", compare=False)

    @classmethod
    def of(cls, chunks: Iterable[bytes]) -> Self:
        """Return what chunks are together."""
        length, digest = 0, hashlib.sha256()
        for chunk in chunks:
            length += len(chunk)
            digest.update(chunk)
        return cls(length, digest.hexdigest())


@dataclass(frozen=True)
class Marker:
    """The contents that are ours, and the version that wrote the last of them."""

    ours: tuple[Content, ...]
    version: str


_FORMAT = TypeAdapter(Marker)


def marker_path(results: str) -> str:
    """Return the path of the marker of results."""
    return f"{results.removesuffix('.csv')}.ours.json"


def results_content(rows: Iterable[dict[str, object]], columns: Iterable[str]) -> bytes:
    """Return rows as the results file has them, in the columns' order; one that a row lacks is `null`."""
    names = tuple(columns)
    # As Java writes numbers.
    texts = (row | {"score": repr(row["score"]).upper()} for row in rows)
    return "".join(tsv.line(row.get(name) for name in names) for row in texts).encode("utf-8")


def is_ours(hdfs: FileStore, results: str) -> bool:
    """Return whether the file at a path is as we wrote it. Raises StorageError."""
    return _standing(hdfs, results, _known(hdfs, results)) is not None


def own_statement(hdfs: FileStore, results: str) -> str:
    """Return what stands out of the day of results, in a sentence; an empty text if they aren't ours.

    Raises StorageError.
    """
    standing = _standing(hdfs, results, _known(hdfs, results))
    return standing.statement if standing else ""


def is_of_another_system(hdfs: FileStore, results: str) -> bool:
    """Return whether something stands at a path that isn't ours. Raises StorageError."""
    return hdfs.status(results) is not None and not is_ours(hdfs, results)


def publish(hdfs: FileStore, results: str, content: bytes, statement: str = "") -> bool:
    """Replace our results, wholly or not at all; return whether they are other ones than before.

    Raises ResultsError if another system's stand there, which stay.
    """
    known = _known(hdfs, results)
    standing = _standing(hdfs, results, known)
    if standing is None and hdfs.status(results) is not None:
        raise others_stay(hdfs, results)
    following = replace(Content.of([content]), statement=statement)
    if standing == following and standing.statement == statement:
        return False
    ours = tuple(dict.fromkeys(found for found in (following, standing) if found))
    marker = Marker(ours, version("proxy-oa-assets"))
    hdfs.write(marker_path(results), [_FORMAT.dump_json(marker, indent=1)])
    if standing == following:
        return False
    hdfs.write(results, [content])
    return True


def others_stay(hdfs: FileStore, results: str) -> ResultsError:
    """Return the error of results that would have to be overwritten."""
    return ResultsError(
        f"{hdfs.location(results)} isn't as we wrote it: another system's results, or edited ones, which are "
        f"never overwritten. Move it away to have the day ranked here, or materialize the day again with "
        f"PROXY_OA_RANKING=auto, which takes it as it is"
    )


def _known(hdfs: FileStore, results: str) -> tuple[Content, ...]:
    path = marker_path(results)
    if hdfs.status(path) is None:
        return ()
    with hdfs.open(path) as file:
        text = file.read()
    try:
        return _FORMAT.validate_json(text).ours
    except ValidationError:
        # As without a marker, the results count as another system's, and stay.
        return ()


def _standing(hdfs: FileStore, results: str, known: tuple[Content, ...]) -> Content | None:
    """Return the content of the file at a path if it is one of ours."""
    status = hdfs.status(results)
    if status is None or status.is_folder or status.length not in {found.length for found in known}:
        return None
    with hdfs.open(results) as file:
        found = Content.of(iter(lambda: file.read(_CHUNK), b""))
    return next((each for each in known if each == found), None)
