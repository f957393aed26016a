"""Files that people and other programs write."""

import gzip
import json
import time
import tomllib

import pytest

from proxy_oa_assets.enrichment.reputation.config import load_reputation
from proxy_oa_assets.model.column_map import load_column_map
from proxy_oa_assets.model.errors import ConfError, ReputationConfigError
from proxy_oa_assets.model.text_file import IgnoredLines, numbered_lines, parse_nested, settings_text

TOO_DEEP = "nested deeper than 50 levels"


@pytest.mark.parametrize("depth", [51, 900, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_deeply_nested_json_is_refused(depth, opening, closing):
    """Whether the parser's stack would overflow, or only that of what reads the value."""
    with pytest.raises(ValueError, match=TOO_DEEP):
        parse_nested(json.loads, opening * depth + "1" + closing * depth)
    assert parse_nested(json.loads, opening * 49 + "1" + closing * 49)


@pytest.mark.parametrize("depth", [51, 900, 50_000])
@pytest.mark.parametrize(
    ("begin", "repeated", "middle", "closing"),
    [("a = ", "[", "", "]"), ("a = ", "{a = ", "1", "}"), ("a", ".a", " = 1", ""), ("[a", ' . "a"', "]", "")],
)
def test_deeply_nested_toml_is_refused(depth, begin, repeated, middle, closing):
    """Dotted keys nest as well; tomllib takes quadratic memory for them."""
    with pytest.raises(ValueError, match=TOO_DEEP):
        parse_nested(tomllib.loads, begin + repeated * depth + middle + closing * depth)


def test_long_words_cost_no_time():
    """The search for dotted keys is linear."""
    began = time.process_time()
    for text in ("a" * 1_000_000, "a." * 45 + "b " * 500_000, "a - " * 250_000):
        assert parse_nested(len, text)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "place", ["{}", '{{"services": {}}}', '{{"services": [{}]}}', '{{"services": [{{"service": {}}}]}}']
)
@pytest.mark.parametrize("depth", [40, 200, 980, 100_000])
def test_a_deeply_nested_settings_file_is_one_sentence(tmp_path, place, depth):
    """At any depth and place: the error has the file, and is no traceback of hundreds of frames."""
    path = tmp_path / "file.json"
    path.write_text(place.format("[" * depth + "]" * depth))
    with pytest.raises(ReputationConfigError, match=r"file\.json") as caught:
        load_reputation(path, {})
    assert len(str(caught.value)) < 500
    path.write_text('{"proxy_results_fields": {"p_date": ' + "[" * depth + "]" * depth + "}}")
    with pytest.raises(ConfError, match=r"file\.json") as caught:
        load_column_map(path)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_settings_file_is_read_in_the_encodings_of_editors(encoding):
    """With a byte order mark, or in UTF-16."""
    text = '{"name": "B\u00fcro"}'
    assert settings_text(text.encode(encoding)) == text


def test_ignored_lines_are_all_counted_and_the_first_20_named(tmp_path):
    """A file of another form doesn't fill the memory with reasons."""
    path = tmp_path / "list.txt"
    path.write_text("x\n" * 30)
    ignored = IgnoredLines()
    for number, _ in numbered_lines(path, ignored):
        ignored.add(f"{path}:{number}", "no")
    assert (ignored.count, len(ignored.first)) == (30, 20)
    assert str(ignored) == f"30 lines ignored, the first: {path}:1: no"


@pytest.mark.parametrize(
    "damage", [lambda packed: packed[:-10], lambda packed: packed[:20] + b"x" + packed[21:]]
)
def test_damaged_compression_is_one_sentence(tmp_path, damage):
    """Cut off, or with a changed byte."""
    path = tmp_path / "list.gz"
    path.write_bytes(damage(gzip.compress(bytes(range(97, 123)) * 1000, mtime=0)))
    with pytest.raises((ValueError, OSError), match=r"damaged or cut off|CRC|invalid"):
        list(numbered_lines(path, IgnoredLines()))
