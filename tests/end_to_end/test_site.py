"""The documentation as a site, as `make site` builds it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.browser import new_page
from support.web_server import started

pytestmark = pytest.mark.browser
PROJECT = Path(__file__).parents[2]
PAGES = ("", "docs/operating/", "docs/reference/searching/")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Build the site strictly and serve it; give its address."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=PROJECT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    serve = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", folder]
    with started(
        lambda port: [*serve, str(port)], tmp_path_factory.mktemp("server"), os.environ, "/"
    ) as address:
        yield address


def test_the_site_requests_nothing_of_another_host_and_fits_a_phone(site: str) -> None:
    """Fonts, scripts and the search's index are the site's own; no page is wider than a phone's screen."""
    hosts, wide = set(), []
    with new_page(375, 800, base_url=site) as page:
        page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
        for name in PAGES:
            page.goto(name)
            page.wait_for_load_state("networkidle")
            assert page.locator("article h1").count() == 1, name
            wide += [name] if page.evaluate("document.documentElement.scrollWidth") > 375 else []

    assert hosts == {urlsplit(site).netloc}
    assert not wide


def test_the_search_finds_a_function_of_the_reference(site: str) -> None:
    """Docstrings are searched, too."""
    with new_page(base_url=site) as page:
        page.goto("")
        page.get_by_role("textbox", name="Search").fill("beacons")
        page.locator("a[href$='#proxy_oa_assets.investigation.hunting.beacons']").click()
        page.wait_for_url("**/docs/reference/searching/**")
        assert page.get_by_role("heading", name="beacons").count()
