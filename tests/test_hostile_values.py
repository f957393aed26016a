import re

import pytest

from benchmarks.hostile_values import READERS, seconds, shapes

# Linear readers take some milliseconds of processor time for so many characters, quadratic ones hundreds.
LENGTH, MOST = 1 << 12, 0.04


@pytest.mark.parametrize("name", READERS)
def test_a_long_value_costs_a_reader_milliseconds(name: str) -> None:
    """Of any shape: no request can hold a day or an analyst for hours."""
    read = READERS[name]

    assert not [
        shape
        for shape, value in shapes(LENGTH).items()
        if seconds(read, value) > MOST and min(seconds(read, value) for _ in range(3)) > MOST
    ]


def test_a_quadratic_reader_is_noticed() -> None:
    """The limit can be passed: this search for a defanged dot begins at each blank."""
    read = re.compile(r"\s*[\[({<]\s*(?:\.|dot)\s*[\])}>]").search

    assert any(seconds(read, value) > MOST for value in shapes(LENGTH).values())
