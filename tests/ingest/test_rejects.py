import pytest

from proxy_oa_assets.ingest.rejects import without_secrets


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("- [Host: a%0D%0ACookie: id=7; b=8%0D%0AX: 1]", "- [Host: a%0D%0ACookie: ***%0D%0AX: 1]"),
        ("[Proxy-Authorization: Basic dTpw]", "[Proxy-Authorization: ***]"),
        ("[Authorization%3A%20Basic%20dTpw%0D%0AX: 1]", "[Authorization%3A%20 ***%0D%0AX: 1]"),
        ('x "Set-Cookie: id=7" y', 'x "Set-Cookie: ***" y'),
        ("GET http://user:pw@a.example/?q=b@c", "GET http://***@a.example/?q=b@c"),
        ("GET http://a.example/cookies@home", "GET http://a.example/cookies@home"),
    ],
)
def test_credentials_and_cookies_are_left_out_of_rejected_lines(line: str, kept: str) -> None:
    """The rest of the line, and its offset in the log, say what is wrong with it."""
    assert without_secrets(line) == kept
