"""The URL and host of a raw row."""

import pytest
from support.handed_over import row

from proxy_oa_assets.investigation.handover.web_addresses import addressed, host_of, strict_url


@pytest.mark.parametrize(
    ("fulluri", "columns", "url"),
    [
        ("evil.example", {}, "http://evil.example/"),
        ("evil.example?a=b", {}, "http://evil.example/?a=b"),
        ("evil.example/a%20b?x=%zz", {}, "http://evil.example/a%20b?x=%zz"),
        ("evil.example/x", {"uriport": "443"}, "https://evil.example/x"),
        ("evil.example/x", {"uriport": "8080"}, "http://evil.example:8080/x"),
        ("evil.example:8080/x", {"uriport": "80"}, "http://evil.example:8080/x"),
        ("https://evil.example/x", {"uriport": "443"}, "https://evil.example/x"),
        ("evil.example/x", {"uriport": "-"}, "http://evil.example/x"),
        ("evil.example/x", {"uriport": "99999"}, "http://evil.example/x"),
        ("user:pw@evil.example/x", {}, "http://user:pw@evil.example/x"),
        ("[2001:DB8::1]/x", {"host": "2001:db8::1"}, "http://[2001:db8::1]/x"),
        ("2001:db8::1/x", {"host": "2001:db8::1", "uriport": "8080"}, "http://[2001:db8::1]:8080/x"),
        ("evil.example/x", {"uriport": "0443"}, "https://evil.example/x"),
        ("::ffff:198.51.100.7/x", {"host": None}, "http://198.51.100.7/x"),
        ("0x7f.1/x", {"host": "0x7f.1"}, "http://127.0.0.1/x"),
        ("BÜCHER.example/ä", {}, "http://xn--bcher-kva.example/%C3%A4"),
        ('evil.example/"<\0>\n', {}, "http://evil.example/%22%3C%00%3E%0A"),
        ("a b.example/", {}, "http://a%20b.example/"),
        ("evil.example/a|b[c]#d", {}, "http://evil.example/a|b[c]#d"),
        (None, {}, None),
        ("", {}, None),
        ("-", {}, None),
        ("null", {}, "http://null/"),
    ],
)
def test_the_url_of_a_row(fulluri: str | None, columns: dict[str, str], url: str | None) -> None:
    """Scheme and port are those of the row; what a URL can't hold is percent-encoded, and nothing else."""
    assert addressed(row(fulluri, **columns)).url == url


@pytest.mark.parametrize(
    "fulluri", ["BÜCHER.example/", "evil.example/ä", "a b.example/", "0x7f.1/", "x.example./"]
)
def test_another_spelling_keeps_the_logged_one(fulluri: str) -> None:
    """The log's own text stays beside the URL, if it is spelled otherwise there."""
    assert addressed(row(fulluri)).logged == fulluri
    assert addressed(row("Evil.example/A?b")).logged == ""


@pytest.mark.parametrize(
    ("fulluri", "columns", "kind", "value", "port"),
    [
        ("cnc.example:8443", {"uriport": "8443"}, "domain", "cnc.example", 8443),
        ("cnc.example", {"uriport": "443"}, "domain", "cnc.example", 443),
        ("[2001:db8::1]:443", {"host": "2001:db8::1"}, "ipv6", "2001:db8::1", 443),
        ("198.51.100.7:443", {"host": None}, "ipv4", "198.51.100.7", 443),
        ("a\0b:443", {"host": "a\0b"}, "host", "a\0b", 443),
    ],
)
def test_a_tunnel_is_a_host_and_a_port(
    fulluri: str, columns: dict[str, str], kind: str, value: str, port: int
) -> None:
    """A CONNECT has no URL."""
    found = addressed(row(fulluri, reqmethod="CONNECT", **columns))
    assert (found.url, found.host, found.port) == (None, (kind, value), port)


@pytest.mark.parametrize(
    ("host", "logged"), [("007", "007"), ("X.example", ""), ("b\u00fccher.example", "b\u00fccher.example")]
)
def test_another_spelling_of_a_host_keeps_the_logged_one(host: str, logged: str) -> None:
    """Programs take `007` for an address; the log's text stays beside it."""
    assert addressed(row("x.example/", host=host)).logged_host == logged


def test_hosts_that_are_neither_names_nor_addresses() -> None:
    """They stay as they are logged."""
    for text in (
        "",
        "a b",
        "fe80::1%eth0",
        "[fe80::1%25eth0]",
        "[x]",
        "a:b:c",
        "x" * 300,
        "<script>",
        "a..b",
        "1.2.3.4.5x y",
    ):
        assert host_of(text) == ("host", text)


@pytest.mark.parametrize(
    ("url", "strict"),
    [
        ("http://a.example/a|b[c]^`{}\\", "http://a.example/a%7Cb%5Bc%5D%5E%60%7B%7D%5C"),
        ("http://a.example/x%zz?y#z#z", "http://a.example/x%25zz?y#z%23z"),
        ("http://[2001:db8::1]:80/[", "http://[2001:db8::1]:80/%5B"),
        ("http://user:pass@buser:pass@b/", "http://user:pass%40buser:pass@b/"),
        ("http://user@[2001:db8::1]/", "http://user@[2001:db8::1]/"),
        ("http://a:b:c:80/", "http://a%3Ab%3Ac:80/"),
    ],
)
def test_a_strict_url(url: str, strict: str) -> None:
    """What RFC 3986 doesn't allow is encoded, once."""
    assert strict_url(url) == strict
    assert strict_url(strict) == strict
