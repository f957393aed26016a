"""What every reputation service is: a name, an order of values in, a verdict for each out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from proxy_oa_assets.reputation.verdict import UNVERIFIED, Status, Verdict


class ReputationService(ABC):
    """A source of verdicts, configured by one entry of the reputation file.

    A service of one's own subclasses this: `look_up` says how to ask and how to read the answer.
    """

    unverified_label = "UNVERIFIED"

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def look_up(self, values: Sequence[str]) -> Mapping[str, Verdict]:
        """Return a verdict for each value that the service can judge.

        `values` are distinct and come most suspicious first. A value left out of the answer counts as
        unsupported.
        """

    @abstractmethod
    def describe(self) -> str:
        """Say in one line what the service is ready to answer from; raise ProxyOaError if it is not ready."""

    def unverified(self, status: Status) -> Verdict:
        """Return this service's answer for a value that it could not judge."""
        return Verdict(self.name, self.unverified_label, UNVERIFIED, status)
