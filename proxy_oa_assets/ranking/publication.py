"""What is known of the ranked results that a day was made from, kept in the day's data folder.

It says which publication was read, so that results that are published again are compared with it.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter, ValidationError

from proxy_oa_assets.model.files import naming, read_bytes, replacing
from proxy_oa_assets.ranking.published_parts import PublishedParts

_FILE = "publication.json"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Publication:
    """A publication as it was read: its newest modification time, in milliseconds since 1970, and its bytes.

    `age` is how many seconds it had been unchanged. `lines_before` counts the lines of the publication that
    it replaced, if the day was made from another one.
    """

    modified: int
    length: int
    age: int
    lines: int
    lines_before: int | None = None

    @classmethod
    def of(cls, published: PublishedParts, copy: Path, now: float) -> Self:
        """Describe what was copied; `now` is the time, in seconds since 1970, at which copying began."""
        age = int(now - published.modified / 1000)
        return cls(published.modified, published.length, age, _lines(copy))


_FORMAT = TypeAdapter(Publication)


def keep_publication(folder: Path, found: Publication) -> None:
    """Replace what is known in a day's data folder; what is read again has replaced the same as before."""
    known = read_publication(folder)
    if known:
        same = (known.modified, known.length) == (found.modified, found.length)
        found = replace(found, lines_before=known.lines_before if same else known.lines)
    with replacing(folder / _FILE) as file:
        file.write(_FORMAT.dump_json(found, indent=1))


def read_publication(folder: Path) -> Publication | None:
    """Return what is known in a day's data folder; None if there is no readable file."""
    try:
        return _FORMAT.validate_json(read_bytes(folder / _FILE))
    except (FileNotFoundError, ValidationError):
        return None


def _lines(copy: Path) -> int:
    """Count a file's lines; the last one may lack its line feed."""
    lines, end = 0, b"\n"
    with naming(copy), copy.open("rb") as file:
        while chunk := file.read(_CHUNK):
            lines += chunk.count(b"\n")
            end = chunk[-1:]
    return lines + (end != b"\n")
