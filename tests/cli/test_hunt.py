import asyncio
import importlib.util
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from proxy_oa_assets.cli.hunt import PageKernels
from proxy_oa_assets.cli.main import main


@pytest.fixture
def hunt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that runs the command in an empty home."""
    monkeypatch.setenv("PROXY_OA_HOME", str(tmp_path / "home"))
    return lambda *arguments: CliRunner().invoke(main, ["hunt", "--no-browser", *arguments])


def test_a_home_without_days_says_how_to_make_one(hunt) -> None:
    """No server is started over nothing, and no day that there isn't is opened."""
    result: Result = hunt()
    assert result.exit_code == 1
    assert "no day is materialized in the home" in result.output
    assert "proxy-oa demo" in result.output


def test_a_missing_extra_is_named_with_the_command_that_installs_it(
    hunt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packages that lack are named, too."""
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "voila" else found(name))
    result: Result = hunt()
    assert result.exit_code == 2
    assert "(voila); run pip install 'proxy-oa-assets[hunt]'" in result.output


def test_a_port_in_use_is_refused(hunt) -> None:
    """Another port than the one that was asked for is never taken."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result: Result = hunt("--port", str(port))
    assert result.exit_code == 2
    assert f"port {port}: Address already in use" in result.output


def test_a_day_that_is_not_materialized_is_refused(hunt, tmp_path: Path) -> None:
    """The message has the days that there are."""
    folder = tmp_path / "home/hdfs/user/spot/proxy/hive/oa/suspicious/y=2016/m=9"
    for day in ("d=11", "d=12", "d=99", "x"):
        (folder / day).mkdir(parents=True)
    result: Result = hunt("--date", "2016-09-13")
    assert result.exit_code == 1
    assert "2016-09-13 isn't materialized" in result.output
    assert "another day: 2016-09-11 to 2016-09-12" in result.output


def test_a_kernel_ends_if_its_page_is_missing_at_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that was killed says nothing; one whose network fails comes back, and a busy kernel stays."""
    kernels, ended = PageKernels(), []

    async def shut_down(kernel_id: str) -> None:
        ended.append(kernel_id)

    monkeypatch.setattr(kernels, "shutdown_kernel", shut_down)
    kernel = SimpleNamespace(execution_state="busy", kernel_spec=SimpleNamespace(metadata={}))
    kernels._kernels = {"page": kernel}

    def look(state: str, pages: int) -> list[str]:
        kernel.execution_state, kernels._kernel_connections = state, {"page": pages}
        asyncio.run(kernels.cull_kernel_if_idle("page"))
        return ended

    for state, pages in (("busy", 0), ("busy", 0), ("idle", 0), ("idle", 1), ("idle", 0)):
        assert look(state, pages) == []
    assert look("idle", 0) == ["page"]
