import idna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.enrichment.reputation.uri import Uri, canonical_host, is_address, parse_uri

# Texts made mostly of what a URI parser stumbles over.
HOSTILE = st.text(
    st.sampled_from("aA1.:/?#@[]%\\ \n\0\u2028\u0130\U0001f600-+") | st.characters(), max_size=60
)


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("evil.example/a?b=c", Uri("evil.example", "", "/a", "?b=c")),
        ("http://evil.example/a?b=c", Uri("evil.example", "", "/a", "?b=c", "http")),
        ("evil.example", Uri("evil.example", "", "/", "")),
        ("evil.example?b", Uri("evil.example", "", "/", "?b")),
        ("EVIL.Example./A?B", Uri("evil.example", "", "/A", "?B")),
        ("evil.example:8080/a", Uri("evil.example", "8080", "/a", "")),
        ("evil.example/a#fragment?b", Uri("evil.example", "", "/a", "")),
        ("user:pass@evil.example/a", Uri("evil.example", "", "/a", "")),
        ("http://google.com@evil.example/a", Uri("evil.example", "", "/a", "", "http")),
        ("http://a@b@evil.example:81/", Uri("evil.example", "81", "/", "", "http")),
        ("evil.example/@other.example/", Uri("evil.example", "", "/@other.example/", "")),
        ("evil.example/http://other.example/", Uri("evil.example", "", "/http://other.example/", "")),
        ("evil.example?u=http://other.example/", Uri("evil.example", "", "/", "?u=http://other.example/")),
        ("http://[2001:DB8::1]:8080/a", Uri("[2001:db8::1]", "8080", "/a", "", "http")),
        ("evil.example:80x/a", Uri("evil.example", "", ":80x/a", "")),
        ("evil.example:123456", Uri("evil.example", "", ":123456", "")),
        ("evil.example/%2e/../a//b", Uri("evil.example", "", "/%2e/../a//b", "")),
        ("evil.example/a\nb?c\td", Uri("evil.example", "", "/a\nb", "?c\td")),
        ("", Uri("", "", "/", "")),
        ("/a", Uri("", "", "/a", "")),
        ("-", Uri("-", "", "/", "")),
    ],
)
def test_a_uri_is_split_into_its_parts(text, uri):
    """With or without a scheme; user info and fragment are dropped, everything else stays as it is."""
    assert parse_uri(text) == uri


@pytest.mark.parametrize(
    ("text", "port"),
    [
        *[("http://a.b:80/", ""), ("https://a.b:443/", ""), ("a.b:80/", ""), ("a.b:443/", ""), ("a.b:/", "")],
        *[
            ("http://a.b:443/", "443"),
            ("https://a.b:80/", "80"),
            ("HTTPS://a.b:443/", ""),
            ("ftp://a.b:80/", "80"),
        ],
    ],
)
def test_a_port_is_dropped_where_it_is_the_scheme_s_own(text, port):
    """RFC 3986, section 6.2.3: the default port and none are one; without a scheme it is HTTP or HTTPS."""
    assert parse_uri(text).port == port


@pytest.mark.parametrize(
    ("written", "host"),
    [
        *[(host, "xn--bcher-kva.example") for host in ("b\u00fccher.example", "XN--BCHER-KVA.Example.")],
        *[
            (host, "xn--bcher-kva.example")
            for host in ("bu\u0308cher.example", "B\u00dcCHER\u3002example\uff0e")
        ],
        *[(host, "xn--bcher-kva.example") for host in ("b%C3%BCcher.example", "b\u00fc\u00adcher%2Eexample")],
        ("stra\u00dfe.example", "xn--strae-oqa.example"),
        ("i\u2764.example", "xn--i-7iq.example"),
        ("_\u00fc.example", "xn--_-eha.example"),
        ("\u24d4vil.example", "evil.example"),
        ("%65vil.example", "evil.example"),
        # They are no names.
        *[(host, host) for host in ("a%2fb.example", "a%00.example", "%ff.example", "a%2525.example", "%")],
        *[
            (host, host)
            for host in ("\u202ex.example", "\udcff.example", "\u2100.example", "\u00fc" * 100_000)
        ],
        *[
            (host, "127.0.0.1")
            for host in ("127.1", "0x7f000001", "2130706433", "0177.0.0.1", "[::FFFF:127.0.0.1]")
        ],
        *[(host, host) for host in ("1.2.3.4.5", "1.2.3.256", "1 2.3", "[x]", "[fe80::1%eth0]")],
        ("[2001:DB8:0::0:1]", "[2001:db8::1]"),
    ],
)
def test_a_host_has_one_form(written, host):
    """Unicode and xn--, case, dots, encoded letters, forms of addresses: logs and lists have any of them."""
    assert parse_uri(f"{written}/a").host == host


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *[("a.example/%7euser", "a.example/~user"), ("a.example/%c3%bc?%e2", "a.example/%C3%BC?%E2")],
        *[("a.example/\u00fc?\u20ac", "a.example/%C3%BC?%E2%82%AC"), ("a.example/a b", "a.example/a%20b")],
        *[("a.example/%41%2e", "a.example/A."), ("a.example/\udcff|", "a.example/%ed%b3%bf%7C")],
    ],
)
def test_percent_encoding_has_one_form(one, other):
    """A list may have a URL as a browser shows it, and a log as a browser sent it."""
    assert parse_uri(one).normalized() == parse_uri(other).normalized()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *[
            ("a.example/%2f", "a.example//"),
            ("a.example/%3Fx", "a.example/?x"),
            ("a.example/%", "a.example/%25"),
        ],
        ("a.example/A", "a.example/a"),
    ],
)
def test_what_encoding_distinguishes_stays_distinct(one, other):
    """An encoded separator is data."""
    assert parse_uri(one).normalized() != parse_uri(other).normalized()


@given(HOSTILE)
def test_the_normalized_form_is_final(text):
    """It is ASCII, and normalizing it again changes nothing."""
    found = parse_uri(text)
    normalized = found.normalized()
    assert normalized.isascii()
    assert found._replace(host="", port="", path=normalized, query="").normalized() == normalized


@given(st.text(st.characters(categories=["Ll", "Lu", "Lo", "Nd"]), min_size=1, max_size=20))
def test_names_have_the_form_of_idna_2008(label):
    """Where IDNA 2008 has one, in any alphabet."""
    host = f"{label}.example"
    try:
        expected = idna.encode(host, uts46=True).decode()
    except idna.IDNAError:
        return
    assert canonical_host(host) == expected
    assert canonical_host(expected.upper()) == expected


@given(HOSTILE)
def test_no_text_makes_it_fail(text):
    """Anyone can write a URI into a log, so any text has parts, with a host fit for a lookup."""
    uri = parse_uri(text)
    assert uri.path
    assert not uri.host.endswith(".")
    assert canonical_host(uri.host) == uri.host
    assert not set("/?#") & set(uri.host)
    assert uri.query == "" or uri.query.startswith("?")


@given(HOSTILE)
def test_the_text_of_a_uri_is_its_parts(text):
    """What is compared with a list's URLs is made of nothing but the parts."""
    uri = parse_uri(text)
    assert str(uri).startswith(uri.host)
    assert str(uri).endswith(uri.path + uri.query)


NAMES = st.from_regex(r"[a-z0-9-]{1,8}(\.[a-z0-9-]{1,8}){0,3}", fullmatch=True)
HOSTS = NAMES.filter(lambda host: not is_address(host))
PATHS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="?#")).map("/{}".format)
QUERIES = st.just("") | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="#")).map(
    "?{}".format
)


@given(HOSTS, st.just("") | st.integers(444, 65535).map(str), PATHS, QUERIES)
def test_path_and_query_come_out_as_they_went_in(host, port, path, query):
    """No character of an ordinary URI is lost or changed, with a scheme or without."""
    text = f"{host}{':' if port else ''}{port}{path}{query}"
    assert parse_uri(text) == Uri(host, port, path, query)
    assert parse_uri(f"http://{text}") == Uri(host, port, path, query, "http")
    assert str(parse_uri(text)) == text


def test_a_very_long_uri_is_split_at_once():
    """A URI of a megabyte can't stall the run."""
    for char in "a@:[/.?#%+":
        assert parse_uri(char * 1_000_000).path


@pytest.mark.parametrize(
    ("host", "address"),
    [
        *[("1.2.3.4", True), ("127.1", True), ("0x7f000001", True), ("2130706433", True), ("[::1]", True)],
        *[("evil.example", False), ("1.2.3.4.example", False), ("4chan.example", False), ("a0x1", False)],
        ("", False),
    ],
)
def test_a_host_is_an_address_or_a_name(host, address):
    """As browsers tell: an address of IPv6 is in brackets, one of IPv4 ends in a number."""
    assert is_address(host) is address
