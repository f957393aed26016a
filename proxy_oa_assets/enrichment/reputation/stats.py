"""Statistics of a service's lookups, and the file that keeps a day's."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from proxy_oa_assets.enrichment.reputation.verdict import Status
from proxy_oa_assets.model.files import replacing


@dataclass
class LookupStats:
    """Counts of distinct values, requested in this run, cached and by status; and each error once.

    `down` says that requests ended early because the service refused them or didn't respond. The aliases are
    the file's names.
    """

    requested: Annotated[int, Field(alias="asked")] = 0
    cached: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    errors: Annotated[list[str], Field(alias="troubles")] = field(default_factory=list)
    down: bool = False

    @property
    def coverage(self) -> float:
        """The share with a verdict, "no data" included, of the values that may be sent and can be judged."""
        answered = self.statuses[Status.OK] + self.statuses[Status.NO_DATA]
        missing = self.statuses[Status.FAILED] + self.statuses[Status.OVER_QUOTA]
        return answered / (answered + missing) if answered + missing else 1.0


_FILE = "reputation.json"
_BY_SERVICE = TypeAdapter(dict[str, LookupStats])


def write_lookup_stats(folder: Path, stats: Mapping[str, LookupStats]) -> None:
    """Replace `reputation.json` in a day's data folder."""
    with replacing(folder / _FILE) as file:
        file.write(_BY_SERVICE.dump_json(dict(stats), indent=1, by_alias=True))


def read_lookup_stats(folder: Path) -> dict[str, LookupStats] | None:
    """Return the stats by service from a day's data folder; None if there is no readable file."""
    try:
        return _BY_SERVICE.validate_json((folder / _FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
