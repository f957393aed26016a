import errno
import itertools
from pathlib import Path

import pytest
from support.result_lines import DAY, GOOD, read_lines, reason_of, result_line, row_of

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.errors import ResultsError
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.ranking.results_file import INT_FIELDS, ResultsReader, read_results


@pytest.mark.parametrize("count", [1, 20, 22])
def test_another_number_of_fields_is_malformed(count):
    """A tab in a field, or a line cut short, shifts every later column; so the line is rejected."""
    line = b"\t".join([*result_line().rstrip(b"\n").split(b"\t"), b"x"][:count]) + b"\n"
    assert reason_of(line) == f"{count} fields instead of 21"


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b"\t" * 20 + b"\n"])
def test_a_blank_line_is_malformed(line):
    """Nothing is lost silently, not even a line without content."""
    assert reason_of(line)


@pytest.mark.parametrize("date", ["2016-09-13", "20160912", "2016-9-12", "", "null", "2016-09-12 ", "P_DATE"])
def test_another_date_is_malformed(date):
    """A row of another day would land in this day's partition."""
    assert reason_of(result_line(p_date=date)).startswith("p_date ")


def test_a_rejected_line_has_its_number_and_content():
    """Line numbers count from 1 over all lines, good ones too; the content is the line as it stands."""
    bad = result_line(score="bad", useragent='"\\')
    reader, rejected = read_lines(result_line(), bad, result_line(), b"short\tline\n", result_line())
    assert [(line.number, line.content) for line in rejected] == [
        (2, bad.decode().removesuffix("\n")),
        (4, "short\tline"),
    ]
    assert (reader.lines_read, reader.rejected, len(reader.frame)) == (5, 2, 3)


def test_the_last_line_may_lack_its_line_feed():
    """A file that ends without a line feed has as many rows."""
    assert row_of(result_line().removesuffix(b"\n"))["score"] == 1.2345e-7


def test_lines_that_end_in_cr_lf_are_read_without_the_cr():
    """A Windows program's file has as many rows; its byte order mark costs the first one nothing."""
    crlf = result_line().replace(b"\n", b"\r\n")
    reader, rejected = read_lines(b"\xef\xbb\xbf" + crlf, result_line(useragent="a\rb"), crlf)
    assert rejected == []
    assert reader.frame["score"].tolist() == [1.2345e-7] * 3
    assert reader.frame["useragent"].tolist() == ["x", "a\rb", "x"]
    assert reader.crlf_lines == 2


def test_a_line_of_any_length_costs_itself_alone(tmp_path):
    """Memory is bounded: a line beyond 16 MiB is malformed, and the lines around it are read."""
    copy = tmp_path / "proxy_results.csv"
    with copy.open("wb") as file:
        file.writelines([result_line(word="a"), b"x" * (40 << 20), b"\n", result_line(word="b")])
    reader = read_results(copy, RESULT_FIELDS, DAY, limit=500)
    assert reader.frame["word"].tolist() == ["a", "b"]
    assert (reader.rejected, reader.first_reason) == (1, "longer than 16 MiB")


def test_a_copy_that_cannot_be_read_is_named(tmp_path):
    """As on a disk that fails, and not the file of rejected lines that is written beside it."""
    copy = tmp_path / "proxy_results.csv"
    copy.symlink_to("/proc/self/mem")
    with pytest.raises(OSError, match="Input/output error") as caught:
        read_results(copy, RESULT_FIELDS, DAY, limit=500)
    assert caught.value.filename == str(copy)


def test_results_without_a_bad_line_leave_no_file_of_them_where_a_disk_fails(tmp_path, monkeypatch):
    """A file with its header alone would be neither the former one nor none."""
    copy = tmp_path / "proxy_results.csv"
    copy.write_bytes(result_line())

    def refused(path, **_):
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(Path, "unlink", refused)
    with pytest.raises(OSError, match="Input/output error"):
        read_results(copy, RESULT_FIELDS, DAY, limit=500)
    assert list(tmp_path.iterdir()) == [copy]


def test_compressed_parts_without_a_line_are_empty_results(tmp_path):
    """Spark's empty gzip parts have bytes; the error says that they have no row."""
    copy = tmp_path / "proxy_results.csv"
    copy.touch()
    with pytest.raises(ResultsError, match="is empty"):
        read_results(copy, RESULT_FIELDS, DAY, limit=500)
    assert list(tmp_path.iterdir()) == [copy]


def test_the_limit_counts_good_rows():
    """Malformed lines don't use up the limit: the analyst gets as many rows as asked for, if there are."""
    lines = [
        result_line(score="bad"),
        result_line(word="a"),
        b"\n",
        result_line(word="b"),
        result_line(word="c"),
        result_line(score="bad"),
    ]
    reader, rejected = read_lines(*lines, limit=2)
    assert reader.frame["word"].tolist() == ["a", "b"]
    assert [line.number for line in rejected] == [1, 3]
    assert reader.lines_read == 4


def test_a_limit_beyond_the_file_gives_the_whole_file():
    """Fewer rows than the limit are all of them."""
    assert len(read_lines(result_line(), result_line(), limit=10**9)[0].frame) == 2


def test_reading_stops_with_the_limit():
    """The file can be of any size: no more than one line past the last row is even fetched."""
    fetched = itertools.count()
    reader = ResultsReader(RESULT_FIELDS, DAY, limit=3)
    assert list(reader.rejected_lines(result_line() for _ in fetched)) == []
    assert (len(reader.frame), reader.lines_read) == (3, 3)
    assert next(fetched) <= 4


def test_rows_keep_the_file_s_order_and_repetitions():
    """Most suspicious first is the file's order; equal rows stay two rows."""
    words = ["c", "a", "b", "a"]
    assert read_lines(*(result_line(word=word) for word in words))[0].frame["word"].tolist() == words


def test_the_conf_decides_the_columns_places():
    """A site's reordered columns are put in order, and its own further columns left out."""
    columns = ("tenant", *reversed(RESULT_FIELDS))
    line = "\t".join(["acme", *reversed(GOOD.values())]).encode() + b"\n"
    frame = read_lines(line, columns=columns)[0].frame
    assert list(records(frame)) == list(records(read_lines(result_line())[0].frame))
    assert list(frame.columns) == list(RESULT_FIELDS)


@pytest.mark.parametrize(
    "lines", [[], [result_line()], [result_line(duration="null", scbytes="", useragent="null")]]
)
def test_the_frame_has_the_same_types_whatever_was_read(lines):
    """Text is str, the INT columns are nullable Int32, the score is float64: for no row as well."""
    dtypes = read_lines(*lines)[0].frame.dtypes.astype(str).to_dict()
    assert dtypes == dict.fromkeys(RESULT_FIELDS, "str") | dict.fromkeys(INT_FIELDS, "Int32") | {
        "score": "float64"
    }
