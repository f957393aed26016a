import re

import pytest
from support.home import Home
from support.hostile import VALUES, over_hostile_values
from support.markup import DRAWN, PageParser

from proxy_oa_assets.investigation.defanging import defanged
from proxy_oa_assets.model.text import printable

# What a page is made of, beside its plots.
WRITTEN = set(
    "html head meta style body header main section footer h1 h2 h3 p div span strong br bdi code "
    "dl dt dd table thead tbody tr th td ul li figure".split()
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
HARMLESS = set("lang charset http-equiv content name class dir data-label".split())
DRAWING = set(
    "xmlns viewbox width height style role aria-label font-family font-size font-weight fill stroke "
    "stroke-width stroke-dasharray text-anchor x y cx cy r rx d".split()
)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@over_hostile_values("hostile values on the page")
def test_nothing_of_the_data_is_markup(hostile_page):
    """A parser finds the elements and attributes that the page always has, none that runs, loads or links."""
    page = PageParser(hostile_page.read_text(encoding="utf-8"))

    assert page.tags <= WRITTEN | DRAWN
    assert page.attributes <= HARMLESS | DRAWING
    assert {tuple(attributes.items()) for tag, attributes in page.elements if tag == "meta"} == {
        (("charset", "utf-8"),),
        (
            ("http-equiv", "Content-Security-Policy"),
            ("content", POLICY),
        ),
        (("name", "referrer"), ("content", "no-referrer")),
        (("name", "format-detection"), ("content", "telephone=no, email=no, address=no")),
        (("name", "viewport"), ("content", "width=device-width, initial-scale=1")),
    }


def test_every_value_is_there_as_text(hostile_page):
    """Whole, defanged, and with its invisible characters as escapes."""
    page = PageParser(hostile_page.read_text(encoding="utf-8"))
    shown = {" ".join(code.split()) for code in page.texts["code"]}

    assert {" ".join(printable(defanged(value)).split()) for value in VALUES} - {""} <= shown
    assert "49" not in shown


def test_no_control_or_hidden_character_is_in_the_page(hostile_page):
    """Apart from the line breaks of the template itself."""
    text = hostile_page.read_text(encoding="utf-8")
    assert {char for char in text if not char.isprintable()} == {"\n"}


def test_no_program_makes_a_link_of_a_value(hostile_page):
    """Mail programs make links of what begins with a scheme and of names with dots."""
    page = PageParser(hostile_page.read_text(encoding="utf-8"))
    shown = " ".join(page.texts["body"])
    assert not re.search(r"(?i)\b(?:https?|ftp)://", shown)
    assert "evil.test" not in shown
    assert "evil[.]test" in shown
