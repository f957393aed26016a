"""The resource `reputation`: what the configured services say of values."""

from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
from pydantic import Field, PrivateAttr

from proxy_oa_assets.enrichment.reputation.client import Reputation, ReputationClient
from proxy_oa_assets.enrichment.reputation.config import ReputationConfig, load_reputation
from proxy_oa_assets.settings import environment


class ReputationResource(dg.ConfigurableResource):
    """The reputation services of the site's reputation file, in its order.

    Example:
        >>> ReputationResource(home="proxy_oa_home").look_up(["evil.example/a"]).uri_rep
        {'evil.example/a': ''}

    """

    config_file: str | None = Field(
        default=None, description="Reputation file, TOML or JSON (PROXY_OA_REPUTATION); none: no look-ups"
    )
    home: str = Field(
        description="The home: its folder `reputation` keeps the verdict cache and the services' limits"
    )
    may_run_programs: bool = Field(
        default=True, description="Whether services of the file may run programs that it names"
    )
    least_coverage: float = Field(
        default=0.9,
        description="Share of the URIs that each service should answer for (PROXY_OA_REPUTATION_COVERAGE)",
    )

    _configured: ReputationConfig | None = PrivateAttr(default=None)

    def configured(self) -> ReputationConfig:
        """Return what the reputation file says. Raises ReputationConfigError naming file and entry."""
        if self._configured is None:
            self._configured = (
                self._load(Path(self.config_file)) if self.config_file else ReputationConfig([])
            )
        return self._configured

    def look_up(self, values: Sequence[str], report: Callable[[str], None] = lambda _: None) -> Reputation:
        """Ask each service for each distinct value; give the most suspicious values first."""
        return self._panel().look_up(values, report=report)

    def probes(self) -> dict[str, Callable[[], str]]:
        """Return what `proxy-oa doctor` tries, by service."""
        return self._panel().probes()

    def _panel(self) -> ReputationClient:
        return ReputationClient(self.configured(), Path(self.home) / "reputation")

    def _load(self, path: Path) -> ReputationConfig:
        return load_reputation(path, environment(self.home), may_run_programs=self.may_run_programs)
