import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.model.tsv import field, line, write_tsv

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        ("", ""),
        ("a\tb", "a b"),
        ("a\r\nb", "a b"),
        ("a\n\nb", "a  b"),
        ("a\rb", "a b"),
        ("\t", " "),
        ('say "hi"\\', 'say "hi"\\'),
        ("%s 'x' \U0001f600 \0", "%s 'x' \U0001f600 \0"),
        ("u\u2028v\x85w\x0bx", "u\u2028v\x85w\x0bx"),
        (7, "7"),
        (0, "0"),
        (1.2e-07, "1.2e-07"),
    ],
)
def test_a_field_stands_as_it_is_but_for_tabs_and_line_breaks(value, written):
    """Nothing is quoted or escaped; a tab or a line break is one space, NULL the word null."""
    assert field(value) == written


@given(st.lists(TEXT | st.none() | st.integers(), min_size=1, max_size=8))
def test_a_line_splits_into_its_fields_again(values):
    """The ranking job splits on LF, CR or CRLF, then on tabs: no value adds a field or a line."""
    written = line(values)
    assert written.endswith("\n")
    body = written.removesuffix("\n")
    assert "\n" not in body
    assert "\r" not in body
    assert body.split("\t") == [field(value) for value in values]


@given(TEXT)
def test_a_field_without_breaks_is_unchanged(text):
    """Every character but tab, LF and CR comes out as it went in."""
    harmless = text.translate(dict.fromkeys(map(ord, "\t\r\n")))
    assert field(harmless) == harmless


def test_a_file_is_a_header_and_the_rows(tmp_path):
    """UTF-8, LF, a header of the column names, then each row."""
    path = tmp_path / "new folder" / "rows.tsv"
    write_tsv(path, ("a", "b"), [(1, None), ("\u00e9", "x\ty")])
    assert path.read_bytes() == "a\tb\n1\tnull\n\u00e9\tx y\n".encode()


def test_a_file_without_rows_is_its_header(tmp_path):
    """No row is a file of one line, not a missing file."""
    write_tsv(tmp_path / "rows.tsv", ("a", "b"), [])
    assert (tmp_path / "rows.tsv").read_bytes() == b"a\tb\n"


def test_a_failure_while_writing_leaves_the_old_file(tmp_path):
    """Rows that stop half-way don't leave half a file."""
    path = tmp_path / "rows.tsv"
    write_tsv(path, ("a",), [("old",)])

    def rows():
        yield ("new",)
        raise RuntimeError("stopped half-way")

    with pytest.raises(RuntimeError, match="stopped half-way"):
        write_tsv(path, ("a",), rows())
    assert path.read_bytes() == b"a\nold\n"
    assert list(tmp_path.iterdir()) == [path]
