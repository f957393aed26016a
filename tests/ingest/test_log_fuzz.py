"""Arbitrary logs in each shipped format: every line is accounted for, and damaged lines cost no other one."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example
from hypothesis import strategies as st
from support.fuzzing import fuzz, is_long
from support.log_rows import LogRows, log_rows
from support.made_lines import header_of, line_of
from support.mutations import compressed, damaged
from support.vendor_lines import LINES as VENDOR_LINES

from proxy_oa_assets.ingest.compression import decompressor
from proxy_oa_assets.ingest.declaration import Declaration, shipped
from proxy_oa_assets.ingest.log_content import opened
from proxy_oa_assets.ingest.log_lines import Lines, blocks
from proxy_oa_assets.ingest.recognition import recognize
from proxy_oa_assets.model.errors import IngestError

FORMATS = list(shipped().values())
AT_ONCE = 25 if is_long() else 10  # lines; DuckDB plans longer than it reads
# What the formats give a meaning to, and what breaks parsers.
WORDS = st.sampled_from(
    """
    - " "" \\ \\" \\x2d \\x5cx41 \\n % %00 %ff ' , ; | = := :// ? / # [ ] { } {} null (empty)
    [10/Oct/2026:13:55:36 +0000] GET CONNECT http://a.example/b?c a.example:443 [::1]:80 10.0.0.1 ::1
    200 TCP_MISS/200 HIER_DIRECT/192.0.2.1 1795887862.746 1e308 -1 99999999999999999999 2026-11-28 17:44:22
    text/html CEF:0|a|b|c|d|e|f| k=v k="v #Fields: #fields #separator #close \ufeff \u202e \x00 \x1f \r \t
    \U0001f600 {"a":1} {"a":[{"b":null}]}
    """.split(" ")
)
ANY_LINE = st.lists(st.one_of(WORDS, st.text(max_size=6)), max_size=30).flatmap(
    lambda words: st.sampled_from(["\t", " ", ",", ", ", "|"]).map(lambda separator: separator.join(words))
)


@cache
def lines_of(name: str) -> tuple[bytes, list[bytes]]:
    """Return the header of a format's logs, and lines that go behind it."""
    declaration = shipped()[name]
    vendors = [line for line in VENDOR_LINES if line.format == declaration.name]
    headers = {line.header for line in vendors}
    if len(headers) == 1:
        return headers.pop().encode(), [line.line.encode() for line in vendors]
    return header_of(declaration), [line_of(declaration)]


@st.composite
def logs(draw) -> tuple[Declaration, bytes, list[bytes], list[bytes]]:
    """Return a format, a header, good lines, and all lines: the good ones between damaged ones."""
    declaration = draw(st.sampled_from(FORMATS))
    header, valid = lines_of(declaration.name)
    wild = st.sampled_from(valid).flatmap(damaged) | ANY_LINE.map(str.encode) | st.binary(max_size=40)
    good = draw(st.lists(st.sampled_from(valid), max_size=2))
    lines = draw(st.permutations([*good, *draw(st.lists(wild, min_size=AT_ONCE, max_size=AT_ONCE))]))
    return declaration, header, good, lines


def read(content: bytes | Iterable[bytes], declaration: Declaration) -> LogRows | None:
    """Return what a log has; None if its header is another log's, or damaged, as the message says."""
    with TemporaryDirectory() as folder:
        try:
            return log_rows(content, declaration, Path(folder))
        except IngestError as error:
            assert str(error).strip()
            return None


@cache
def row_of(name: str, header: bytes, line: bytes) -> tuple[object, ...] | None:
    """Return the row of a line by itself; None if it has none."""
    found = read(header + line + b"\n", shipped()[name])
    return frozen(found.rows[0]) if found and found.rows else None


def frozen(row: dict[str, object]) -> tuple[object, ...]:
    return tuple(sorted((name, str(value)) for name, value in row.items()))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Return a function that has logs read in blocks of a few lines, or as they are."""

    def few(chunks: Iterable[bytes], **of: int) -> Iterator[Lines]:
        yield from blocks(chunks, **{**of, "size": 1_000})

    def small(is_small: bool) -> None:
        monkeypatch.setattr("proxy_oa_assets.ingest.reading.blocks", few if is_small else blocks)
        monkeypatch.setattr("proxy_oa_assets.ingest.conversion._BATCH", 2 if is_small else 8192)

    return small


@fuzz(
    "damaged lines of log formats",
    short=6,
    at_once=AT_ONCE,
    made=logs(),
    cuts=st.lists(st.integers(0, 4_000), max_size=4),
)
def test_every_line_of_any_log_is_accounted_for(
    small_blocks: Callable[[bool], None],
    made: tuple[Declaration, bytes, list[bytes], list[bytes]],
    cuts: list[int],
) -> None:
    """Rows, rejects and header lines add up; good lines keep their rows; small blocks change nothing."""
    declaration, header, good, lines = made
    content = header + b"\n".join(lines)
    small_blocks(False)
    found = read(content, declaration)
    if found is None:
        return
    if not declaration.cut_at:
        assert found.reading.lines == len(content.removesuffix(b"\n").split(b"\n")) * bool(content)
    for number, *_ in found.rejects:
        assert 1 <= int(number) <= found.reading.lines
    # Another header changes how the lines behind it are read.
    if not found.reading.warnings and (declaration.header == "none" or b"#" not in b"".join(lines)):
        rows = Counter(map(frozen, found.rows))
        alone = Counter(row for line in good if (row := row_of(declaration.name, header, line)))
        assert not alone - rows

    places = sorted({0, *(min(cut, len(content)) for cut in cuts), len(content)})
    chunks = [content[first:last] for first, last in pairwise(places)]
    small_blocks(True)
    again = read(chunks, declaration)
    assert again is not None
    assert Counter(map(frozen, again.rows)) == Counter(map(frozen, found.rows))
    assert again.rejects == found.rejects
    assert again.reading.reasons == found.reading.reasons


@pytest.mark.slow
def test_each_format_has_a_line_that_gives_a_row() -> None:
    """What is damaged above is valid: a made line is a request in each shipped format."""
    headers = {name: lines_of(name) for name in shipped()}
    without = [name for name, (header, (line, *_)) in headers.items() if row_of(name, header, line) is None]
    assert without == []


@example(b"{\n")
@example(b" [\n")
@fuzz(
    "recognized formats",
    short=25,
    content=st.lists(ANY_LINE, max_size=5).map(lambda lines: "\n".join(lines).encode())
    | st.binary()
    | st.sampled_from(FORMATS).flatmap(lambda each: damaged(b"\n".join(lines_of(each.name)[1]))),
)
def test_any_content_is_recognized_or_refused(content: bytes) -> None:
    """A log's format is recognized with a reason, or the nearest ones or the way to lines are named."""
    try:
        assert recognize(content).why
    except IngestError as error:
        is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"[", b"{")
        assert "nearest" in str(error) or (is_json and "read it as lines, by `jq -c " in str(error))


ZSTD = b"\x28\xb5\x2f\xfd"
LOG = b"".join(b"1795887862.%03d %d 10.0.0.%d GET /%d\n" % (n, n * n, n % 9, n**5) for n in range(200))


@fuzz("compressed logs", short=100, made=compressed(LOG))
def test_a_damaged_compressed_log_is_read_up_to_its_damage(tmp_path: Path, made: tuple[bytes, str]) -> None:
    """A cut file gives the log's beginning and a warning that names it; a checksum notices a changed byte."""
    packed, how = made
    path = tmp_path / "access.log"
    path.write_bytes(packed)
    with opened(path, tmp_path) as content:
        found = b"".join(content.chunks(0))
        if decompressor(packed[:16]) is None:
            # Nothing is left of the codec's first bytes.
            assert found == packed
            return
    assert all(str(path) in warning for warning in content.warnings)
    if how == "whole":
        assert (found, content.warnings) == (LOG, [])
    elif how == "cut":
        assert LOG.startswith(found)
        assert content.warnings
    elif packed[:4] != ZSTD:  # Arrow writes no checksum into it
        assert found == LOG or content.warnings
