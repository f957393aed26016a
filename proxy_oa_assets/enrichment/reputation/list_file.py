"""Files of lists: what is read of them, and the lines that can match nothing."""

from collections.abc import Callable, Iterator, Sized
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import Field

from proxy_oa_assets.enrichment.reputation.types import ExistingFile, Section
from proxy_oa_assets.model.errors import ReputationConfigError
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.model.text_file import MAX_BYTES, MAX_LINES, IgnoredLines, TooLongError, numbered_lines

T = TypeVar("T", bound=Sized)

Lines = Iterator[tuple[int, str]]
Reject = Callable[[int, str], None]


@dataclass(frozen=True)
class LoadedList(Generic[T]):
    """What is read of a list, and its ignored lines."""

    content: T
    ignored: IgnoredLines

    def describe(self, kind: str, name: str) -> str:
        """Describe the list in one line. Raises ReputationConfigError if most of its lines are ignored."""
        found = f"{len(self.content):,} {kind} of {name}"
        if self.ignored.count > len(self.content):
            raise ReputationConfigError(f"{found}, most lines can match nothing: {self.ignored}")
        return f"{found} ({self.ignored})" if self.ignored else found


def load_list(
    path: Path,
    read: Callable[[Lines, Reject], T],
    *,
    max_bytes: int = MAX_BYTES,
    max_lines: int = MAX_LINES,
    if_too_long: str = "",
) -> LoadedList[T]:
    """Return what `read` finds in a file, plain or gzipped, by its numbered lines.

    `read` counts a line that can match nothing by its number and the reason. Raises ReputationConfigError,
    naming the file, if it can't be read or nothing is found.
    """
    ignored = IgnoredLines()
    lines = numbered_lines(path, ignored, max_bytes=max_bytes, max_lines=max_lines)
    try:
        found = read(lines, lambda number, reason: ignored.add(f"{path}:{number}", reason))
    except TooLongError as error:
        raise ReputationConfigError(f"The list {path} can't be read: {error}{if_too_long}") from error
    except (OSError, ValueError) as error:
        raise ReputationConfigError(f"The list {path} can't be read: {error}") from error
    if not len(found):
        reason = (
            f" ({counted(ignored.count, 'line')} ignored, the first: {ignored.first[0]})" if ignored else ""
        )
        raise ReputationConfigError(
            f"Nothing in the list {path} can be looked up{reason}; fill it, correct its entry in the "
            f"reputation file, or remove it there"
        )
    return LoadedList(found, ignored)


class ListFile(Section):
    """The file of a list, and its largest size."""

    path: ExistingFile = Field(description="The list's file; relative to the reputation file")
    max_bytes: int = Field(default=MAX_BYTES, ge=1, description="Most bytes of the file, decompressed")
    max_lines: int = Field(default=MAX_LINES, ge=1, description="Most lines of the file")

    def load(self, read: Callable[[Lines, Reject], T]) -> LoadedList[T]:
        """Return what `read` finds in the file, as `load_list` does."""
        hint = "; if it is meant to be so long, raise `max_bytes` or `max_lines` in its entry"
        return load_list(
            self.path, read, max_bytes=self.max_bytes, max_lines=self.max_lines, if_too_long=hint
        )
