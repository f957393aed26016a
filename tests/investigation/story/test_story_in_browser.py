import re

import pytest
from playwright.sync_api import expect
from support.browser import keep_picture, new_page
from support.home import SAMPLE_DAY as DAY
from support.home import Home

from proxy_oa_assets.ingest.sample.attacks import BEACON_HOST, DROPPER_HOST, PHISHING_PAGE, UPLOAD_HOST
from proxy_oa_assets.ingest.sample.site import write_site_files
from proxy_oa_assets.investigation.defanging import defanged
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.investigation.storyboard import save_storyboard

pytestmark = pytest.mark.browser

# By URI: the severity, the title, and the lines of the comment; in the page's order.
STORIES = {
    PHISHING_PAGE: (
        *(1, "A copied log-in page, by mail"),
        "A link in a mail led over two redirects to a copy of our log-in page.",
        "Each of these people typed a password there: it was sent on, see below.",
        "",
        "Done: passwords reset. To do: tell everybody what the mail looked like.",
    ),
    f"{DROPPER_HOST}/invoice_2291.pdf.exe": (
        *(1, "A program that calls itself an invoice"),
        "A desk in Finance fetched a program from a bare address, named like a PDF.",
        "Twelve seconds later the program fetched its configuration from the same address.",
        "",
        "Done: the computer is off the network; its disk is being examined.",
    ),
    f"{BEACON_HOST}/pixel.gif?id=7f3a9c": (
        *(2, "A computer reports home all day"),
        "Every ten seconds for an hour at night, then every five minutes.",
    ),
}


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    """The page of a sample day with three stories."""
    path = tmp_path_factory.mktemp("story") / "home"
    site = write_site_files(path)
    home = Home(path, **{name: str(file) for name, file in site.items()})
    home.write_sample(views=1_100, ranked=False)
    assert home.materialize(DAY).success
    for uri, (severity, title, *lines) in STORIES.items():
        score(DAY, severity, uri, deployment=home.deployment)
        save_storyboard(DAY, uri, title, "\n".join(lines), deployment=home.deployment)
    score(DAY, 1, f"{UPLOAD_HOST}/upload/chunk/000", deployment=home.deployment)
    return write_story(DAY, deployment=home.deployment).path


@pytest.fixture
def page():
    with new_page(width=1060, height=900) as page:
        yield page


def opened(page, path):
    """Open a page from its file; return its requests, dialogs, log entries, errors and popups."""
    happened = []
    page.on("request", lambda request: happened.append(("request", request.url)))
    page.on("dialog", lambda dialog: (happened.append(("dialog", dialog.message)), dialog.dismiss()))
    page.on("console", lambda message: happened.append(("console", message.text)))
    page.on("pageerror", lambda error: happened.append(("error", str(error))))
    page.on("popup", lambda popup: happened.append(("popup", popup.url)))
    page.goto(path.as_uri())
    return happened


def fits(page):
    """Return whether nothing of the page is beyond its right edge."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize("policy", ["as written", "without its policy"])
def test_a_browser_runs_fetches_and_links_nothing(hostile_page, tmp_path, page, policy):
    """Also after clicks; the escaping suffices alone, the policy is a second line of defence."""
    path = hostile_page
    if policy == "without its policy":
        text = path.read_text(encoding="utf-8")
        path = tmp_path / "story.html"
        path.write_text(re.sub("<meta http-equiv=.Content-Security-Policy[^>]*>", "", text), encoding="utf-8")
    happened = opened(page, path)

    for title in page.locator("h2 bdi, svg text").all()[:200]:
        title.dispatch_event("mouseover")
        title.dispatch_event("click")
    page.wait_for_timeout(500)

    assert page.evaluate("window.ran") is None
    assert happened == [("request", path.as_uri())]
    assert page.url == path.as_uri()
    assert page.locator("a, script, img, iframe, object, embed, form, link, base, [href], [src]").count() == 0


@pytest.mark.parametrize("width", [375, 1060])
def test_no_value_is_wider_than_the_page(hostile_page, page, width):
    """Not even one of 100,000 characters, and on a phone."""
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, hostile_page)
    assert fits(page)


def test_the_policy_would_stop_a_script(story, tmp_path, page):
    """Markup that slipped through the escaping would neither run nor load an image."""
    path = tmp_path / "story.html"
    script = "<script>window.ran = 1</script><img src='http://127.0.0.1:9/x.png'></body>"
    path.write_text(story.read_text(encoding="utf-8").replace("</body>", script), encoding="utf-8")

    happened = opened(page, path)

    assert page.evaluate("window.ran") is None
    assert len([text for kind, text in happened if kind == "console" and "Content Security" in text]) == 2


def test_a_manager_reads_what_happened(story, page):
    """The stories by severity, their comments with their lines, plots of some size, verdicts in words."""
    happened = opened(page, story)

    expect(page.get_by_role("heading", level=1)).to_have_text("Monday, 12 September 2016")
    titles = [title.inner_text() for title in page.locator("section.threat h2").all()]
    assert titles == [
        f"{name} risk {title}"
        for name, (_, title, *_) in zip(("high", "high", "medium"), STORIES.values(), strict=True)
    ]
    comments = [comment.inner_text() for comment in page.locator(".comment").all()]
    assert comments == ["\n".join(lines) for _, _, *lines in STORIES.values()]
    plots = page.locator("svg[role=img]").all()
    assert len(plots) == 1 + 2 * len(STORIES)
    assert all((plot.bounding_box() or {"height": 0})["height"] > 60 for plot in plots)
    expect(page.locator("section.threat").first).to_contain_text("Finance desks")
    expect(page.locator("section.threat").first).to_contain_text("high risk")
    expect(page.locator("section").first).to_contain_text(f"{defanged(UPLOAD_HOST)}/upload/chunk/000")
    assert fits(page)
    assert len(happened) == 1
    page.set_viewport_size({"width": 1060, "height": 1900})
    keep_picture(page, "story")


def test_each_threat_is_printed_on_its_own_page(story, tmp_path, page):
    """With no dark ground, nothing to click, and every address whole."""
    opened(page, story)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"

    begin = "[...document.querySelectorAll('.threat')].map(each => getComputedStyle(each).breakBefore)"
    assert page.evaluate(begin) == ["page"] * len(STORIES)

    printed = page.pdf(path=tmp_path / "story.pdf", format="A4")

    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > len(STORIES)
    assert b"/URI" not in printed
