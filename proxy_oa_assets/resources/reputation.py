"""The resource `reputation`: what the configured services say of values."""

from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
from pydantic import Field, PrivateAttr

from proxy_oa_assets.reputation.config import Configured, load_reputation
from proxy_oa_assets.reputation.panel import Panel, Reputation
from proxy_oa_assets.settings import environment


class ReputationResource(dg.ConfigurableResource):
    """The reputation services of the site's reputation file, in its order.

    Example:
        >>> ReputationResource(state="/tmp").look_up(["evil.example/a"]).uri_rep
        {'evil.example/a': ''}

    """

    config_file: str | None = Field(
        default=None, description="Reputation file, TOML or JSON (PROXY_OA_REPUTATION); none: no look-ups"
    )
    state: str = Field(description="Folder of the verdict cache and of the services' limits")
    least_coverage: float = Field(
        default=0.9,
        description="Share of the URIs that each service should answer for (PROXY_OA_REPUTATION_COVERAGE)",
    )

    _configured: Configured | None = PrivateAttr(default=None)

    def configured(self) -> Configured:
        """Return what the reputation file says. Raises ReputationConfigError naming file and entry."""
        if self._configured is None:
            self._configured = (
                load_reputation(Path(self.config_file), environment()) if self.config_file else Configured([])
            )
        return self._configured

    def look_up(self, values: Sequence[str], report: Callable[[str], None] = lambda _: None) -> Reputation:
        """Ask each service for each distinct value; give the most suspicious values first."""
        return self._panel().look_up(values, report=report)

    def trials(self) -> dict[str, Callable[[], str]]:
        """Return what `proxy-oa doctor` tries, by service."""
        return self._panel().trials()

    def _panel(self) -> Panel:
        return Panel(self.configured(), Path(self.state))
