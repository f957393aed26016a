import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.model.day import Day, spans
from proxy_oa_assets.model.errors import DayError

NO_DAYS = (
    *("", "today", "2016-9-12", "20160912", "12-09-2016", "2016-09-12 ", "2016-09-12\n", " 2016-09-12"),
    "2016-09-1\N{DEVANAGARI DIGIT TWO}",
)


@pytest.mark.parametrize("key", NO_DAYS)
def test_only_year_month_day_is_a_key(key):
    """Anything but YYYY-MM-DD is refused, with the text and an example in the message."""
    with pytest.raises(DayError) as caught:
        Day.parse(key)
    assert repr(key) in str(caught.value)
    assert "2016-09-12" in str(caught.value)


@pytest.mark.parametrize("key", ["2015-02-29", "2016-13-01", "2016-00-10", "2016-04-31", "0000-01-01"])
def test_a_date_that_no_calendar_has_is_refused(key):
    """A key of the right form whose date doesn't exist is refused by name."""
    with pytest.raises(DayError, match=key):
        Day.parse(key)


def test_a_day_gives_its_folder_and_numbers():
    """The contract's two forms: YYYYMMDD in folder names, plain numbers in our partitions."""
    day = Day.parse("2016-09-02")
    assert (day.key, str(day), day.folder) == ("2016-09-02", "2016-09-02", "20160902")
    assert (day.y, day.m, day.d) == (2016, 9, 2)


@given(st.dates())
def test_every_date_survives_its_key_and_folder(date):
    """Key and folder name keep the date of any year."""
    day = Day(date)
    assert Day.parse(day.key) == day
    assert day.folder == day.key.replace("-", "")


def test_plus_crosses_months_and_leap_days():
    """`plus` counts calendar days, in both directions."""
    assert Day.parse("2016-02-28").plus(1).key == "2016-02-29"
    assert Day.parse("2016-03-01").plus(-1).key == "2016-02-29"
    assert Day.parse("2016-12-31").plus(1).key == "2017-01-01"
    assert Day.parse("2016-12-31").plus(0).key == "2016-12-31"


@pytest.mark.parametrize(("key", "days"), [("0001-01-02", -2), ("9999-12-31", 1)])
def test_plus_beyond_the_calendar_is_refused(key, days):
    """Sample days before the year 1, say, are a wrong day like any other."""
    with pytest.raises(DayError, match=key):
        Day.parse(key).plus(days)


def test_days_sort_by_date():
    """Days compare by date, not by text."""
    keys = ["2016-10-01", "2015-12-31", "2016-09-30"]
    assert [day.key for day in sorted(map(Day.parse, keys))] == sorted(keys)


def test_days_in_a_row_are_one_span():
    """Over the end of a month, too, and in any order."""
    days = [Day.parse(key) for key in ("2016-10-05", "2016-10-01", "2016-09-29", "2016-09-30", "2016-10-03")]
    assert spans(days) == "2016-09-29 to 2016-10-01, 2016-10-03, 2016-10-05"
    assert spans([]) == ""
