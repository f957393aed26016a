import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.display import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("evil.example/a?b=c d", "evil.example/a?b=c d"),
        ("caf\u00e9 \U0001f600 \u65e5\u672c", "caf\u00e9 \U0001f600 \u65e5\u672c"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("nul\0", r"nul\x00"),
        ("moc.\u202eelpmaxe", r"moc.\u202eelpmaxe"),
        ("zero\u200bwidth", r"zero\u200bwidth"),
        ("line\u2028break", r"line\u2028break"),
        ("\ud800", r"\ud800"),
        ("<b>*bold*</b>", "<b>*bold*</b>"),
    ],
)
def test_what_steers_a_terminal_is_shown_as_an_escape(text, shown):
    """Controls, bidirectional marks and invisible characters become escapes; visible text stays."""
    assert printable(text) == shown


@given(st.text())
def test_whatever_comes_in_is_printable(text):
    """No text gives a character that a terminal would act on."""
    assert printable(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P", "S"])), st.integers(1, 20))
def test_a_width_shortens_visibly(text, width):
    """Text that fits stays whole; longer text ends in an ellipsis within the width."""
    shown = printable(text, width)
    if len(text) <= width:
        assert shown == text
    else:
        assert shown == f"{text[: width - 1]}\u2026"
        assert len(shown) == width


def test_values_that_are_no_text_are_shown_too():
    """NULL is shown as nothing, a number as its digits."""
    assert printable(None) == ""
    assert printable(0) == "0"
    assert printable(1.2e-7) == "1.2e-07"
