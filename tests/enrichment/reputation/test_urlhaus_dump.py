import csv
import gzip
import time

import pytest

from proxy_oa_assets.enrichment.reputation.services.urlhaus import UrlHausDump
from proxy_oa_assets.enrichment.reputation.verdict import encode
from proxy_oa_assets.model.errors import ReputationConfigError

HEADER = "# id,dateadded,url,url_status,last_online,threat,tags,urlhaus_link,reporter"
COMMENTS = [
    "################################################################",
    "# abuse.ch URLhaus Database Dump (CSV - recent URLs only)      #",
    '# Terms of use, "quoted", with a url                           #',
    "################################################################",
    "#",
]
MISS = "urlhaus_dump:NONE:0"


@pytest.fixture
def dump(tmp_path):
    """Return what makes a service of a dump with the given lines."""

    def made(*lines, name="urlhaus.csv"):
        content = "".join(f"{line}\r\n" for line in lines).encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return UrlHausDump(service="urlhaus_dump", path=path)

    return made


def _line(url, status="online", tags="elf", threat="malware_download"):
    cells = ("3892371", "2026-07-27 05:02:08", url, status, "2026-07-27 05:02:08", threat, tags)
    return ",".join(f'"{cell}"' for cell in (*cells, "https://urlhaus.example/url/3892371/", "X"))


def _said(service, *values):
    answers = service.look_up(values)
    return [encode([answers[value]]) for value in values]


@pytest.mark.parametrize(
    ("status", "said"), [("online", "HIGH:3"), ("offline", "MEDIUM:2"), ("unknown", "LOW:1"), ("", "LOW:1")]
)
def test_a_url_that_serves_malware_still_is_high(dump, status, said):
    """Online 3, offline 2, unknown 1; the threat and the tags are the categories."""
    service = dump(*COMMENTS, HEADER, _line("http://192.0.2.57:41776/bin.sh", status, "elf,mirai"))
    assert _said(service, "192.0.2.57:41776/bin.sh", "192.0.2.57:41776/") == [
        f"urlhaus_dump:{said}:malware_download;elf;mirai",
        MISS,
    ]


def test_the_full_url_alone_matches(dump):
    """The dump has URLs of sites that everybody uses."""
    service = dump(HEADER, _line("https://GitHub.com:443/evil/raw?x=1,2"))
    assert _said(service, "github.com/evil/raw?x=1,2")[0].startswith("urlhaus_dump:HIGH:3")
    assert _said(service, "github.com/", "github.com/evil/raw", "github.com/evil/raw?x=1") == [MISS] * 3


def test_no_tags_are_no_category(dump):
    """URLhaus writes `None` where there are none."""
    for tags in ("None", ""):
        service = dump(HEADER, _line("http://a.example/x", tags=tags))
        assert _said(service, "a.example/x") == ["urlhaus_dump:HIGH:3:malware_download"]


def test_of_two_schemes_the_worse_counts(dump):
    """A proxy's log doesn't say which scheme a URL had."""
    lines = [_line("http://a.example/x", "offline"), _line("https://a.example/x", "online")]
    for ordered in (lines, lines[::-1]):
        assert _said(dump(HEADER, *ordered), "a.example/x")[0].startswith("urlhaus_dump:HIGH:3")


def test_a_csv_with_an_ordinary_header_is_read(dump):
    """The columns are found by their names; a URL without a status is one of unknown status."""
    service = dump("", "url,label,source", "http://a.example/x,1,urlhaus", name="urls.csv.gz")
    assert _said(service, "a.example/x", "b.example/") == ["urlhaus_dump:LOW:1", MISS]


def test_lines_that_are_cut_or_have_no_url_are_passed_over(dump):
    """One bad line doesn't cost the dump."""
    service = dump(HEADER, '"1"', '"2","2026","/no-host","online"', "", _line("http://a.example/x"))
    assert _said(service, "a.example/x")[0].startswith("urlhaus_dump:HIGH:3")
    assert service.ignored().count == 2
    with pytest.raises(ReputationConfigError, match=r"1 urls of urlhaus\.csv, most lines can match nothing"):
        service.describe()


def test_a_value_without_a_host_is_unsupported(dump):
    """No host, no verdict: it counts as unsupported, which isn't clean."""
    assert dump(HEADER, _line("http://a.example/x")).look_up(["", "/path"]) == {}


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ([], "can be looked up"),
        (COMMENTS, "can be looked up"),
        ([HEADER], "can be looked up"),
        (["http://a.example/x", "http://b.example/y"], "no column `url`"),
    ],
)
def test_a_file_that_is_no_dump_is_named(dump, lines, named):
    """The message has the path; a plain list of URLs is for `blocklist`."""
    with pytest.raises(ReputationConfigError, match=rf"urlhaus\.csv.*{named}"):
        dump(*lines).look_up(["a.example/x"])


def test_the_real_urls_are_all_marked_within_a_second(test_data):
    """About 20,000 URLs load in under a second of the processor's time; each of them is found."""
    path = test_data / "reputation" / "urlhaus_urls.csv"
    with path.open(encoding="utf-8", newline="") as file:
        urls = [row["url"] for row in csv.DictReader(file)]
    service = UrlHausDump(service="urlhaus_dump", path=path)
    began = time.process_time()
    service.describe()
    assert time.process_time() - began < 1
    answers = service.look_up(urls)
    assert {answer.risk for answer in answers.values()} == {1}
    assert set(answers) == set(urls)
    assert len(answers) > 20_000
