from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.reputation_server import Asked, Reply, ReputationServer, answering

from proxy_oa_assets.reputation.cache import Keeping
from proxy_oa_assets.reputation.config import Configured
from proxy_oa_assets.reputation.kinds import service_class
from proxy_oa_assets.reputation.panel import Panel, Reputation
from proxy_oa_assets.reputation.privacy import Privacy


@dataclass
class Asking:
    """A service that asks a server of the test's."""

    server: ReputationServer
    panel: Panel

    def look_up(self, *values: str) -> Reputation:
        """Ask for values as a run does."""
        return self.panel.look_up(values)

    def said(self, *values: str) -> list[str]:
        """Return what `uri_rep` holds of each value."""
        uri_rep = self.look_up(*values).uri_rep
        return [uri_rep[value] for value in values]


@pytest.fixture
def service(tmp_path) -> Callable[..., Iterator[Asking]]:
    """Return what makes a service, by an entry of the reputation file, that asks a server answering so."""

    @contextmanager
    def made(kind: str, respond: Callable[[Asked], Reply], key: str = "", **entry: object):
        secrets = {"key_env": "THE_KEY"} if key else {}
        with answering(respond) as server:
            configured = service_class(kind).model_validate(
                {"service": kind, "url": server.url, **secrets, **entry},
                context={"environ": {"THE_KEY": key}, "folder": Path(tmp_path)},
            )
            panel = Panel(Configured([configured], Privacy(), Keeping()), tmp_path / "state")
            yield Asking(server, panel)

    return made
