"""The rejected lines of a day, beside its exports: `proxy.rejected.tsv`."""

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from proxy_oa_assets.model import tsv
from proxy_oa_assets.model.files import naming, remove_abandoned, replacing

NAME = "proxy.rejected.tsv"
COLUMNS = ("log", "line", "offset", "reason", "content")

# A header's value ends with its line, which Squid encodes, or with the field or the headers in brackets.
_HEADER = re.compile(
    r"((?:proxy-)?authorization|(?:set-)?cookie)(%3A(?:%20)?|:) *(?:(?!%0D|%0A|\\[rn]|[\r\t\]\"]).)*",
    re.IGNORECASE,
)
_USER_INFO = re.compile(r"(?<=://)[^/?#@\s\"]*@")


def without_secrets(line: str) -> str:
    """Return a rejected line without the values of credentials and cookies."""
    return _USER_INFO.sub("***@", _HEADER.sub(r"\1\2 ***", line))


@dataclass(frozen=True)
class LogRejects:
    """A day's rejected lines of one log: a staged TSV file of line, offset, reason and content."""

    log: str
    file: Path | None

    def lines(self) -> Iterator[bytes]:
        """Yield the lines as they stand in the day's file."""
        if self.file is None:
            return
        log = tsv.field(self.log).encode() + b"\t"
        with naming(self.file), self.file.open("rb") as staged:
            for line in staged:
                yield log + line

    def rejected_from(self, offset: int) -> int:
        """Return how many of the lines begin at an offset or after it."""
        return sum(int(line.split(b"\t", 3)[2]) >= offset for line in self.lines())


def replace_rejects(folder: Path, rejects: Iterable[LogRejects]) -> None:
    """Replace the rejected lines of the day that has this data folder; without any, remove the file.

    What killed ingests left there is removed.
    """
    remove_abandoned(folder)
    lines = (line for each in rejects for line in each.lines())
    first = next(lines, None)
    if first is None:
        (folder / NAME).unlink(missing_ok=True)
        return
    with replacing(folder / NAME, durable=True) as file:
        file.write(_header())
        file.write(first)
        file.writelines(lines)


def add_rejects(
    folder: Path, rejects: LogRejects, *, start: int, partial: tuple[str, int] | None = None
) -> None:
    """Add the rejected lines that a log has from an offset on.

    Lines that are there already, of an ingest that was killed after it wrote them, aren't added twice.
    `partial`, a log and an offset, is a line that is removed: it had no line feed yet.
    """
    remove_abandoned(folder)
    path = folder / NAME
    if rejects.file is None and not (partial and path.exists()):
        return
    # Once the day's record counts them, no ingest writes them again, so they are as durable as the rows.
    with replacing(path, durable=True) as file:
        if path.exists():
            with naming(path), path.open("rb") as before:
                again = any(_is_of(line, rejects.log) and _offset(line) >= start for line in before)
                before.seek(0)
                if again or partial:
                    file.writelines(_others(before, rejects, partial))
                else:
                    shutil.copyfileobj(before, file)
        else:
            file.write(_header())
        file.writelines(rejects.lines())


def _others(before: Iterable[bytes], rejects: LogRejects, partial: tuple[str, int] | None) -> Iterator[bytes]:
    added = {hash(line) for line in rejects.lines()}
    for line in before:
        removed = partial and _is_of(line, partial[0]) and _offset(line) >= partial[1]
        if not removed and hash(line) not in added:
            yield line


def _is_of(line: bytes, log: str) -> bool:
    return line.startswith(tsv.field(log).encode() + b"\t")


def _offset(line: bytes) -> int:
    fields = line.split(b"\t", 3)
    return int(fields[2]) if fields[2].isdigit() else -1


def _header() -> bytes:
    return tsv.line(COLUMNS).encode("utf-8")
