import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect
from support.analysts_day import AnalystsDay
from support.browser import keep_picture, new_page
from support.home import SAMPLE_DAY, Home
from support.lab_pages import rows
from support.programs import program
from support.web_server import free_port

from proxy_oa_assets.ingest.sample.attacks import DROPPER_HOST

pytestmark = [pytest.mark.browser, pytest.mark.server]

TOKEN = "hunter"
OTHER = SAMPLE_DAY.plus(-1)
DROPPED = f"{DROPPER_HOST}/stage2/config.bin"
# Ignores and blocks what ends a process, as a parent process can have done, and becomes the command.
UNREACHABLE = """
import os, signal, sys

ending = {signal.SIGINT, signal.SIGTERM}
for number in ending:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, ending)
os.execv(sys.argv[1], sys.argv[1:])
"""
# What the page was refused by its own server's policy.
WATCH = """
window.refused = [];
addEventListener("securitypolicyviolation", (event) => refused.push(event.blockedURI));
"""


@dataclass
class Hunt:
    """The application's server over a home."""

    home: Home
    server: subprocess.Popen[str]
    address: str
    announced: str
    folder: Path

    def kernels(self) -> int:
        """Return how many pages have a process."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "ppid=,args="], capture_output=True, text=True, check=True
        ).stdout
        own = [line.split(maxsplit=1) for line in listed.splitlines()]
        return sum(parent == str(self.server.pid) and "ipykernel" in args for parent, args in own)


def wait_until(holds: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.2)


@contextmanager
def hunting(home: Home, folder: Path, **variables: str) -> Iterator[Hunt]:
    """Start `proxy-oa hunt` as a background job of a shell does, and wait for its address."""
    port = free_port()
    (folder / "tmp").mkdir(parents=True)
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment |= {"HOME": str(folder), "TMPDIR": str(folder / "tmp")}
    command = [Path(sys.executable).with_name("proxy-oa"), "hunt", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(
        [sys.executable, "-c", UNREACHABLE, *command],
        cwd=folder,
        env={**environment, **home.variables, "PROXY_OA_HOME": str(home.path), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        assert server.stdout
        first = server.stdout.readline()
        assert first.startswith(f"Hunting: http://127.0.0.1:{port}/?token="), first
        yield Hunt(home, server, f"http://127.0.0.1:{port}", first, folder)
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
        server.wait(30)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a materialized sample day, and an earlier day that has one connection."""
    home = Home(tmp_path_factory.mktemp("hunt") / "home")
    home.write_sample()
    assert home.materialize(SAMPLE_DAY, limit=60).success
    earlier = AnalystsDay(home, OTHER)
    earlier.write_raw({"host": "earlier.example", "fulluri": "earlier.example/a"})
    earlier.write_scores({"host": "earlier.example", "fulluri": "earlier.example/a"})
    return home


@pytest.fixture(scope="module")
def hunt(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hunt]:
    program("chromium", "chromium")
    with hunting(home, tmp_path_factory.mktemp("server") / "server", JUPYTER_TOKEN=TOKEN) as hunt:
        yield hunt


@pytest.fixture
def page(hunt: Hunt) -> Iterator[Page]:
    with new_page(1280, 720, hunt.address) as page:
        page.add_init_script(WATCH)
        expect.set_options(timeout=60_000)
        yield page


def test_nothing_is_shown_without_the_token(hunt: Hunt) -> None:
    """Nor with another token, nor to a page of another site by a name of its own for this machine."""
    assert hunt.announced.startswith(f"Hunting: {hunt.address}/?token=$JUPYTER_TOKEN")
    assert "/login" in requests.get(hunt.address, timeout=30).url
    assert "/login" in requests.get(f"{hunt.address}/?token=wrong", timeout=30).url
    kernels = f"{hunt.address}/api/kernels/0b1b2f0e-7d7b-4b63-8fd4-0d6bd4b6a9d1"
    assert requests.get(kernels, timeout=30).status_code == 403
    assert requests.get(f"{kernels}/channels", timeout=30).status_code == 403
    evil = {"Host": "evil.example"}
    assert requests.get(f"{hunt.address}/?token={TOKEN}", headers=evil, timeout=30).status_code == 403
    assert hunt.kernels() == 0


def test_an_analyst_hunts_in_any_day_without_leaving_this_machine(hunt: Hunt, page: Page) -> None:
    """The newest day is scored, the earlier one is opened by its name, and the tab's process ends with it."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/?token={TOKEN}")
    listed = rows(page, "Suspicious connections")
    listed.filter(has_text=DROPPED).click()
    page.keyboard.press("1")
    expect(page.get_by_text("1 URI scored high")).to_be_visible()
    assert AnalystsDay(hunt.home, SAMPLE_DAY).recorded() == {DROPPED: 1}
    # Nothing of a notebook is on the page, and all of it is on the screen.
    assert (
        page.locator(".jp-InputArea:visible, .jp-InputPrompt:visible, .jp-OutputPrompt:visible").count() == 0
    )
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    keep_picture(page, "hunt")

    page.get_by_label("Day", exact=True).select_option(OTHER.key)
    expect(listed).to_have_count(1)
    expect(listed).to_contain_text("earlier.example")
    page.get_by_role("tab", name="Days").click()
    expect(page.locator("img.widget-image")).to_be_visible()
    page.locator(".days .desk-filter input").fill(f"host:{DROPPER_HOST}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 requests on 1 of 2 days")).to_be_visible()
    rows(page, "Days").click()
    expect(rows(page, "Requests")).to_have_count(2)

    hosts = {url.split("/")[2] for url in asked if url.startswith(("http", "ws"))}
    assert hosts == {hunt.address.removeprefix("http://")}
    assert page.evaluate("refused") == []
    assert page.evaluate("fetch('http://192.0.2.1/').catch(() => 'refused')") == "refused"
    assert page.evaluate("refused") == ["http://192.0.2.1/"]
    assert hunt.kernels() == 1
    page.goto("about:blank")
    # Sooner than the server would miss the page.
    wait_until(lambda: hunt.kernels() == 0, 25)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_server_and_its_pages(home: Home, tmp_path: Path, number: signal.Signals) -> None:
    """Although its parent process had both signals ignored and blocked; nothing of it stays."""
    with hunting(home, tmp_path / "server") as hunt:
        url = hunt.announced.split()[1]
        assert len(url.partition("token=")[2]) == 48
        if number == signal.SIGINT:
            assert requests.get(url, timeout=60).ok
            assert hunt.kernels() == 1
        hunt.server.send_signal(number)
        assert hunt.server.wait(30) == 0
        assert hunt.server.stdout
        assert hunt.server.stdout.read() == ""
        assert hunt.kernels() == 0
        assert list((hunt.folder / "tmp").iterdir()) == []
