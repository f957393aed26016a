"""Valid documents with damage: what editors, transports, other programs and attackers make of them."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]

# Texts that parsers give a meaning to, or that break them.
TEXTS = st.sampled_from(
    [
        *("", " ", "\x00", "\ufeff", "\u202e", "\u2028", "\x85", "\x1f", "\x7f", "\r", "\t", "\\", '"', "'"),
        *("-", "null", "NaN", "nan", "Infinity", "-inf", "1e308", "1e309", "-1e-400", "0x10", "1_000", "٣"),
        *("-1", "0", "2147483648", "-2147483649", "99999999999999999999", "9" * 400, "3.4028236e38", "1.5"),
        *("2016-09-12", "2016-02-30", "0000-00-00", "24:00:00", "23:59:60", "1970-01-01T00:00:00Z"),
        *("10.0.0.1", "10.0.0.256", "010.0.0.1", "::1", "fe80::1%eth0", "[::1]:80", "::ffff:10.0.0.1"),
        *("a.example", "A.EXAMPLE.", "xn--", "xn--a", "a..b", "a" * 64 + ".example", "\u0430.example"),
        *(
            "http://",
            "http://a.example:99999/",
            "//",
            "a:b@c",
            "http://[::1",
            "javascript:alert(1)",
            "%",
            "%zz",
        ),
        *("%s", "{}", "{{7*7}}", "${env:HOME}", "' OR 1=1 --", "<script>", "=1+1", "../../etc/passwd", "|"),
        *("\U0001f600", "e\u0301", "a\u200bb", "\ufffd", "#", "#fields", ",", ";", "[", "{", "x" * 5_000),
    ]
)
TEXT = TEXTS | st.text(max_size=12)
BYTES = TEXT.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.sampled_from(
    [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5", b"\x80", b"\xff\xfe", b"\r\n", b"\n", b"\n\n", b"\x00\n"]
)
NUMBERS = st.sampled_from([0, -1, 1, 2**31, -(2**31) - 1, 2**63, 10**400, 1.5, -0.0, 1e308]) | st.integers()
SCALARS = st.none() | st.booleans() | NUMBERS | TEXT
JSON = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4),
    max_leaves=12,
)


@st.composite
def damaged(draw: Draw, content: bytes, most: int = 4) -> bytes:
    """Return a document with up to `most` places cut, doubled, overwritten or added to."""
    for _ in range(draw(st.integers(0, most))):
        first = draw(st.integers(0, len(content)))
        last = min(len(content), first + draw(st.integers(0, 12)))
        put = draw(
            st.one_of(
                BYTES,
                st.just(b""),
                st.binary(max_size=3),
                st.just(content[first:last] * 2),
                st.just(content[last : last + 8] + content[first:last]),
            )
        )
        content = content[:first] + put + content[last:]
    return content[: draw(st.integers(0, len(content)))] if draw(st.integers(0, 19)) == 0 else content


@st.composite
def encoded(draw: Draw, text: str) -> bytes:
    """Return a text as editors save it: with a byte order mark, in UTF-16, in Latin-1, with CR LF."""
    ends = draw(st.sampled_from(["\n", "\n", "\n", "\r\n", "\r"]))
    encoding = draw(
        st.sampled_from(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
    )
    return text.replace("\n", ends).encode(encoding, "replace")


@st.composite
def changed(draw: Draw, value: object, most: int = 3) -> Any:
    """Return a value of JSON with up to `most` of its parts replaced, removed, doubled, renamed or nested."""
    for _ in range(draw(st.integers(0, most))):
        value = draw(_changed_once(value))
    return value


@st.composite
def _changed_once(draw: Draw, value: Any) -> Any:
    inside = isinstance(value, dict | list) and value and draw(st.integers(0, 3))
    if not inside:
        return draw(
            st.one_of(
                SCALARS,
                JSON,
                st.just([value]),
                st.just({"a": value}),
                st.just(str(value)),
                st.integers(1, 60).map(lambda depth: _nested(value, depth)),
            )
        )
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = draw(st.sampled_from(keys))
    how = draw(st.sampled_from(["inside", "inside", "remove", "double", "rename", "reorder"]))
    changed_value: Any = dict(value) if isinstance(value, dict) else list(value)
    if how == "remove":
        del changed_value[key]
    elif how == "inside":
        changed_value[key] = draw(_changed_once(value[key]))
    elif isinstance(value, list):
        return [*value, value[key]] if how == "double" else value[::-1]
    elif how == "reorder":
        return dict(reversed(value.items()))
    else:
        changed_value[draw(TEXT)] = value[key] if how == "double" else changed_value.pop(key)
    return changed_value


def _nested(value: object, depth: int) -> object:
    for _ in range(depth):
        value = [value]
    return value


def compressed(content: bytes) -> st.SearchStrategy[tuple[bytes, str]]:
    """Return a content compressed by one of four programs: `whole`, `cut` or with a byte `changed`."""
    packed = (
        gzip.compress(content, mtime=0),
        bz2.compress(content),
        lzma.compress(content),
        pa.compress(content, codec="zstd", asbytes=True),
    )
    return st.sampled_from(packed).flatmap(_harmed)


def _harmed(packed: bytes) -> st.SearchStrategy[tuple[bytes, str]]:
    places = st.integers(0, len(packed) - 1)
    changed_byte = st.tuples(places, st.integers(1, 255)).map(
        lambda at: packed[: at[0]] + bytes([packed[at[0]] ^ at[1]]) + packed[at[0] + 1 :]
    )
    return st.one_of(
        st.just((packed, "whole")),
        places.map(lambda end: (packed[:end], "cut")),
        changed_byte.map(lambda other: (other, "changed")),
    )


def lines_of(*valid: str) -> st.SearchStrategy[Sequence[bytes]]:
    """Return a few lines, each one of the valid ones with or without damage, or any bytes."""
    line = st.sampled_from(valid).flatmap(lambda text: st.just(text.encode()) | damaged(text.encode()))
    return st.lists(line | st.binary(max_size=40), max_size=6)
