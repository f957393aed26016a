import re

import pytest

from benchmarks.hostile_values import READERS, seconds, shapes

# Characters: for four times as many, linear readers take four times as long, quadratic ones sixteen times.
SHORT, LONG = 1 << 13, 1 << 15
# Processor seconds, which are counted in steps of some milliseconds.
COUNTED = 0.05


@pytest.mark.parametrize("name", READERS)
def test_a_long_value_costs_a_reader_time_that_grows_as_its_length(name: str) -> None:
    """Whatever one repeats, whoever can send a request can't hold a day or an analyst for hours."""
    read = READERS[name]
    short, long = shapes(SHORT), shapes(LONG)

    # A cost of milliseconds at that length is no hazard, and can't be compared.
    costly = [shape for shape, value in long.items() if seconds(read, value) > COUNTED]
    slower = {
        shape: (before, after)
        for shape in costly
        if (after := min(seconds(read, long[shape]) for _ in range(3)))
        > 10 * max(COUNTED / 10, before := min(seconds(read, short[shape]) for _ in range(3)))
    }
    assert not slower


def test_a_quadratic_reader_is_noticed() -> None:
    """The comparison can fail: a search for blanks at the end begins at each of them."""
    long = shapes(LONG)
    assert any(seconds(re.compile(r"\s+$").search, long[shape]) > COUNTED for shape in long)
