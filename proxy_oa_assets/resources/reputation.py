"""The resource `reputation`: what the configured services say of values."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from pydantic import Field, PrivateAttr

from proxy_oa_assets.reputation.config import load_services
from proxy_oa_assets.reputation.service import ReputationService
from proxy_oa_assets.reputation.verdict import Status, Verdict, encode


@dataclass(frozen=True)
class Reputation:
    """The answers: `uri_rep` by value, and how many answers each service gave, by status."""

    uri_rep: dict[str, str]
    tally: dict[str, Counter[Status]]


class ReputationResource(dg.ConfigurableResource):
    """The reputation services of the site's reputation file, in its order.

    Example:
        >>> ReputationResource().look_up(["evil.example/a"]).uri_rep
        {'evil.example/a': ''}

    """

    config_file: str | None = Field(
        default=None, description="Reputation file, TOML or JSON (PROXY_OA_REPUTATION); none: no look-ups"
    )

    least_coverage: float = Field(
        default=0.9,
        description="Share of the URIs that each service should answer for (PROXY_OA_REPUTATION_COVERAGE)",
    )

    _services: list[ReputationService] | None = PrivateAttr(default=None)

    def services(self) -> list[ReputationService]:
        """Return the configured services. Raises ReputationConfigError naming file and entry."""
        if self._services is None:
            self._services = load_services(Path(self.config_file)) if self.config_file else []
        return self._services

    def look_up(self, values: Sequence[str]) -> Reputation:
        """Ask each service for each distinct value; give the most suspicious values first.

        A value that a service can't judge gets that service's unverified label.
        """
        distinct = list(dict.fromkeys(values))
        verdicts: dict[str, list[Verdict]] = {value: [] for value in distinct}
        tally: dict[str, Counter[Status]] = {}
        for service in self.services():
            answers = service.look_up(distinct)
            for value in distinct:
                verdicts[value].append(answers.get(value) or service.unverified(Status.UNSUPPORTED))
            tally[service.name] = Counter(verdicts[value][-1].status for value in distinct)
        return Reputation({value: encode(given) for value, given in verdicts.items()}, tally)
