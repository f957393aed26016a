import re

import pandas as pd

from proxy_oa_assets.investigation.story.range_plot import counts_of, moment, range_svg
from proxy_oa_assets.model.day import Day

FIRST = Day.parse("2016-02-28")
LAST = Day.parse("2016-03-01")


def test_each_time_of_the_range_has_its_place() -> None:
    """Other days, such as late requests of the night before, and texts that are no time count nowhere."""
    rows = [
        ("2016-02-28 00", 1),
        ("2016-02-29 13", 2),
        ("2016-03-01 23", 3),
        ("2016-02-27 23", 9),
        ("2016-03-02 00", 9),
        ("<script> 10", 9),
        (None, 9),
    ]
    counts = counts_of(pd.DataFrame(rows, columns=["counted_at", "total"]), FIRST, LAST, "hour")
    assert {place: count for place, count in enumerate(counts) if count} == {0: 1, 37: 2, 71: 3}
    assert len(counts) == 72
    assert moment(FIRST, "hour", 37) == "2016-02-29 13:00"
    assert moment(FIRST, "day", 2) == "2016-03-01"


def test_the_plot_shows_whole_numbers_and_names_its_days() -> None:
    """Few requests get no fractions on the axis, and a range without any can be drawn."""
    for counts in ([1, 0, 2], [0, 0, 0]):
        svg = range_svg(counts, FIRST, LAST, "day")
        assert f"{FIRST} to {LAST}, {sum(counts)} requests" in svg
        labels = re.findall(r'text-anchor="end" font-size="13">([^<]*)<', svg)
        assert labels == ["0", "1", "2"]
    assert re.findall(r'text-anchor="middle" font-size="13">([^<]*)<', svg) == [
        *("02-28", "12:00", "02-29", "12:00", "03-01", "12:00", "03-02"),
    ]
