from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.ingest import log_lines
from proxy_oa_assets.ingest.log_lines import blocks

LINES = st.lists(st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")), max_size=12)


def pieces(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def read(content: bytes, *, size: int = 4, **options: int) -> list[tuple[int, int, str]]:
    """Return number, byte offset and text of each line, of a log that comes in small pieces."""
    return [
        (block.number + index, int(block.offsets[index]), block.line(index))
        for block in blocks(pieces(content, size), size=size, **options)
        for index in range(len(block))
    ]


@given(lines=LINES, size=st.integers(1, 40), end=st.sampled_from([b"", b"\n"]))
def test_each_line_has_its_number_and_offset_wherever_blocks_end(
    lines: list[bytes], size: int, end: bytes
) -> None:
    """Pieces and blocks of any size give the same lines; a last line needs no line feed."""
    content = b"\n".join(lines) + (end if lines else b"")
    expected, offset = [], 0
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n") if content else [], 1):
        text = (line + b"\n").replace(b"\r\n", b"\n")[:-1].decode("utf-8", errors="replace")
        expected.append((number, offset, text))
        offset += len(line) + 1
    if expected and content.startswith(b"\xef\xbb\xbf"):
        expected[0] = (1, 0, expected[0][2].removeprefix("\ufeff"))
    if content.endswith(b"\r"):
        expected[-1] = (*expected[-1][:2], expected[-1][2].removesuffix("\r"))

    assert read(content, size=size) == expected


def test_a_lone_carriage_return_is_data() -> None:
    """Only the one before a line feed belongs to the line's end."""
    assert read(b"a\rb\r\nc\n") == [(1, 0, "a\rb"), (2, 5, "c")]


def test_bytes_that_are_no_utf8_become_replacement_characters() -> None:
    """Offsets stay those of the log, although a replacement character is longer."""
    assert read(b"a\xff\xfe\nb\xc3\xa9\n\xe9\n") == [
        (1, 0, "a\ufffd\ufffd"),
        (2, 4, "b\xe9"),
        (3, 8, "\ufffd"),
    ]


def test_a_nul_where_the_proxy_cuts_is_a_line_end() -> None:
    """Squid cuts a line with its line feed; a NUL elsewhere is data, and so it is in a log that isn't cut."""
    content = b"12345678\0next\nsh\0ort\n12345678\0" + b"abcdefgh\0last\n"

    assert [text for _, _, text in read(content, size=64, cut_at=8)] == [
        "12345678",
        "next",
        "sh\0ort",
        "12345678",
        "abcdefgh",
        "last",
    ]
    assert len(read(content, size=64)) == 3


def test_a_line_beyond_the_limit_costs_no_other_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its begin is kept, the rest is left out, and the lines around it have their places."""
    monkeypatch.setattr(log_lines, "LONGEST", 100)
    monkeypatch.setattr(log_lines, "_KEPT", 3)
    content = b"first\n" + b"x" * 500 + b"\nlast\n"

    found = list(blocks(pieces(content, 16), size=32))

    assert [
        (b.number + i, int(b.offsets[i]), b.line(i), b.too_long) for b in found for i in range(len(b))
    ] == [
        (1, 0, "first", False),
        (2, 6, "xxx", True),
        (3, 507, "last", False),
    ]
    assert [block.too_long for block in blocks(pieces(b"y" * 500, 16), size=32)] == [True]
