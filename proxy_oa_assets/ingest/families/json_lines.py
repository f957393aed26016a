"""Lines that are JSON objects, also behind a prefix as syslog writes one, or wrapped in another object.

DuckDB takes the fields from a whole block; a line that it doesn't take for JSON is parsed by itself.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from contextlib import closing
from functools import cache

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from proxy_oa_assets.ingest.declaration import json_steps
from proxy_oa_assets.ingest.families.delimited import block_of, line_texts
from proxy_oa_assets.ingest.families.prepared import Fields, Prepared
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import Lines

_BRACE = ord("{")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LONG = 100  # digits


def _first_of_equal_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    # As DuckDB takes it.
    found: dict[str, object] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_first_of_equal_keys,
    # Python refuses integers of more than 4,300 digits.
    parse_int=lambda text: int(text) if len(text) < _LONG else text,
    parse_float=str,
    parse_constant=str,
    strict=False,
)
_ENGINE: dict[str, str | bool | int | float | list[str]] = {
    "threads": "2",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


def parse(line: str, layout: Layout) -> Fields | str:
    """Return a line's fields, NULL words as None, or the reason why it is rejected."""
    declaration = layout.declaration
    try:
        found = _object(line)
        if isinstance(found, str):
            return found
        for wrapper in declaration.within:
            found = _unwrapped(found, wrapper)
        texts = [_text(_at(found, json_steps(name))) for name in layout.fields]
    except RecursionError:
        return "JSON that is nested too deeply"
    return [None if text in declaration.null else text for text in texts]


def _object(line: str) -> dict[str, object] | str:
    """Return the first JSON object of a line, or why it has none."""
    start = line.find("{")
    if start < 0:
        return "no JSON object"
    try:
        found, end = _DECODER.raw_decode(line, start)
    except json.JSONDecodeError as error:
        return f"no JSON: {error.msg} at character {error.pos + 1}"
    # A line of an array that has a line per object ends in a comma.
    rest = line[end:].strip()
    if rest in ("", ",", "]"):
        return dict(found)
    if rest.startswith(("{", ",")):
        return "several JSON objects in a line: write a line for each, as jq -c does"
    return f"further text behind the JSON object, from character {end + 1} on"


def _unwrapped(whole: dict[str, object], wrapper: str) -> dict[str, object]:
    inner = _at(whole, json_steps(wrapper))
    if isinstance(inner, str) and inner.startswith("{"):
        inner = _object(inner)
    return inner if isinstance(inner, dict) else whole


def _at(value: object, path: Sequence[str | int]) -> object:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def _text(value: object) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case str() | int():
            text = str(value)
        case _:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATE.sub("\ufffd", text)


def prepare(lines: Lines, layout: Layout) -> Prepared:
    """Find a block's lines that aren't JSON, and take the fields of the others."""
    texts = line_texts(lines.text, lines.ends)
    block = pa.table({"line": np.arange(len(lines), dtype=np.int64), "text": texts})
    regular = np.ones(len(lines), dtype=np.bool_)
    source = found = "text"
    if not (np.frombuffer(lines.text, np.uint8)[lines.starts] == _BRACE).all():
        source = "substr(text, instr(text, '{'))"
        found = f"CASE WHEN contains(text, '{{') THEN {source} ELSE '' END"
    with closing(_engine(os.getpid()).cursor()) as engine:
        engine.register("block", block)
        bad = engine.sql(f"SELECT line FROM block WHERE NOT json_valid({found})")
        regular[bad.fetchnumpy()["line"]] = False
    exact: list[tuple[int, Fields]] = []
    rejected: list[tuple[int, str]] = []
    for index in np.flatnonzero(~regular).tolist():
        fields = parse(lines.line(index), layout)
        if isinstance(fields, str):
            rejected.append((index, fields))
        else:
            exact.append((index, fields))
    # A wrapped object has a brace of its own; flat ones are the fastest to tell. A line may have no brace.
    first_braces = len(lines) if source == "text" else pc.sum(pc.match_substring(texts, "{")).as_py()
    wrappers = layout.declaration.within if lines.text.count(b"{") > first_braces else ()
    for wrapper in wrappers:
        if f'"{json_steps(wrapper)[-1]}"'.encode() in lines.text:
            inner = f"json_extract_string({source}, {_path(wrapper)})"
            is_object = f"starts_with({inner}, '{{') AND json_valid({inner})"
            source = f"CASE WHEN {is_object} THEN {inner} ELSE {source} END"
    taken = f"json_extract_string({source}, [{', '.join(map(_path, layout.fields))}])"
    return Prepared(layout.fields, *block_of(texts, regular, exact, taken), rejected)


@cache
def _engine(_process: int) -> duckdb.DuckDBPyConnection:
    """Return the engine of this process; a forked one's threads are gone."""
    return duckdb.connect(":memory:", config=_ENGINE)


def _path(name: str) -> str:
    """Return the SQL of a field's path."""
    path = "".join(f"[{step}]" if isinstance(step, int) else f'."{step}"' for step in json_steps(name))
    return "'$" + path.replace("'", "''") + "'"
