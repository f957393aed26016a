"""The figures of a benchmark as they are kept, so that documents are drawn of parts measured one by one."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.figures import Group

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Result:
    """What a part measured, where, when and in how many minutes; `lacking` says why it could not."""

    part: str
    machine: str
    day: str
    minutes: float
    groups: list[Group]
    lacking: str = ""


_RESULT = TypeAdapter(Result)


def keep(result: Result, folder: Path) -> None:
    """Replace a part's figures."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{result.part}.json").write_bytes(_RESULT.dump_json(result, indent=1) + b"\n")


def kept(part: str, folder: Path) -> Result | None:
    """Return a part's figures; None if it was never measured."""
    file = folder / f"{part}.json"
    return _RESULT.validate_json(file.read_bytes()) if file.exists() else None
