"""Arbitrary declarations of log formats: taken and usable, or refused with the file and what is wrong."""

import re
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.log_rows import log_rows
from support.made_lines import header_of, line_of
from support.mutations import TEXTS, damaged

from proxy_oa_assets.ingest.declaration import SQUID, Declaration, declaration
from proxy_oa_assets.model.errors import IngestError

FORMATS = sorted(files("proxy_oa_assets.ingest").joinpath("formats").iterdir(), key=lambda each: each.name)
SHIPPED = [each.read_text("utf-8") for each in FORMATS if each.name.endswith(".toml")]
VALUES = st.sampled_from(
    [
        *(
            "1",
            "-1",
            "true",
            "nan",
            '""',
            '"x"',
            "[]",
            '[""]',
            '["a", "b"]',
            "{}",
            '{ fields = "x" }',
            "[[1]]",
        ),
        *(
            "2026-01-01",
            '"tab"',
            '"\\u0000"',
            '"$."',
            '"$.\\"a"',
            '"("',
            "'(?i)('",
            "'(a+)+$'",
            "'%Q'",
            "'%Y'",
        ),
        *(
            "'squid'",
            "'w3c'",
            "'own.toml'",
            "'\u202e'",
            "'''a'''",
            "9" * 30,
            "[" * 60,
            '{ fields = "$.a[0]" }',
        ),
        *(
            '{ fields = "x", pattern = "(" }',
            '{ fields = [], text = "x" }',
            '{ fields = "x", decode = "hex" }',
        ),
        *('{ fields = "ts", format = "%f %z %j" }', '{ fields = ["a", "b"], format = "iso" }'),
    ]
)
KEYS = st.sampled_from(
    "name family logformat separator quote header requires pattern only within fields surplus more_fields "
    "cut_at null time columns constants columns_of columns.url columns.host_header time.format "
    'constants.action unknown a.b.c "clientip"'.split()
)


@st.composite
def tomls(draw) -> bytes:
    """Return a shipped declaration with lines removed, doubled or swapped, and other values."""
    lines = draw(st.sampled_from(SHIPPED)).split("\n")
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        how = draw(st.sampled_from(["remove", "double", "value", "value", "key", "swap"]))
        if how == "remove":
            lines[place : place + 1] = []
        elif how == "double":
            lines.insert(place, lines[draw(st.integers(0, len(lines) - 1))])
        elif how == "swap":
            lines[place], lines[0] = lines[0], lines[place]
        elif how == "key":
            lines.insert(place, f"{draw(KEYS)} = {draw(VALUES)}")
        else:
            name = lines[place].partition("=")[0].strip() or draw(KEYS)
            lines[place] = f"{name} = {draw(VALUES)}"
        lines = lines or [""]
    content = "\n".join(lines).encode()
    return draw(damaged(content, most=2)) if draw(st.integers(0, 4)) == 0 else content


def _used(found: Declaration) -> None:
    """Read a log by a declaration: lines are rows or rejects, or one error says what doesn't work."""
    with TemporaryDirectory() as folder:
        try:
            content = header_of(found) + line_of(found) + b"\nno request\n"
        except (IngestError, ValueError, KeyError):  # no line can be made of it by the tests
            content = b"no request\n"
        try:
            log_rows(content, found, Path(folder))
        except IngestError as error:
            assert len(str(error)) < 2_000


@fuzz("declarations of formats", short=10, content=tomls())
def test_a_declaration_is_usable_or_its_error_names_the_file(content: bytes) -> None:
    """A TOML file declares a format that lines can be read by, or one error names the file on few lines."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.toml"
        path.write_bytes(content.replace(b"'own.toml'", f"'{path}'".encode()))
        try:
            found = declaration(str(path))
        except IngestError as error:
            assert str(path) in str(error)
            assert len(str(error)) < 3_000
            return
    _used_rarely(found, content)


def _used_rarely(found: Declaration, content: bytes) -> None:
    # DuckDB plans a reading for as long as a hundred declarations are checked.
    if sum(content) % 20 == 0:
        _used(found)


CODES = st.sampled_from(
    "%ts %ts.%03tu %tS %tl %tg %{%Y-%m-%dT%T}tl %{%s}tg %{}tl %{%Q}tl %>a %>A %un %[un %rm %ru %>ru %rv "
    "%>Hs %<st %>st %<sh %tr %mt %Ss:%Sh %Sh/%<a %{User-Agent}>h %#{Cookie}>h %'{Host}>h %>ha{X} %% "
    " %ssl::>sni %http::>rs %adapt::<last_h %6tr %-10>a %/un %note % %{ %}".split()
)
LITERALS = st.sampled_from(['"', "[", "]", " ", "  ", "\t", ",", "logformat x ", "- ", "%{%d %T}tl"])
LOGFORMATS = st.lists(CODES | LITERALS | TEXTS.filter(lambda text: len(text) < 99), max_size=14).flatmap(
    lambda parts: st.sampled_from([" ", "", '" "']).map(lambda between: between.join(parts))
)


@fuzz("squid: logformat lines", short=25, logformat=LOGFORMATS)
def test_a_logformat_is_usable_or_refused_in_words(logformat: str) -> None:
    """A logformat is read, with every declared field among its tokens, or an error quotes it."""
    try:
        found = declaration(SQUID + logformat)
    except IngestError as error:
        assert re.search("logformat|time is missing|--format", str(error))
        return
    assert set(found.source_fields()) <= set(found.fields)
    _used_rarely(found, logformat.encode("utf-8", "surrogatepass"))
