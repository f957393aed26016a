import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.conf import RESULT_FIELDS
from proxy_oa_assets.days import Day
from proxy_oa_assets.frames import records
from proxy_oa_assets.results import INT_FIELDS, ResultsReader

DAY = Day.parse("2016-09-12")
GOOD = dict.fromkeys(RESULT_FIELDS, "x") | {
    "p_date": DAY.key,
    "p_time": "07:05:03",
    "clientip": "10.0.0.1",
    "duration": "12",
    "scbytes": "34",
    "csbytes": "56",
    "fulluri": "evil.example/a?b",
    "score": "1.2345E-7",
}
TEXT_FIELDS = [name for name in RESULT_FIELDS if name not in (*INT_FIELDS, "p_date", "score")]
# What spot-ml can write into a field: any text without a tab or a line feed.
FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n"))
HOSTILE = (
    *('"', '""', '"a', "a\\", "\\' OR 1=1 -- ", "%s%d%(x)s", "'", "<b>", "\U0001f600", "\ufeff", "\ufffd"),
    *("\0", "\r", "a\r\rb", "\u2028\u2029", "\x85\x0b\x0c\x1c", "", " ", " x "),
    *("NULL", "None", "nan", "007", "1e5"),
)
NO_SCORES = (
    *(
        "NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "1e400",
        "-1e400",
        "1e39",
        "3.5E38",
        "9" * 5000,
        "null",
        "",
    ),
    *(" ", " 1", "1 ", "1.2E-7\r", "1_0", "0x1p3", "1,5", "1e", "e5", ".", "--1", "1d", "\u0661"),
)


def _line(**changed):
    return "\t".join((GOOD | changed).values()).encode("utf-8") + b"\n"


def _read(*lines, limit=500, columns=RESULT_FIELDS):
    """Return the reader after reading, and its rejected lines."""
    reader = ResultsReader(columns, DAY, limit)
    rejected = list(reader.rejected_lines(lines))
    return reader, rejected


def _row(line):
    """Return the one good row of a line, by column."""
    reader, rejected = _read(line)
    assert rejected == []
    ((*values,),) = records(reader.frame)
    return dict(zip(RESULT_FIELDS, values, strict=True))


def _reason(line):
    """Return why a line is malformed."""
    reader, (rejected,) = _read(line)
    assert reader.frame.empty
    return rejected.reason


@given(st.fixed_dictionaries(dict.fromkeys(TEXT_FIELDS, FIELD)))
def test_every_text_field_comes_out_as_it_went_in(texts):
    """Nothing is quoted or escaped in the file, so any text is data; only the word null is NULL."""
    row = _row(_line(**texts))
    assert {name: row[name] for name in TEXT_FIELDS} == {
        name: None if text == "null" else text for name, text in texts.items()
    }


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["clientip", "fulluri", "useragent", "word"])
def test_hostile_text_is_data(name, text):
    """Quotes, backslashes, format marks, controls and separators neither split nor change a field."""
    assert _row(_line(**{name: text}))[name] == text


def test_a_quote_does_not_glue_lines_together():
    """A CSV reader lets a field that begins with a quote go on over line ends; this one doesn't."""
    reader, rejected = _read(_line(useragent='"Mozilla'), _line(useragent="b"), _line(useragent='c"'))
    assert rejected == []
    assert reader.frame["useragent"].tolist() == ['"Mozilla', "b", 'c"']


def test_bytes_that_are_not_utf_8_do_not_cost_the_row():
    """As Spark reads them, they are U+FFFD; dropping the row would be a way to hide."""
    line = _line(fulluri="@", useragent="@").replace(b"@", b"a\xff\xfe\xc3b")
    row = _row(line)
    assert (row["fulluri"], row["useragent"]) == ("a\ufffd\ufffd\ufffdb",) * 2


@pytest.mark.parametrize("name", [*TEXT_FIELDS, *INT_FIELDS])
def test_the_word_null_is_null(name):
    """spot-ml writes NULL as null, in any column."""
    assert _row(_line(**{name: "null"}))[name] is None


@pytest.mark.parametrize(
    ("text", "score"),
    [
        *[
            ("1.2345E-7", 1.2345e-7),
            ("1.2E-7", 1.2e-7),
            ("0.0", 0.0),
            ("-0.5", -0.5),
            ("1", 1.0),
            ("1.", 1.0),
        ],
        *[(".5", 0.5), ("+1e+3", 1000.0), ("3.4E38", 3.4e38), ("1e-400", 0.0), ("4.9E-324", 4.9e-324)],
    ],
)
def test_a_score_is_read_as_spark_writes_doubles(text, score):
    """Scientific notation with a capital E, and every other finite form."""
    assert _row(_line(score=text))["score"] == score


@pytest.mark.parametrize("text", NO_SCORES)
def test_a_score_that_is_no_finite_float_is_malformed(text):
    """The column is FLOAT: what has no finite value there is rejected, and the reason names the column."""
    assert _reason(_line(score=text)).startswith("score ")


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_finite_float_is_a_score(score):
    """No number that spot-ml could have computed is rejected, and none changes."""
    read = _row(_line(score=repr(score)))["score"]
    assert read == score
    assert math.copysign(1, read) == math.copysign(1, score)


@pytest.mark.parametrize("name", INT_FIELDS)
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("007", 7),
        ("-1", -1),
        ("+5", 5),
        ("2147483647", 2147483647),
        ("-2147483648", -2147483648),
        ("", None),
    ],
)
def test_a_whole_number_is_read_over_the_range_of_int(name, text, number):
    """duration, scbytes and csbytes are INT; an empty field is NULL."""
    assert _row(_line(**{name: text}))[name] == number


@pytest.mark.parametrize("name", INT_FIELDS)
@pytest.mark.parametrize("text", ["2147483648", "-2147483649", "99999999999", "9" * 5000])
def test_a_number_beyond_int_is_malformed_and_said_to_be_beyond(name, text):
    """A count that overflows is neither cut nor NULL, and the reason tells it from a text."""
    assert _reason(_line(**{name: text})) == f"{name} {text!r} is beyond the range of INT"


@pytest.mark.parametrize("text", ["1.0", "1e3", "x", " 1", "1 ", "-", "0x10", "1_000", "\u0661", "NaN"])
def test_a_text_in_an_int_column_is_malformed(text):
    """What isn't a whole number is rejected by the column's name."""
    assert _reason(_line(scbytes=text)) == f"scbytes {text!r} is not a whole number"


@pytest.mark.parametrize("count", [1, 20, 22])
def test_another_number_of_fields_is_malformed(count):
    """A tab in a field, or a line cut short, shifts every later column; so the line is rejected."""
    line = b"\t".join([*_line().rstrip(b"\n").split(b"\t"), b"x"][:count]) + b"\n"
    assert _reason(line) == f"{count} fields instead of 21"


@pytest.mark.parametrize("line", [b"\n", b"\r\n", b"\t" * 20 + b"\n"])
def test_a_blank_line_is_malformed(line):
    """Nothing is lost silently, not even a line without content."""
    assert _reason(line)


@pytest.mark.parametrize("date", ["2016-09-13", "20160912", "2016-9-12", "", "null", "2016-09-12 ", "P_DATE"])
def test_another_date_is_malformed(date):
    """A row of another day would land in this day's partition."""
    assert _reason(_line(p_date=date)).startswith("p_date ")


def test_a_rejected_line_has_its_number_and_content():
    """Line numbers count from 1 over all lines, good ones too; the content is the line as it stands."""
    bad = _line(score="bad", useragent='"\\')
    reader, rejected = _read(_line(), bad, _line(), b"short\tline\n", _line())
    assert [(line.number, line.content) for line in rejected] == [
        (2, bad.decode().removesuffix("\n")),
        (4, "short\tline"),
    ]
    assert (reader.lines_read, reader.rejected, len(reader.frame)) == (5, 2, 3)


def test_the_last_line_may_lack_its_line_feed():
    """A file that ends without a line feed has as many rows."""
    assert _row(_line().removesuffix(b"\n"))["score"] == 1.2345e-7


def test_the_limit_counts_good_rows():
    """Malformed lines don't use up the limit: the analyst gets as many rows as asked for, if there are."""
    lines = [_line(score="bad"), _line(word="a"), b"\n", _line(word="b"), _line(word="c"), _line(score="bad")]
    reader, rejected = _read(*lines, limit=2)
    assert reader.frame["word"].tolist() == ["a", "b"]
    assert [line.number for line in rejected] == [1, 3]
    assert reader.lines_read == 4


def test_a_limit_beyond_the_file_gives_the_whole_file():
    """Fewer rows than the limit are all of them."""
    assert len(_read(_line(), _line(), limit=10**9)[0].frame) == 2


def test_reading_stops_with_the_limit():
    """The file can be of any size: no more than one line past the last row is even fetched."""
    fetched = itertools.count()
    reader = ResultsReader(RESULT_FIELDS, DAY, limit=3)
    assert list(reader.rejected_lines(_line() for _ in fetched)) == []
    assert (len(reader.frame), reader.lines_read) == (3, 3)
    assert next(fetched) <= 4


def test_rows_keep_the_file_s_order_and_repetitions():
    """Most suspicious first is the file's order; equal rows stay two rows."""
    words = ["c", "a", "b", "a"]
    assert _read(*(_line(word=word) for word in words))[0].frame["word"].tolist() == words


def test_the_conf_decides_the_columns_places():
    """A site's reordered columns are put in order, and its own further columns left out."""
    columns = ("tenant", *reversed(RESULT_FIELDS))
    line = "\t".join(["acme", *reversed(GOOD.values())]).encode() + b"\n"
    frame = _read(line, columns=columns)[0].frame
    assert list(records(frame)) == list(records(_read(_line())[0].frame))
    assert list(frame.columns) == list(RESULT_FIELDS)


@pytest.mark.parametrize("lines", [[], [_line()], [_line(duration="null", scbytes="", useragent="null")]])
def test_the_frame_has_the_same_types_whatever_was_read(lines):
    """Text is str, the INT columns are nullable Int32, the score is float64: for no row as well."""
    dtypes = _read(*lines)[0].frame.dtypes.astype(str).to_dict()
    assert dtypes == dict.fromkeys(RESULT_FIELDS, "str") | dict.fromkeys(INT_FIELDS, "Int32") | {
        "score": "float64"
    }
