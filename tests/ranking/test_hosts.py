"""What is known of hosts by their names: made-up names of each kind, and texts that are none."""

import gzip
import random
import string
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pytest

from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.hosts import describe_hosts

_COLUMNS = """address internal site word suffix labels longest_label popular ip_echo revocation updates
    dynamic_dns shortener user_content letters suffix_bits generated looks_like""".split()
Known = dict[str | None, dict[str, object]]


def described(hosts: Iterable[str | None], lists: Lists | None = None) -> Known:
    """Return what is known of each host."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("CREATE TEMP TABLE cell AS SELECT unnest(?::VARCHAR[]) AS host", [list(hosts)])
        describe_hosts(connection, lists or Lists())
        rows = connection.sql(f"SELECT host, {', '.join(_COLUMNS)} FROM host").fetchall()
    found = {row[0]: dict(zip(_COLUMNS, row[1:], strict=True)) for row in rows}
    assert len(found) == len(rows), "two rows of one host"
    return found


@pytest.fixture(scope="module")
def known(lists: Lists) -> Known:
    """What is known of the named hosts of this file, at once: reading the lists takes longest."""
    names = {host for host, *_ in (*_SITES, *_ADDRESSES, *_INTERNAL, *_ROLES)}
    return described(
        names | {f"not{host}" for host, _ in _ROLES} | {*_NEUTRAL, *_IMITATIONS, *_ORDINARY}, lists
    )


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Lists:
    """Lists with two own domains."""
    folder = tmp_path_factory.mktemp("lists")
    (folder / "own_domains.txt").write_text("northwind-traders.com\nfabrikam.example\n")
    return Lists(folder)


_SITES = [
    ("www.example.com", "example.com", "com"),
    ("a.b.shop.co.uk", "shop.co.uk", "co.uk"),
    ("shop.co.uk", "shop.co.uk", "co.uk"),
    # A rule *.ck, and its exception !www.ck.
    ("a.b.foo.ck", "b.foo.ck", "foo.ck"),
    ("a.www.ck", "www.ck", "ck"),
    # Customers of a hoster, of dynamic DNS and of a content network.
    ("deep.kate.duckdns.org", "kate.duckdns.org", "duckdns.org"),
    ("x.d111.cloudfront.net", "d111.cloudfront.net", "cloudfront.net"),
    # No known suffix: the last label.
    ("a.b.nosuchsuffix", "b.nosuchsuffix", "nosuchsuffix"),
    # One site in all spellings.
    ("WWW.Example.COM.", "example.com", "com"),
    ("www.example.com:8443", "example.com", "com"),
    ("www.bücher.de", "xn--bcher-kva.de", "de"),
    ("www.xn--bcher-kva.de", "xn--bcher-kva.de", "de"),
]


@pytest.mark.parametrize(("host", "site", "suffix"), _SITES)
def test_site_is_the_registered_domain(host: str, site: str, suffix: str, known: Known) -> None:
    """One label more than the public suffix, hosters' customers apart, in any spelling."""
    found = known[host]
    assert (found["site"], found["suffix"]) == (site, suffix)
    assert found["word"] == site.removesuffix(f".{suffix}")


_ADDRESSES = [
    ("203.0.113.9", False),
    ("203.0.113.9:8080", False),
    ("3405803785", False),
    ("0xcb007109", False),
    ("2001:db8::1", False),
    ("[2001:db8::1]:443", False),
    ("10.1.2.3", True),
    ("172.31.255.1", True),
    ("172.32.0.1", False),
    ("192.168.0.1:80", True),
    ("100.64.0.1", True),
    ("100.128.0.1", False),
    ("127.0.0.1", True),
    ("169.254.169.254", True),
    ("239.255.255.250", True),
    ("[::1]", True),
    ("fe80::1%eth0", True),
    ("fd12:3456::1", True),
    ("::ffff:10.0.0.1", True),
    ("::ffff:203.0.113.9", False),
]


@pytest.mark.parametrize(("host", "internal"), _ADDRESSES)
def test_bare_addresses_are_told_from_names(host, internal, known) -> None:
    """Each spelling that browsers take is an address, its own site, and has no word."""
    found = known[host]
    assert (found["address"], found["internal"], found["word"]) == (True, internal, "")
    assert found["site"]


_INTERNAL = [
    ("printer", True),
    ("localhost", True),
    ("nas.local", True),
    ("db.corp", True),
    ("router.home.arpa", True),
    ("wiki.intra.fabrikam.example", True),
    ("fabrikam.example", True),
    ("fabrikam.example.attacker.top", False),
    ("local.example.com", False),
    ("1.2.3.4.5", False),
]


@pytest.mark.parametrize(("host", "internal"), _INTERNAL)
def test_internal_names(host, internal, known) -> None:
    """One label, a suffix that only internal names have, or an own domain; not a look of one."""
    found = known[host]
    assert (found["address"], found["internal"]) == (False, internal)


_NEUTRAL = {"www.google.com": True, "a.b.microsoft.com": True}
_NEUTRAL |= dict.fromkeys(
    "evil.blogspot.com pastebin.com bit.ly evil.ddns.net com.attacker.top".split(), False
)


def test_popularity_counts_where_only_the_owner_decides_what_is_there(known: Known) -> None:
    """A popular site and what is below it; not what customers of a hoster or a shortener put there."""
    assert {host: known[host]["popular"] for host in _NEUTRAL} == _NEUTRAL


_ROLES = [
    ("ipinfo.io", "ip_echo"),
    ("ocsp.digicert.com", "revocation"),
    ("x.au.download.windowsupdate.com", "updates"),
    ("my.ddns.net", "dynamic_dns"),
    ("bit.ly", "shortener"),
    ("files.catbox.moe", "user_content"),
    ("d111.cloudfront.net", "user_content"),
]


@pytest.mark.parametrize(("host", "role"), _ROLES)
def test_roles_hold_for_all_names_below(host: str, role: str, known: Known) -> None:
    """What a list says of a domain holds for the names below it, and not for a name that ends alike."""
    assert known[host][role]
    if role in ("ip_echo", "shortener"):
        assert not known[f"not{host}"][role]


_IMITATIONS = {
    "paypa1.com": "paypal.com",
    "rnicrosoft.com": "microsoft.com",
    "g00gle.com": "google.com",
    "linkedln.com": "linkedin.com",
    "xn--80ak6aa92e.com": "apple.com",  # Cyrillic
    "p\u0430ypal.com": "paypal.com",  # one Cyrillic letter, not as DNS spells it
    "xn--googl-fsa.com": "google.com",  # é
    "gogle.com": "google.com",
    "googel.com": "google.com",
    "microsofft.net": "microsoft.com",
    "face-book.com": "facebook.com",
    "paypal-login.com": "paypal.com",
    "secure-paypa1.top": "paypal.com",
    "securepaypal.com": "paypal.com",
    "login.paypal.com.example.net": "paypal.com",
    "www.apple.com-verify.ru": "apple.com",
    "paypal.secure-login.top": "paypal.com",
    "paypal-login.tumblr.com": "paypal.com",  # below a popular site that anyone can write on
    "micros0ft.attacker.top": "microsoft.com",
    "www-roblox-com.vercel.app": "roblox.com",
    "northwind-traders.support": "northwind-traders.com",
    "n0rthwind-traders.com": "northwind-traders.com",
    "northwindtraders.com": "northwind-traders.com",
    "northwind-trader.com": "northwind-traders.com",
    "fabrikam-vpn.com": "fabrikam.example",
    "fabrikam.example.attacker.top": "fabrikam.example",
}
_ORDINARY = """www.google.com paypal.de www.paypal.com google.co.jp microsoftonline.com rain.com
    mail.northwind-traders.com weather.example.org matrix.example wiki.archlinux.org
    static.xx.fbcdn.net login.example.com apple-pie.net secure.mybank.example academy.example.edu
    en.wikipedia.org xn--bcher-kva.de update.vendor.example 1x1.example
    a.co.uk localhost 203.0.113.9""".split()


def test_look_alikes_of_known_and_own_sites(known: Known) -> None:
    """Each kind of imitation names what it imitates; popular, own and ordinary names imitate nothing."""
    assert {host: known[host]["looks_like"] for host in _IMITATIONS} == _IMITATIONS
    assert {host for host in _ORDINARY if known[host]["looks_like"]} == set()


def test_generated_names_are_told_from_names_that_people_chose() -> None:
    """Most names of 12 random letters, and nearly none of small sites, look machine-made.

    A content network names its customers' hosts by machine, so theirs count less.
    """
    chance = random.Random(16)
    made = ["".join(chance.choices(string.ascii_lowercase, k=12)) for _ in range(300)]
    made_hex = [f"{chance.getrandbits(48):012x}.com" for _ in range(300)]
    chosen = chance.sample(Lists().domains("dynamic_dns"), 1000)
    suffixes = ("net", "ddns.net", "cloudfront.net")
    found = described([*chosen, *made_hex, *(f"{name}.{suffix}" for name in made for suffix in suffixes)])

    def share(hosts: Iterable[str], least: float = 0.5) -> float:
        marked = [(found[host]["generated"] or 0) > least for host in hosts]
        return sum(marked) / len(marked)

    assert share(f"{name}.net" for name in made) > 0.8
    assert share(f"{name}.ddns.net" for name in made) > 0.8
    assert share((f"{name}.cloudfront.net" for name in made), least=0.31) == 0
    assert share(made_hex) > 0.95
    assert share(chosen) < 0.03


_HOSTILE = [
    None, "", "-", ".", "..", " ", ":", "::", "[", "[%", "%", "a..b", "xn--", "xn--\u20ac.com", "x\x00y.com",
    "a\tb\n.com", "'; DROP TABLE host; --", "\\", "a" * 300 + ".com", "a." * 30_000,
    "\U0001f600.com",
    "\u202egoogle.com", "user:pass@host.com", "http://host.com/path?q=1", "1.2.3.4.5.6", "0x", "-a-.com",
    "{}|<script>.com", "xn--99999999999.com",
]  # fmt: skip


def test_any_text_goes_in_and_one_row_comes_out() -> None:
    """Hosts are what a client wrote: each distinct one has a row, in which only some figures are NULL."""
    chance = random.Random(7)
    alphabets = (
        "ab.-",
        "xn-.1a",
        "0123456789abcdef.:[]%",
        string.printable,
        "\u0430\u00e9\u05d0\U0001f600\u202e.a",
    )
    texts = {
        "".join(chance.choices(chance.choice(alphabets), k=chance.choice((1, 3, 9, 30, 300))))
        for _ in range(2000)
    }
    # What decodes to half a surrogate pair or to nothing.
    texts |= {f"xn--{''.join(chance.choices('abcdefghij0123456789-', k=40))}.com" for _ in range(2000)}
    hosts = {*texts, *_HOSTILE}
    found = described(hosts)
    assert set(found) == hosts
    for row in found.values():
        may_lack = {"letters", "suffix_bits", "generated", "looks_like"}
        assert {name for name, value in row.items() if value is None} <= may_lack
        assert 0 <= (row["generated"] or 0) <= 1


def test_real_days_have_no_look_alike(test_data: Path) -> None:
    """Of 1,291 hosts of real days none is marked; those that look machine-made are a few."""
    files = str(test_data / "hdfs/user/spot/proxy/hive/y=*/m=*/d=*/**/*.parquet")
    hosts = [row[0] for row in duckdb.sql(f"SELECT DISTINCT host FROM read_parquet('{files}')").fetchall()]
    found = described(hosts)
    assert [host for host, row in found.items() if row["looks_like"]] == []
    assert sum((row["generated"] or 0) > 0.5 for row in found.values()) < 0.02 * len(hosts)


def test_gzipped_lists_are_as_small_as_they_can_be() -> None:
    """The package grows by less than 500 KB of lists, none above 250 KB."""
    files = list((Path(__file__).parents[2] / "proxy_oa_assets/ranking/lists").iterdir())
    sizes = [file.stat().st_size for file in files]
    assert sum(sizes) < 500_000
    assert max(sizes) < 250_000
    for file in files:
        if file.suffix == ".gz":
            assert gzip.decompress(file.read_bytes()).startswith(b"# ")
