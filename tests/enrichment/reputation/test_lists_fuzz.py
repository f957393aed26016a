"""Arbitrary lists of domains and URLs: what is listed is found beside any damaged line, nothing else is."""

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import example
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.mutations import TEXT, damaged

from proxy_oa_assets.enrichment.reputation.services.blocklist import BlockedList, Blocklist
from proxy_oa_assets.enrichment.reputation.services.urlhaus import UrlHausDump
from proxy_oa_assets.model.errors import ReputationConfigError

# As lists write a name, and a value of a log that it means.
DOMAINS = [
    "{}",
    ".{}",
    "*.{}",
    "{}.",
    "0.0.0.0 {}",
    "127.0.0.1\t{}",
    "||{}^",
    "||{}^$third-party",
    "{},malware",
    "{};malware;2016",
    '"{}","a, b"',
    "{} # why",
    "hxxp://{}/",
]
URLS = ["http://{}/a?b=c", "hxxps://{}/a?b=c", "{}/a?b=c", "{}/a?b=c\tmalware", '"{}/a?b=c","x"']
NAMES = [f"listed{number}.example" for number in range(4)]
ABSENT = ["absent.invalid/", "http://absent.invalid/a?b=c", "notlisted0.example/", "[2001:db8::77]/"]
WILD = (
    st.sampled_from([*DOMAINS, *URLS, "10.0.0.0/33", "::1-::2", "a" * 99, "@@||x^", "! comment", "[Adblock]"])
    .map(lambda form: form.format("wild.test").encode())
    .flatmap(damaged)
    | TEXT.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.binary(max_size=20)
).filter(lambda line: not {b"invalid", b"notlisted"} & {*line.replace(b".", b" ").split()})


@st.composite
def lists(draw) -> tuple[str, list[str], bytes]:
    """Return a kind, the names that are listed, and a file's content that lists them between other lines."""
    kind = draw(st.sampled_from(["domains", "urls", "dump"]))
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    if kind == "dump":
        forms = st.just('"1","2026-01-01","http://{}/a?b=c","online","malware_download","exe,elf"')
    else:
        forms = st.sampled_from(DOMAINS if kind == "domains" else URLS)
    good = [draw(forms).format(name).encode() for name in names]
    lines = draw(st.permutations([*good, *draw(st.lists(WILD, max_size=6))]))
    if kind == "dump":
        # A comment with a column of that name is another header.
        lines = [b"# id,dateadded,url,url_status,threat,tags", *(line for line in lines if line[:1] != b"#")]
    else:
        # Without a dot or a slash, the first line would be a header.
        lines = [b"first.test/x" if kind == "urls" else b"first.test", *lines]
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    content = end.join(lines) + end * draw(st.booleans())
    return kind, names, gzip.compress(content, mtime=0) if draw(st.booleans()) else content


def _service(kind: str, path: Path) -> Blocklist | UrlHausDump:
    if kind == "dump":
        return UrlHausDump(service="urlhaus_dump", path=path)
    return Blocklist(service="blocklist", lists=[BlockedList(path=path, kind=kind, name="mine")])


@example(
    (
        "domains",
        NAMES,
        gzip.compress(b"first.test\n" + b"0.0.0.0\n" * 9 + "\n".join(NAMES).encode(), mtime=0),
    ),
    -1,
)
@fuzz("reputation lists", short=50, made=lists(), cut=st.just(-1) | st.integers(0, 400))
def test_what_a_list_has_is_found_beside_any_damaged_line(
    made: tuple[str, list[str], bytes], cut: int
) -> None:
    """Listed names and URLs are marked, others aren't; a cut list is read as far or refused by name."""
    kind, names, content = made
    is_whole = cut < 0 or cut >= len(content)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.txt"
        path.write_bytes(content if is_whole else content[:cut])
        service = _service(kind, path)
        asked = [f"{name}/a?b=c" for name in names]
        try:
            found = service.look_up([*asked, *ABSENT])
            ignored = service.ignored()
        except ReputationConfigError as error:
            assert not is_whole
            assert str(path) in str(error)
            return
    assert all(each.startswith(f"{path}:") for each in ignored.first)
    assert [value for value in ABSENT if int(found[value].risk) > 0] == []
    if is_whole:
        assert [value for value in asked if int(found[value].risk) < 2] == []
        if kind == "domains":
            plain = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
            # The first line and those of the names are used.
            assert ignored.count < len(plain.splitlines()) - len(names)
