"""What came of a service's look-ups."""

from collections import Counter
from dataclasses import dataclass, field

from proxy_oa_assets.reputation.verdict import Status


@dataclass
class Tally:
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
