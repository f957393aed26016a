import logging
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from support.home import Home
from support.receiver import Receiver, receiving
from support.results_site import Site

from proxy_oa_assets.defs.automation import webhook


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An empty Dagster history."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def site(home: Home, instance: dg.DagsterInstance) -> Site:
    return Site(home, instance)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def fast(monkeypatch):
    """Don't wait between attempts."""
    monkeypatch.setattr(webhook, "_BACKOFF", 0.001)


@pytest.fixture
def written(caplog, capfd):
    """Whether a text was logged at any level, or written to the terminal."""
    caplog.set_level(logging.DEBUG)

    def anywhere(text):
        output = capfd.readouterr()
        return any(text in place for place in (caplog.text, output.out, output.err))

    return anywhere
