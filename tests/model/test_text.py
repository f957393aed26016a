import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.model.text import printable, shortened


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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("evil.example/a", "evil.example/a"),
        ("evil.example/abcdefgh/end.exe", "evil.example\u2026/end.exe"),
        ("\x1b\x1b\x1b\x1b\x1b\x1b", "\\x1b\\x1b\\x1b\u2026\\x1b\\x1b"),
        (None, ""),
    ],
)
def test_a_long_value_can_lose_its_middle_instead(text, shown):
    """Host and end stay; escapes count as the characters that they are."""
    assert shortened(text, 21) == shown


@given(st.text(max_size=100), st.integers(2, 40))
def test_what_lost_its_middle_fits_and_is_printable(text, width):
    """What fits stays as `printable` shows it."""
    shown = shortened(text, width)
    assert len(shown) <= width
    assert shown.isprintable()
    if len(printable(text)) <= width:
        assert shown == printable(text)


def test_a_very_long_value_is_shortened_like_any_other():
    """What is beyond sight isn't looked at: a value can have 100 KB."""
    assert shortened("a" * 100_000 + "z", 10) == "aaaaaa\u2026aaz"
