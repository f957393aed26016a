"""A real browser, and the pictures that tests keep for the documentation."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page, ProxySettings, sync_playwright
from support.programs import program

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PICTURES = os.environ.get("PROXY_OA_PICTURES")
_LARGE = 150_000  # bytes


@contextmanager
def new_page(
    width: int = 1500, height: int = 950, base_url: str | None = None, proxy: str | None = None
) -> Iterator[Page]:
    """Open a page in Chromium, whose requests go through a proxy if one is given.

    Skip the test where there is no Chromium.
    """
    chromium = program("chromium", "chromium")
    # Chromium sends requests to this machine past a proxy unless the bypass list says so.
    through = {"proxy": ProxySettings(server=proxy, bypass="<-loopback>")} if proxy else {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS, **through)
        page = browser.new_page(viewport={"width": width, "height": height}, base_url=base_url)
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def keep_picture(page: Page, name: str, height: float | None = None, *, part: Locator | None = None) -> None:
    """Keep the page, its upper part, or what it shows of a part, as a picture of the documentation.

    It does nothing unless PROXY_OA_PICTURES names a folder.
    """
    if PICTURES is None:
        return
    size = page.viewport_size
    assert size
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    clip = part.bounding_box() if part else None
    clip = clip or {"x": 0, "y": 0, "width": size["width"], "height": height or size["height"]}
    shown = page.screenshot(clip=clip, animations="disabled", caret="hide")
    path = Path(PICTURES) / f"{name}.png"
    path.write_bytes(shown)
    if len(shown) > _LARGE:
        Image.open(BytesIO(shown)).convert("RGB").quantize(256).save(path, optimize=True)
