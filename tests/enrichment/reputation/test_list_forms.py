"""Forms in which lists are published, against the forms in which proxies log."""

import gzip
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.looking_up import says

from proxy_oa_assets.enrichment.reputation.services.blocklist import BlockedList, Blocklist
from proxy_oa_assets.enrichment.reputation.services.urlhaus import UrlHausDump
from proxy_oa_assets.enrichment.reputation.verdict import Status
from proxy_oa_assets.model.errors import ReputationConfigError


@pytest.fixture
def service(tmp_path):
    """Return a function that makes a service of one list with the given lines."""

    def made(kind, *lines, **entry):
        path = tmp_path / "list.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return _service(BlockedList(path=path, kind=kind, name="mine", **entry))

    return made


def _service(*lists):
    return Blocklist(service="blocklist", lists=list(lists))


def _risks(service, *values):
    verdicts = service.look_up(values)
    return [int(verdicts[value].risk) for value in values]


@pytest.mark.parametrize(
    "line",
    [
        *(".evil.example", "*.evil.example", "evil.example.", "EVIL.Example", "  evil.example  # why"),
        *("evil[.]example", "evil(.)example", "evil{.}example", "evil[dot]example", "evil [.] example"),
        *(
            "evil[.example",
            "evil.]example",
            "evil\\.example",
            "hxxp://evil[.]example",
            "hXXps[:]//evil[.]example/",
        ),
        *(
            "h**p://evil.example",
            "http[://]evil.example/",
            "http:[/][/]evil(dot)example",
            "https://evil.example:8443",
        ),
        *(
            "user:pw@evil.example",
            "//evil.example",
            "%65vil.example",
            "\u24d4vil\uff0eexample",
            "evil\u3002example",
        ),
        *(
            "||evil.example^",
            "||evil.example^$third-party",
            "||*.evil.example^$important,doc",
            "||evil.example",
        ),
        *(
            "0.0.0.0 evil.example",
            "127.0.0.1\tother.example evil.example # why",
            "::1 localhost evil.example",
        ),
        *("evil.example,malware", "evil.example;malware;2016", "evil.example\tmalware", '"evil.example","a"'),
        *("evil.example ; SBL1", "evil.example. "),
    ],
)
def test_a_domain_is_found_however_the_list_writes_it(service, line):
    """Squid, ad blockers, hosts files, defanged reports: the host and all names below it are marked."""
    listed = service("domains", "a.example", line)
    assert _risks(listed, "evil.example/", "www.evil.example:8080/a?b") == [3, 3]
    assert _risks(listed, "notevil.example/", "example/") == [0, 0]
    assert not listed.ignored()


LOGGED = [
    *("b\u00fccher.example/", "B\u00dcCHER.Example:443", "bu\u0308cher.example./x", "xn--bcher-kva.example/"),
    *(
        "XN--BCHER-KVA.EXAMPLE",
        "user:pw@b\u00fccher.example/",
        "b%c3%bccher.example/",
        "b\u00fccher%2Eexample/",
    ),
    "http://b\u00fccher\u3002example/",
]


@pytest.mark.parametrize("line", [each.rstrip("/x") for each in LOGGED])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_a_name_is_found_in_unicode_and_as_dns_has_it(tmp_path, line, encoding):
    """The log and the list are compared in one form, that of IDNA 2008."""
    path = tmp_path / "list.txt"
    path.write_bytes(f"a.example\n{line}\n".encode(encoding, "xmlcharrefreplace"))
    if b"&#" not in path.read_bytes():
        assert set(_risks(_service(BlockedList(path=path, kind="domains")), *LOGGED)) == {3}


@pytest.mark.parametrize(
    ("line", "hit", "miss"),
    [
        ("93.184.216.34", "93.184.216.34:8080/x", "93.184.216.35/"),
        ("0x5db8d822", "93.184.216.34/", "184.216.34/"),
        ("93[.]184[.]216[.]34", "http://0135.0270.0330.042/", "93.184.216.3/"),
        ("93.184.216.0/24", "[::ffff:93.184.216.9]/", "93.184.217.1/"),
        ("93.184.216.*", "1572395042/", "93.184.215.1/"),
        ("93.184.216.1 - 93.184.216.40", "93.184.216.34/", "93.184.216.41/"),
        ("93.184.216.0/24 ; SBL1", "93.184.216.34/", "evil.example/"),
        ("2001:db8::1", "[2001:DB8:0::1]:81/x", "[2001:db8::2]/"),
        ("[2001:db8::1]", "http://[2001:db8::1]/", "[2001:db8::2]/"),
        ("[2001:db8::1]:443", "http://[2001:db8::1]/", "[2001:db8::1:443]/"),
        ("2001:db8::/32", "[2001:db8:1::1]/", "[2001:db9::1]/"),
        (".zip", "evil.zip/x", "zip.example/"),
    ],
)
def test_addresses_and_suffixes_are_found_in_any_form(service, line, hit, miss):
    """Single addresses, blocks and ranges; an address has no domains above it."""
    listed = service("domains", "a.example", "4", "34", line)
    assert _risks(listed, hit, miss) == [3, 0]
    assert listed.ignored().count == 2


@pytest.mark.parametrize(
    "line",
    [
        *(
            "http://evil.example/a?b",
            "hxxp://evil[.]example/a?b",
            "hxxps[://]EVIL[.]example[/]a?b#c",
            "evil.example/a?b",
        ),
        *("http://user:pw@evil.example.:80/a?b", "evil\\.example/a?b", '"http://evil.example/a?b","kit"'),
        *("http://evil.example/a?b\tkit", "  http://%65vil.example/a?b # why"),
    ],
)
def test_a_url_is_found_however_the_list_writes_it(service, line):
    """The host's form doesn't matter; path and query stay as they are."""
    urls = service("urls", "http://a.example/x[.]y", line)
    assert _risks(urls, "Evil.Example:443/a?b", "evil.example/A?b", "evil.example/", "a.example/x[.]y") == [
        3,
        0,
        0,
        3,
    ]
    assert not urls.ignored()


@pytest.mark.parametrize(
    "line",
    [
        "*.evil.example/x",
        "http://evil.example/*",
        ".evil.example/x",
        "||evil.example/x^",
        "2016-09-12",
        "3892371",
        "0.0.0.0 evil.example",
        "X",
    ],
)
def test_a_line_of_a_url_list_that_can_match_nothing_is_named(service, line):
    """No URL in a log has such a host."""
    assert service("urls", "http://a.example/", "http://b.example/", line).ignored().count == 1


def test_what_a_hosts_file_says_of_its_machine_is_neither_entry_nor_mistake(service):
    """The usual lines at its top; marking localhost would mark every machine's own pages."""
    lines = [
        "127.0.0.1 localhost",
        "::1 ip6-localhost",
        "fe80::1%lo0 localhost",
        "255.255.255.255 broadcasthost",
    ]
    lines += ["127.0.0.1 localhost.localdomain", "0.0.0.0 0.0.0.0", "! Title: x", "[Adblock Plus 2.0]", "; x"]
    listed = service("domains", "# hosts", *lines, "0.0.0.0 evil.example")
    assert listed.describe() == "1 domains of mine"
    assert _risks(listed, "localhost/", "localhost.localdomain/", "evil.example/") == [0, 0, 3]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_csv_list_is_read_with_other_separators_too(service, separator):
    """Its header decides; a quote that is never closed costs its own line."""
    lines = [
        "domain{0}family",
        '"evil.example"{0}"a, b; c"',
        '"broken{0}x',
        "other.example{0}kit",
        "third.example",
    ]
    listed = service("domains", *(line.format(separator) for line in lines))
    found = listed.look_up(["evil.example/", "other.example/", "third.example/"])
    assert [verdict.categories[0].name for verdict in found.values()] == ["a, b; c", "kit", "mine"]
    assert listed.ignored().count == 1


def test_a_list_of_mostly_unusable_lines_fails_in_doctor(service):
    """A list of another kind has a line that happens to fit; marking nothing, it looked sound."""
    listed = service("domains", "a.example", "http://b.example/x", "http://c.example/y")
    with pytest.raises(
        ReputationConfigError, match=r"1 domains of mine, most lines can match nothing: 2 lines"
    ):
        listed.describe()
    assert _risks(listed, "a.example/") == [3]


def test_domains_in_a_list_of_urls_fail_in_doctor(service):
    """They match front pages alone: the wrong `kind`, which otherwise looks sound."""
    assert service("urls", "http://a.example/", "b.example", "c.example/x").describe() == "3 urls of mine"
    with pytest.raises(
        ReputationConfigError, match=r"3 urls of mine, most of which are hosts.*`kind` to domains"
    ):
        service("urls", "http://a.example/x", "b.example", "c.example").describe()


def test_a_list_that_cannot_be_read_costs_no_other_list_s_hits(client_of, tmp_path):
    """Hits count; the rest is unverified and no "none", since the missing list may have it."""
    (tmp_path / "good.txt").write_text("evil.example\n")
    (tmp_path / "empty.txt").write_text("# nothing today\n")
    lists = [{"path": f"{name}.txt", "kind": "domains"} for name in ("empty", "good")]
    said, stats = says(client_of({"service": "blocklist", "lists": lists}), "evil.example/", "other.example/")
    assert said == ["blocklist:HIGH:3:good", "blocklist:UNVERIFIED:-1"]
    assert (stats.down, stats.statuses) == (True, {Status.OK: 1, Status.FAILED: 1})
    assert "empty.txt" in stats.errors[0]


@given(lines=st.lists(st.text(st.characters(exclude_characters="\r\n")), max_size=5))
def test_no_line_costs_another(tmp_path_factory, lines):
    """Any text in a list: the lines around it count."""
    path = tmp_path_factory.mktemp("lists") / "list"
    path.write_text("\n".join(["a.example", *lines, "b.example"]), encoding="utf-8", errors="surrogatepass")
    for kind in ("domains", "urls"):
        assert _risks(_service(BlockedList(path=path, kind=kind)), "a.example/", "b.example/") == [3, 3]


def test_sizes_are_bounded_while_reading(tmp_path):
    """Compressed a thousandfold, a list is refused before it fills the memory; the limits are settings."""
    path = tmp_path / "list.gz"
    path.write_bytes(gzip.compress(b"url\n" + b"x.example\n" * 20_000))
    for entry, named in (
        (
            {"max_bytes": 100_000},
            r"list\.gz can't be read: it is larger than 100,000 bytes, decompressed.*raise `max_bytes`",
        ),
        ({"max_bytes": 100}, "larger than 100 bytes;"),
        ({"max_lines": 19_999}, "more than 19,999 lines.*`max_lines`"),
    ):
        for listed in (
            BlockedList(path=path, kind="domains", **entry),
            UrlHausDump(service="x", path=path, **entry),
        ):
            with pytest.raises(ReputationConfigError, match=named):
                listed.loaded if isinstance(listed, BlockedList) else listed.describe()
    listed = BlockedList(path=path, kind="domains", max_lines=20_001)
    assert listed.loaded.describe("domains", "x") == "1 domains of x"


@pytest.mark.parametrize("kind", ["domains", "urls"])
def test_a_long_line_of_blanks_or_marks_costs_no_time(service, kind):
    """The search for marks and separators is linear."""
    runs = [f"1{char * 100_000}1" for char in " \t[.:/a-\u00fc%;0x\\|"]
    listed = service(kind, "http://a.example/", *runs, *(run * 2 for run in ("[." * 20_000, "a " * 20_000)))
    began = time.process_time()
    assert _risks(listed, "a.example/") == [3]
    assert time.process_time() - began < 3


def test_a_line_without_end_costs_only_itself(service):
    """Its pieces are no lines of their own."""
    listed = service("domains", "a.example", "x" * 131_071 + " evil.example" * 20_000, "b.example")
    assert _risks(listed, "a.example/", "b.example/", "evil.example/") == [3, 3, 0]
    assert listed.ignored().count == 1
