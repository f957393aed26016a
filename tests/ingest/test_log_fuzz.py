"""Arbitrary logs in each shipped format: no crash, and every line is accounted for."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.log_rows import log_rows

from proxy_oa_assets.ingest.declaration import Declaration, shipped
from proxy_oa_assets.ingest.recognition import recognize
from proxy_oa_assets.model.errors import IngestError

FORMATS = list(shipped().values())
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
LINE = st.lists(st.one_of(WORDS, st.text(max_size=6)), max_size=30).flatmap(
    lambda words: st.sampled_from(["\t", " ", ",", ", ", "|"]).map(lambda separator: separator.join(words))
)


def header(declaration: Declaration) -> bytes:
    """Return header lines that name every field the declaration reads."""
    names = [name for name in declaration.source_fields() if name] or ["ts"]
    match declaration.header:
        case "zeek":
            path = declaration.zeek_log or "http"
            return f"#separator \\x09\n#path\t{path}\n#fields\t{chr(9).join(names)}\n".encode()
        case "w3c":
            return f"#Fields: {' '.join(names)}\n".encode()
        case _:
            return b""


def log(declaration: Declaration) -> st.SearchStrategy[bytes]:
    lines = st.lists(st.one_of(LINE.map(str.encode), st.binary(max_size=40)), max_size=8)
    return st.tuples(st.booleans(), lines).map(
        lambda parts: (header(declaration) if parts[0] else b"") + b"\n".join(parts[1])
    )


LOGS = st.sampled_from(FORMATS).flatmap(lambda each: st.tuples(st.just(each), log(each)))


def check(declaration: Declaration, content: bytes) -> None:
    with TemporaryDirectory() as folder:
        try:
            found = log_rows(content, declaration, Path(folder))
        except IngestError:
            return  # its header is another log's, or damaged; the message says so
    if not declaration.cut_at:
        assert found.reading.lines == len(content.removesuffix(b"\n").split(b"\n")) * bool(content)
    for number, *_ in found.rejects:
        assert 1 <= int(number) <= found.reading.lines


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=LOGS)
def test_every_line_of_any_log_is_accounted_for(made: tuple[Declaration, bytes]) -> None:
    """Rows, rejects and header lines add up to the lines, in each shipped format."""
    check(*made)


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=LOGS)
def test_every_line_of_ten_thousand_logs_is_accounted_for(made: tuple[Declaration, bytes]) -> None:
    """The same, at length."""
    check(*made)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.lists(LINE, max_size=5).map(lambda lines: "\n".join(lines).encode()) | st.binary())
def test_any_content_is_recognized_or_refused(content: bytes) -> None:
    """The format of a log is told in words, or the nearest ones are."""
    try:
        assert recognize(content).why
    except IngestError as error:
        assert "nearest" in str(error)  # noqa: PT017  (either is right)
