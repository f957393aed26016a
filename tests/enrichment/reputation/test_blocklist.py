import csv
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.enrichment.reputation.services.blocklist import BlockedList, Blocklist
from proxy_oa_assets.enrichment.reputation.uri import parse_uri
from proxy_oa_assets.enrichment.reputation.verdict import encode
from proxy_oa_assets.model.errors import ReputationConfigError


@pytest.fixture
def service(tmp_path):
    """Return a function that makes a service of one list with the given lines."""

    def made(kind, *lines, severity=3, name="list.txt"):
        path = tmp_path / name
        content = "".join(f"{line}\n" for line in lines).encode("utf-8")
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return _service(_list(path, kind, "mine", severity))

    return made


def _list(path, kind, name, severity=3):
    return BlockedList(path=path, kind=kind, name=name, severity=severity)


def _service(*lists, name="blocklist"):
    return Blocklist(service="blocklist", name=name, lists=list(lists))


def _said(service, *values):
    """Return each value's `uri_rep`."""
    answers = service.look_up(values)
    return [encode([answers[value]]) for value in values]


HIT, MISS = "blocklist:HIGH:3:mine", "blocklist:NONE:0"


def test_a_domain_list_matches_the_host_and_the_domains_below(service):
    """evil.example covers www.evil.example and any URI there, and nothing that merely looks alike."""
    domains = service("domains", "evil.example")
    hits = ("evil.example/", "evil.example:8080/a?b", "a.b.evil.example/", "http://x@EVIL.example./")
    assert _said(domains, *hits) == [HIT] * 4
    misses = (
        "notevil.example/",
        "example/",
        "evil.example.com/",
        "other.example/evil.example",
        "a.b/?evil.example",
    )
    assert _said(domains, *misses) == [MISS] * 5


def test_a_url_list_matches_the_full_url_only(service):
    """Its hosts include popular sites, so another path, query or port is another URL."""
    urls = service("urls", "https://github.com/evil/payload?x=1", "http://t.co/abc")
    assert _said(urls, "github.com/evil/payload?x=1", "t.co/abc") == [HIT] * 2
    misses = (
        "github.com/",
        "github.com",
        "github.com/evil/payload",
        "github.com/evil/payload?x=1&y",
        "t.co/",
        "t.co/ABC",
    )
    assert _said(urls, *misses) == [MISS] * 6
    assert _said(urls, "t.co/abc/", "t.co:8080/abc", "a.t.co/abc", "t.co/abc?") == [MISS] * 4


def test_equivalent_forms_of_a_url_match(service):
    """Scheme, case of the host, default port, user info and fragment don't matter; the rest does."""
    urls = service("urls", "HTTP://Evil.Example:80/a?b#c", "evil.example")
    assert _said(urls, "evil.example/a?b", "https://u:p@evil.example./a?b", "evil.example/") == [HIT] * 3


def test_a_plain_list_may_have_comments_and_blank_lines(service):
    """One indicator a line; `#` begins a comment line; a final line feed isn't needed."""
    domains = service(
        *("domains", "# a list", "", "a.example", "   ", "#b.example", "  c.example  ", "d.example\r"),
        "e.example # why",
    )
    assert _said(domains, "a.example", "c.example", "d.example", "e.example") == [HIT] * 4
    assert _said(domains, "b.example") == [MISS]
    assert _said(service("urls", "http://a.example/x#y \t# why"), "a.example/x") == [HIT]


def test_a_csv_list_has_a_header_and_a_category(service):
    """The first column is the indicator, the second its category, the list's name the group."""
    listed = service(
        "domains", "# made today", "domain,family,seen", "a.example,emotet,2016", 'b.example,"x, y: z",'
    )
    said = _said(listed, "a.example/", "b.example/", "domain/")
    assert said == ["blocklist:HIGH:3:emotet|mine", "blocklist:HIGH:3:x, y z|mine", MISS]


def test_a_csv_list_without_a_category_has_the_list_s_name(service):
    """A header of one column, or an empty category, leaves the name of the list as the category."""
    assert _said(service("domains", "domain", "a.example"), "a.example/") == [HIT]
    assert _said(service("domains", "domain,family", "a.example,"), "a.example/") == [HIT]


def test_a_url_with_a_comma_is_one_indicator(service):
    """In a plain list a comma is part of the URL; in a CSV it is quoted."""
    assert _said(service("urls", "http://a.example/x,y"), "a.example/x,y", "a.example/x") == [HIT, MISS]
    quoted = service("urls", "url,family", '"http://a.example/x,y",kit')
    assert _said(quoted, "a.example/x,y") == ["blocklist:HIGH:3:kit|mine"]


def test_a_first_url_without_a_dot_is_not_taken_for_a_header(service):
    """A plain list may begin with a URL of an IPv6 host: it counts, and the lines after it stay plain."""
    urls = service("urls", "http://[2001:db8::1]/x", "http://a.example/x,y")
    assert _said(urls, "[2001:db8::1]/x", "a.example/x,y") == [HIT, HIT]


def test_a_gz_list_is_read(service):
    """Lists are published compressed."""
    assert _said(service("domains", "a.example", name="list.txt.gz"), "a.example/") == [HIT]
    assert _said(service("domains", "\ufeffa.example", name="bom.txt"), "a.example/") == [HIT]


@pytest.mark.parametrize(("severity", "label"), [(0, "NONE"), (1, "LOW"), (2, "MEDIUM"), (3, "HIGH")])
def test_the_severity_of_a_list_is_its_setting(service, severity, label):
    """A hit has the list's severity and the label that belongs to it."""
    listed = service("domains", "a.example", severity=severity)
    assert _said(listed, "a.example/") == [f"blocklist:{label}:{severity}:mine"]


def test_the_gravest_list_decides_and_all_are_named(tmp_path):
    """A URI on several lists has the highest severity, and each list's category, gravest first."""
    lists = []
    for name, severity in (("low", 1), ("high", 3), ("medium", 2)):
        (tmp_path / name).write_text("a.example\n")
        lists.append(_list(tmp_path / name, "domains", name, severity))
    assert _said(_service(*lists, name="b"), "a.example/") == ["b:HIGH:3:high;medium;low"]


def test_a_value_without_a_host_is_unsupported(service):
    """No host, no verdict: it counts as unsupported, which isn't clean."""
    assert service("domains", "a.example").look_up(["", "/path", "?q"]) == {}


@pytest.mark.parametrize(
    "line",
    [
        *("https://github.com/evil/payload", "github.com/evil", "github.com?x", "github.com##.advertisement"),
        *(
            "*github.com",
            "github.*",
            "github.com^",
            "||github.com/evil^",
            "||github.com^$domain=evil.example",
        ),
        *(
            "@@||github.com^",
            "93.184.216.34 github.com",
            "github.com CNAME .",
            "github",
            "2016-09-12",
            "3892371",
        ),
        *("github..com", "\u202egithub.com", f"{'x' * 64}.com", "1.2.3.256", '"github.com', "<html>"),
    ],
)
def test_a_line_of_a_domain_list_that_can_match_nothing_is_named(service, tmp_path, line):
    """A URL list taken for one of domains would mark its hosts; a rule with conditions, other requests."""
    mixed = service("domains", "a.example", "b.example", line)
    shown = mixed.describe()
    assert shown.startswith(f"2 domains of mine (1 line ignored, the first: {tmp_path / 'list.txt'}:3: ")
    assert _said(mixed, "github.com/", "github/", "a.example/") == [MISS, MISS, HIT]
    assert mixed.ignored().count == 1


@given(values=st.lists(st.text(), unique=True))
def test_every_value_with_a_host_has_a_verdict(tmp_path_factory, values):
    """Any text of a log is judged or left out; nothing raises."""
    path = tmp_path_factory.mktemp("lists") / "list"
    path.write_text("a.example\n")
    for kind in ("domains", "urls"):
        answers = _service(_list(path, kind, "mine")).look_up(values)
        assert set(answers) == {value for value in values if parse_uri(value).host}


def test_a_list_that_cannot_be_used_is_named(tmp_path):
    """Removed since, empty, only comments, cut, in another format: an error with the path."""
    contents = {
        "empty": b"",
        "comments": b"# x\n\n",
        "broken.gz": b"\x1f\x8b\x08a.example",
        "sheet": b"PK\x03\x04a.example\n",
        "header": b"id,url\n1,http://a.example/\n",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"a.example\n" * 1000)[:-10])
    (tmp_path / "removed").write_text("a.example\n")
    services = {
        name: _service(_list(tmp_path / name, "domains", "mine")) for name in (*contents, "cut.gz", "removed")
    }
    (tmp_path / "removed").unlink()
    for name, service in services.items():
        with pytest.raises(ReputationConfigError, match=name):
            service.look_up(["a.example"])


def test_describe_counts_the_indicators(service):
    """`doctor` says what the service is ready to answer from."""
    assert service("domains", "a.example", "b.example", "a.example").describe() == "2 domains of mine"


def test_the_real_domain_list_marks_its_domains(test_data):
    """Each domain of a published list is marked under the list's category, and so are its subdomains."""
    path = test_data / "reputation" / "maltrail_domains.csv.gz"
    service = _service(_list(path, "domains", "maltrail"), name="b")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    domains = [row[0] for row in rows[:: len(rows) // 3000]]
    answers = service.look_up([f"{prefix}{domain}/x?y" for domain in domains for prefix in ("", "www.")])
    assert {answer.risk for answer in answers.values()} == {3}
    assert len(answers) == 2 * len(set(domains))
    assert len(rows) > 100_000


def test_no_popular_site_is_marked_by_a_url_list(test_data):
    """The front page of a popular domain is marked only where that very URL is listed."""
    popular = (test_data / "reputation" / "popular_domains.txt").read_text(encoding="utf-8").split()
    for name in ("urlhaus_urls.csv", "openphish_urls.csv"):
        path = test_data / "reputation" / name
        with path.open(encoding="utf-8", newline="") as file:
            listed = {str(parse_uri(row["url"])) for row in csv.DictReader(file)}
        answers = _service(_list(path, "urls", name), name="b").look_up([f"{domain}/" for domain in popular])
        assert {value for value, answer in answers.items() if answer.risk} == listed & set(answers)
        assert len(answers) == len(popular)
