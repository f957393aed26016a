"""Logs of JSON lines: any line is a row or a reject, whether DuckDB or Python reads it."""

import json
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.log_rows import log_rows
from support.vendor_lines import LINES

from proxy_oa_assets.ingest.declaration import Declaration, declaration, read_declaration
from proxy_oa_assets.ingest.families import json_lines
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import blocks
from proxy_oa_assets.ingest.recognition import recognize
from proxy_oa_assets.model.errors import IngestError

ZEEK = next(line for line in LINES if line.format == "zeek-http-json")
TLS = next(line for line in LINES if line.format == "zeek-ssl-json")
SITE = read_declaration(
    """
    name = "site"
    title = "a site's"
    family = "json"
    within = ["wrapped"]
    time = "at"
    null = ["", "-"]
    [columns]
    clientip = "client.ip"
    host = "$.to.host"
    useragent = "agent"
    webcat = ["$.types[1]", "$.types[0]"]
    username = "user"
    scbytes = "bytes"
    """,
    "site.toml",
)


def _line(**fields: object) -> str:
    return json.dumps({"at": 1789000000, "client.ip": "10.1.2.3", **fields})


def _only_row(line: str | bytes, folder: Path, declared: Declaration = SITE) -> dict[str, object]:
    content = line if isinstance(line, bytes) else line.encode()
    found = log_rows(content + b"\n", declared, folder)
    assert found.rejects == []
    (row,) = found.rows
    return row


@pytest.mark.parametrize(
    ("line", "agent"),
    [
        (_line(agent="\x00 a\x00"), "\x00 a\x00"),
        (_line(agent="\u2603 \U0001f600"), "\u2603 \U0001f600"),
        ('{"at":1789000000,"agent":"\\ud83d"}', "\ufffd"),
        ('{"at":1789000000,"agent":"a\tb"}', "a\tb"),
        ('{"at":1789000000,"agent":"\\u003cscript>"}', "<script>"),
        ('{"at":1789000000,"agent":"first","agent":"second"}', "first"),
        ('{"at":1789000000,"agent":"\\ud83d","agent":"second"}', "\ufffd"),
        (_line(agent=True), "true"),
        (_line(agent=17), "17"),
        (_line(agent=["a", {"b": None}]), '["a",{"b":null}]'),
        (_line(agent={"b": "\u2603"}), '{"b":"\u2603"}'),
        ('{"at":1789000000,"agent":123456789012345678901234567890}', "123456789012345678901234567890"),
        ('{"at":1789000000,"agent":NaN}', "NaN"),
    ],
)
def test_a_value_of_any_kind_is_text(line: str, agent: str, tmp_path: Path) -> None:
    """Numbers, nested values, escapes, NUL and a lone surrogate come out as they went in, or as U+FFFD."""
    assert _only_row(line, tmp_path)["useragent"] == agent


@pytest.mark.parametrize("value", [None, "", "-"])
def test_a_null_word_is_null(value: object, tmp_path: Path) -> None:
    """JSON's null, an empty text and the format's words stand for none."""
    assert "useragent" not in _only_row(_line(agent=value), tmp_path)


@pytest.mark.parametrize(
    ("types", "category"), [(["a", "b"], "b"), (["a"], "a"), ([], None), ("text", None), ({"0": "a"}, None)]
)
def test_a_path_takes_an_element_of_an_array(types: object, category: str | None, tmp_path: Path) -> None:
    """A path that leads nowhere in a line is no value."""
    assert _only_row(_line(types=types), tmp_path).get("webcat") == category


@pytest.mark.parametrize("number", ["1e400", "NaN", "Infinity", "-5", "9" * 400, '"many"'])
def test_a_number_beyond_int_costs_no_row(number: str, tmp_path: Path) -> None:
    """A byte count is whole, from 0 to the limit of INT, or NULL."""
    row = _only_row(f'{{"at":1789000000,"bytes":{number}}}', tmp_path)
    assert row.get("scbytes") in (None, 2**31 - 1)


@pytest.mark.parametrize(
    "wrapped",
    [
        f'{{"wrapped":{_line(user="ann")}}}',
        json.dumps({"wrapped": _line(user="ann"), "at": "another's"}),
        f'Sep 10 00:26:41 host tag: {{"wrapped":{_line(user="ann")}}}',
        f'prefix {{"wrapped":{_line(user="ann")}}}',
        f"{_line(user='ann')},",
        f"[{_line(user='ann')}]",
    ],
)
def test_an_object_may_be_wrapped_or_stand_behind_a_prefix(wrapped: str, tmp_path: Path) -> None:
    """An object in an object, as JSON or as a text of JSON, behind what syslog writes, or of an array."""
    row = _only_row(wrapped, tmp_path)
    assert (row["username"], row["clientip"]) == ("ann", "10.1.2.3")


@pytest.mark.parametrize("between", ["", "# a comment", "damaged"])
def test_a_wrapped_object_is_found_among_lines_without_one(between: str, tmp_path: Path) -> None:
    """Blank and damaged lines cost no request, however many there are."""
    lines = [f'{{"wrapped":{_line(user="ann")}}}', *[between] * 5, f'{{"wrapped":{_line(user="bea")}}}']
    found = log_rows("\n".join(lines).encode(), SITE, tmp_path)
    assert [row["username"] for row in found.rows] == ["ann", "bea"]
    assert {reason for _, _, reason, _ in found.rejects} == {"no JSON object"}


@pytest.mark.parametrize("wrapped", ['"text"', '"{no JSON"', "7", "[1]", "null"])
def test_a_wrapper_without_an_object_is_a_field(wrapped: str, tmp_path: Path) -> None:
    """A field that has a wrapper's name, but no object, changes nothing."""
    row = _only_row(f'{{"wrapped":{wrapped},{_line(user="ann")[1:]}', tmp_path)
    assert row["username"] == "ann"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("", "no JSON object"),
        ("42", "no JSON object"),
        ('["{"]', "no JSON"),
        ('{"at":1789000000', "no JSON"),
        ('{"at":1789000000}{"at":1789000000}', "several JSON objects in a line"),
        ('[{"at":1789000000},{"at":1789000000}]', "several JSON objects in a line"),
        ('{"at":1789000000} and more', "further text behind the JSON object"),
        ("{'at':1789000000}", "no JSON"),
        ('{"at":' * 100_000, "JSON that is nested too deeply"),
        ('{"agent":"a"}', "no time that can be read"),
        ('{"at":"yesterday"}', "no time that can be read"),
        ('{"at":[1789000000]}', "no time that can be read"),
    ],
)
def test_a_line_that_is_no_record_is_a_reject_and_costs_no_other(
    line: str, reason: str, tmp_path: Path
) -> None:
    """The lines around a malformed one are rows; the reject names line, offset and reason."""
    content = f"{_line()}\n{line}\n{_line()}\n".encode()

    found = log_rows(content, SITE, tmp_path)

    assert len(found.rows) == 2
    ((number, offset, why, text),) = found.rejects
    assert (number, int(offset)) == ("2", len(_line()) + 1)
    assert why.startswith(reason)
    assert text == line


def test_deep_nesting_costs_no_row(tmp_path: Path) -> None:
    """A valid object is read however deep its fields are nested."""
    deep = "[" * 50_000 + "]" * 50_000
    assert _only_row(f'{{"at":1789000000,"deep":{deep},"user":"ann"}}', tmp_path)["username"] == "ann"


def test_bad_utf8_is_replaced(tmp_path: Path) -> None:
    """A byte that isn't UTF-8 becomes U+FFFD."""
    assert _only_row(b'{"at":1789000000,"agent":"a\xffb"}', tmp_path)["useragent"] == "a\ufffdb"


ENGINE = duckdb.connect()
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.text(st.characters(codec="utf-8"), max_size=8)
    | st.sampled_from(["-", "10.1.2.3", "{", '{"user":"x"}', "\\", '"', "\x00", "\u2028", "\x7f"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(
    st.sampled_from(["at", "client.ip", "to", "agent", "types", "user", "bytes", "wrapped", "more"]), VALUES
)


@given(objects=st.lists(OBJECTS, min_size=1, max_size=6), ascii_only=st.booleans(), wrapped=st.booleans())
@example(objects=[{"wrapped": {}}], ascii_only=True, wrapped=False)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_block_is_read_as_each_of_its_lines_is(
    objects: list[dict[str, object]], *, ascii_only: bool, wrapped: bool
) -> None:
    """DuckDB takes the fields of a block that Python takes of each line by itself."""
    dumped = [{"wrapped": each} if wrapped else each for each in objects]
    lines = [json.dumps(each, ensure_ascii=ascii_only).replace("\n", "\\n") for each in dumped]
    layout = Layout.of(SITE)
    (block,) = blocks(["".join(f"{line}\n" for line in lines).encode()])

    prepared = json_lines.prepare(block, layout)

    assert prepared.rejected == []
    with ENGINE.cursor() as engine:
        engine.register("block", prepared.block)
        found = [row[2] for row in engine.sql(f"{prepared.select} ORDER BY line").fetchall()]
    null = SITE.null
    fast = [[None if text in null else text for text in texts] for texts in found]
    slow = [json_lines.parse(line, layout) for line in lines]
    assert [[_value(text) for text in texts] for texts in fast] == [
        [_value(text) for text in texts] for texts in slow
    ]


def _value(text: str | None) -> object:
    """Return a nested value, whose text has escapes in one of two spellings."""
    try:
        return json.loads(text) if text and text[0] in "[{" else text
    except ValueError:
        return text


def _stream(*names: str) -> bytes:
    lines = {
        "http": ZEEK.line.replace("{", '{"_path":"http",', 1),
        "ssl": TLS.line.replace("{", '{"_path":"ssl",', 1),
        "conn": '{"_path":"conn","ts":1789000000.5,"id.orig_h":"10.1.2.3","proto":"tcp"}',
        "dns": '{"@stream":"dns","ts":1789000000.5,"id.orig_h":"10.1.2.3","query":"example.com"}',
    }
    return "".join(f"{lines[name]}\n" for name in names).encode()


def test_other_logs_of_a_stream_are_counted_and_left_aside(tmp_path: Path) -> None:
    """Of a stream of Zeek's logs, http and ssl are rows; the other lines have one reason and no file."""
    content = _stream(*["conn"] * 300, "http", *["dns"] * 200, "ssl", "conn")

    recognized = recognize(content)
    found = log_rows(content, recognized.declaration, tmp_path)

    assert recognized.declaration.name == "zeek-http-json"
    assert [row["reqmethod"] for row in found.rows] == ["POST", "CONNECT"]
    assert found.rejects == []
    assert found.reading.reasons == {"a line of another log in the same file": 501}
    assert found.reading.warnings == ["501 lines of other logs in the file left aside"]


def test_a_stream_without_requests_is_not_recognized() -> None:
    """A file of other logs alone is refused."""
    with pytest.raises(IngestError, match="no known format"):
        recognize(_stream("conn", "dns"))


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (json.dumps([json.loads(ZEEK.line)] * 3), r"JSON array.*jq -c '\.\[\]' FILE"),
        (json.dumps([json.loads(ZEEK.line)] * 3, indent=2), r"JSON array.*jq -c '\.\[\]' FILE"),
        (json.dumps(json.loads(ZEEK.line), indent=4), r"over several lines.*jq -c '\.' FILE"),
    ],
)
def test_json_that_is_no_lines_is_refused_with_the_remedy(content: str, remedy: str) -> None:
    """An array in a line, or objects over several, are read once jq has made lines of them."""
    with pytest.raises(IngestError, match=remedy):
        recognize(content.encode())


def test_an_array_with_a_line_per_object_is_read(tmp_path: Path) -> None:
    """The lines of its brackets are rejects."""
    content = f"[\n{ZEEK.line},\n{ZEEK.line},\n{ZEEK.line}\n]\n".encode()

    found = log_rows(content, recognize(content).declaration, tmp_path)

    assert found.rows == [ZEEK.row] * 3
    assert [reason for _, _, reason, _ in found.rejects] == ["no JSON object"] * 2


@pytest.mark.parametrize("name", ["$", "$.", "$.a[", "$x", "$.a[-1]", 'a"b', "$.a.*"])
def test_a_name_that_is_no_path_is_refused(name: str) -> None:
    """A declaration's field that begins as a path must be one."""
    text = f"name = 'x'\ntitle = 'x'\nfamily = 'json'\ntime = 'at'\n[columns]\nhost = '{name}'\n"
    with pytest.raises(IngestError, match=r"is no name, and no path such as \$\.http\.url"):
        read_declaration(text, "x.toml")


def test_the_declarations_of_json_logs_name_what_they_require() -> None:
    """What a shipped format requires of a line is a field that it reads."""
    for name in ("zeek-http-json", "zeek-ssl-json", "zscaler-web", "cloudflare-gateway", "suricata-eve"):
        declared = declaration(name)
        assert declared.requires
        assert Layout.of(declared).fields == declared.source_fields()
