"""The resource `reputation`: verdicts of the configured services."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field, PrivateAttr

from proxy_oa_assets.enrichment.reputation.config import ReputationConfig, load_reputation
from proxy_oa_assets.enrichment.reputation.verdict import LookupResult
from proxy_oa_assets.settings import environment, trusted_users

if TYPE_CHECKING:
    from proxy_oa_assets.enrichment.reputation.client import ReputationClient


class ReputationResource(dg.ConfigurableResource):
    """The services of the site's reputation file, in its order.

    Example:
        >>> ReputationResource(home="proxy_oa_home").look_up(["evil.example/a"]).uri_rep
        {'evil.example/a': ''}

    """

    config_file: str | None = Field(
        default=None, description="Reputation file, TOML or JSON (PROXY_OA_REPUTATION); none: no lookups"
    )
    home: str = Field(description="The home, whose folder `reputation` has the verdict cache and the limits")
    may_run_programs: bool = Field(
        default=True, description="Whether services may run programs that the reputation file names"
    )
    least_coverage: float = Field(
        default=0.9,
        description="Least share of the URIs with a verdict from each service (PROXY_OA_REPUTATION_COVERAGE)",
    )

    _config: ReputationConfig | None = PrivateAttr(default=None)

    @property
    def summary(self) -> str:
        """What stands behind the resource, in a line for Dagster's page of resources."""
        if self.config_file is None:
            return "No reputation service is configured (PROXY_OA_REPUTATION)"
        return "The site's reputation services (PROXY_OA_REPUTATION)"

    def configured(self) -> ReputationConfig:
        """Return the reputation file's content. Raises ReputationConfigError naming file and entry."""
        if self._config is None:
            self._config = ReputationConfig([])
            if self.config_file is not None:
                self._config = load_reputation(
                    Path(self.config_file),
                    environment(self.home),
                    may_run_programs=self.may_run_programs,
                    trusted_users=trusted_users(),
                )
        return self._config

    def look_up(self, values: Sequence[str], report: Callable[[str], None] = lambda _: None) -> LookupResult:
        """Look up each distinct value with each service, in the values' order: most suspicious first."""
        if not self.configured().services:
            # Without the client, which loads `requests`.
            return LookupResult(dict.fromkeys(values, ()), {})
        return self._client().look_up(values, report=report)

    def probes(self) -> dict[str, Callable[[], str]]:
        """Return the probe of each service for `proxy-oa doctor`."""
        return self._client().probes()

    def _client(self) -> "ReputationClient":
        # Imported here: definitions load without `requests`.
        from proxy_oa_assets.enrichment.reputation.client import ReputationClient

        return ReputationClient(self.configured(), Path(self.home) / "reputation")
