"""What came of a service's look-ups."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from proxy_oa_assets.enrichment.reputation.verdict import Status
from proxy_oa_assets.model.files import replacing


@dataclass
class LookupStats:
    """Counts of distinct values: asked in this run, cached, and answers by status; and the troubles."""

    asked: int = 0
    cached: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    # Whether asking ended early because the service refused or didn't answer.
    down: bool = False

    @property
    def coverage(self) -> float:
        """The share that was answered ("no data" included) of what may be sent and can be judged."""
        answered = self.statuses[Status.OK] + self.statuses[Status.NO_DATA]
        missing = self.statuses[Status.FAILED] + self.statuses[Status.OVER_QUOTA]
        return answered / (answered + missing) if answered + missing else 1.0


_TALLIES = TypeAdapter(dict[str, LookupStats])


def write(folder: Path, tallies: Mapping[str, LookupStats]) -> None:
    """Replace the report of a day's data folder."""
    with replacing(_path(folder)) as file:
        file.write(_TALLIES.dump_json(dict(tallies), indent=1))


def read(folder: Path) -> dict[str, LookupStats] | None:
    """Return a day's report; None if there is none, or none that can be read."""
    try:
        return _TALLIES.validate_json(_path(folder).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _path(folder: Path) -> Path:
    return folder / "reputation.json"
