import pytest

from proxy_oa_assets.ranking.letters import letter_note, marked

MIXED = "looks like paypal.com; mixes Cyrillic and Latin letters"


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("\u0440\u0430ypal.com/login?a=b", f"xn--ypal-43d9g.com; {MIXED}"),
        ("xn--ypal-43d9g.com", f"\u0440\u0430ypal.com; {MIXED}"),
        ("http://user@\u0420\u0430YPAL.com:8080/", f"xn--ypal-43d9g.com; {MIXED}"),
        ("\u0430\u0440\u0440\u04cf\u0435.com", "xn--80ak6aa92e.com; looks like apple.com"),
        ("päypal.com", "xn--pypal-gra.com; looks like paypal.com"),
        ("\uff50\uff41\uff59\uff50\uff41\uff4c.com", "stands for paypal.com"),
        ("pay\u200bpal.com", "stands for paypal.com"),
        ("www.paypa1.com", "looks like www.paypal.com"),
        ("rnicrosoft.com", "looks like microsoft.com"),
        ("пaypal.рф", "xn--aypal-oye.xn--p1ai; mixes Cyrillic and Latin letters"),
    ],
    ids=[
        "mixed",
        "as DNS spells it",
        "in a referer",
        "one script",
        "accent",
        "full width",
        "invisible",
        "digit",
        "two letters",
        "mixed only",
    ],
)
def test_letters_that_imitate_others_are_named(name, note):
    """With the spelling that isn't shown: people see one of the two, and DNS has the other."""
    assert letter_note(name) == note


@pytest.mark.parametrize(
    "name",
    [
        *("paypal.com", "www.amazon.co.uk/gp?x=paypa1.com", "10.0.0.1", "[::1]:443", "-", "", "x" * 100_000),
        *("münchen.de", "xn--mnchen-3ya.de", "пример.рф", "日本語テスト.jp", "Tokyo東京.jp"),
        *("example.com/\u0440\u0430ypal", "xn--\ud800.com", "xn--.com", "1drv.ms"),
    ],
)
def test_other_names_have_no_note(name):
    """Names in the letters of one language, and any text behind the host."""
    assert letter_note(name) == ""
    assert marked(name) == name


def test_a_marked_name_is_one_line_of_plain_text():
    """For pages and terminals."""
    assert marked("\u0440\u0430ypal.com/x") == f"\u0440\u0430ypal.com/x [xn--ypal-43d9g.com; {MIXED}]"
    assert "\x1b" not in letter_note("\u0440\u0430ypal\x1b[31m.com")
