import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.result_lines import TEXT_FIELDS, read_lines, reason_of, result_line, row_of

from proxy_oa_assets.ranking import results_file
from proxy_oa_assets.ranking.results_file import INT_FIELDS

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
    *(" ", " 1", "1 ", "1_0", "0x1p3", "1,5", "1e", "e5", ".", "--1", "1d", "\u0661"),
)


@given(st.fixed_dictionaries(dict.fromkeys(TEXT_FIELDS, FIELD)))
def test_every_text_field_comes_out_as_it_went_in(texts):
    """Nothing is quoted or escaped in the file, so any text is data; only the word null is NULL."""
    row = row_of(result_line(**texts))
    assert {name: row[name] for name in TEXT_FIELDS} == {
        name: None if text == "null" else text for name, text in texts.items()
    }


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["clientip", "fulluri", "useragent", "word"])
def test_hostile_text_is_data(name, text):
    """Quotes, backslashes, format marks, controls and separators neither split nor change a field."""
    assert row_of(result_line(**{name: text}))[name] == text


def test_a_quote_does_not_glue_lines_together():
    """A CSV reader lets a field that begins with a quote go on over line ends; this one doesn't."""
    agents = ['"Mozilla', "b", 'c"']
    reader, rejected = read_lines(*(result_line(useragent=agent) for agent in agents))
    assert rejected == []
    assert reader.frame["useragent"].tolist() == agents


def test_bytes_that_are_not_utf_8_do_not_cost_the_row():
    """As Spark reads them, they are U+FFFD; dropping the row would be a way to hide."""
    line = result_line(fulluri="@", useragent="@").replace(b"@", b"a\xff\xfe\xc3b")
    row = row_of(line)
    assert (row["fulluri"], row["useragent"]) == ("a\ufffd\ufffd\ufffdb",) * 2


@pytest.mark.parametrize("name", [*TEXT_FIELDS, *INT_FIELDS])
def test_the_word_null_is_null(name):
    """spot-ml writes NULL as null, in any column."""
    assert row_of(result_line(**{name: "null"}))[name] is None


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
    assert row_of(result_line(score=text))["score"] == score


@pytest.mark.parametrize("text", NO_SCORES)
def test_a_score_that_is_no_finite_float_is_malformed(text):
    """The column is FLOAT: what has no finite value there is rejected, and the reason names the column."""
    assert reason_of(result_line(score=text)).startswith("score ")


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_finite_float_is_a_score(score):
    """No number that spot-ml could have computed is rejected, and none changes."""
    read = row_of(result_line(score=repr(score)))["score"]
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
        *[("1024.0", 1024), ("1.5E3", 1500), ("2.147483647E9", 2147483647), ("NaN", None), ("nan", None)],
    ],
)
def test_a_whole_number_is_read_over_the_range_of_int(name, text, number):
    """duration, scbytes and csbytes are INT; an empty field is NULL."""
    assert row_of(result_line(**{name: text}))[name] == number


@pytest.mark.parametrize("name", INT_FIELDS)
@pytest.mark.parametrize("text", ["2147483648", "-2147483649", "99999999999", "5E9", "9" * 5000, "Infinity"])
def test_a_number_beyond_int_is_kept_as_the_limit(name, text):
    """The largest transfer is the last to lose; the true number is listed with its line."""
    reader, rejected = read_lines(result_line(), result_line(**{name: text}))
    assert rejected == []
    assert reader.frame[name][1] == (-(2**31) if text.startswith("-") else 2**31 - 1)
    assert reader.capped == [(2, name, text[:80])]


@pytest.mark.parametrize("text", ["1.5", "1e-3", "x", " 1", "1 ", "-", "0x10", "1_000", "\u0661", "NaN "])
def test_a_text_in_an_int_column_is_malformed(text):
    """What isn't a whole number is rejected by the column's name."""
    assert reason_of(result_line(scbytes=text)) == f"scbytes {text!r} is not a whole number"


@pytest.mark.parametrize("between", [" ", "T"])
@pytest.mark.parametrize("time", ["07:05:03", "07:05:03.25"])
def test_a_timestamp_is_the_date_and_the_time(between, time):
    """What passed through a column of timestamps is the day's row, with the time as its time."""
    row = row_of(result_line(p_date=f"2016-09-12{between}00:00:00", p_time=f"2016-09-12{between}{time}"))
    assert (row["p_date"], row["p_time"]) == ("2016-09-12", time)


@pytest.mark.parametrize("name", ["p_date", "duration", "score"])
def test_a_reason_is_short_however_long_the_field_is(name):
    """A reason goes into Dagster's history and a chat; the rejected line itself has the whole field."""
    assert len(reason_of(result_line(**{name: "x" * 100_000}))) < 150


def test_a_number_of_a_million_digits_is_refused_in_linear_time():
    """Digits with a letter behind them were divided before the point in every way: hours."""
    begin = time.process_time()
    assert results_file._NUMBER.fullmatch("1" * 1_000_000 + "x") is None
    assert time.process_time() - begin < 5
