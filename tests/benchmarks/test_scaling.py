import pytest

from benchmarks.scaling_tables import Cost, Ranked, Size, cluster_table, growth, growth_table, ranking_table

SIZES = [
    Size(
        rows,
        {
            "edges": Cost(read=rows * 2e-5, seconds=3 + rows * 3.6e-6),
            "history": Cost(read=rows * 1e-5, shuffled=1e-9 * rows**2),
        },
        Ranked({}, rows // 2, rows * 1e-4, 300 + rows * 1e-3),
    )
    for rows in (100_000, 200_000, 400_000)
]


@pytest.mark.parametrize(
    ("figure", "exponent"),
    [
        (lambda size: size.costs["edges"].read, 1),
        (lambda size: size.costs["history"].shuffled, 2),
        (lambda _: 7, 0),
    ],
)
def test_growth_is_the_power_of_the_raw_rows(figure, exponent):
    """Figures that follow a power exactly give it, and any other day's figure, with nothing off."""
    found = growth(SIZES, figure)
    assert found.exponent == pytest.approx(exponent, abs=1e-9)
    assert found.off == pytest.approx(0, abs=1e-9)
    assert found.at(400_000) == pytest.approx(figure(SIZES[-1]))


def test_growth_says_how_far_a_figure_is_off():
    """A figure beside the fit counts, the farthest one alone."""
    values = {100_000: 1, 200_000: 4, 400_000: 4}
    assert growth(SIZES, lambda size: values[size.rows]).off > 0.2


def test_a_figure_that_is_nothing_has_no_growth():
    """A statement without a shuffle has no line of it in the table."""
    assert growth(SIZES, lambda size: size.costs["edges"].shuffled) is None
    assert "edges: shuffled" not in growth_table(SIZES)
    assert "| history: shuffled | 2.00 | 0% |" in growth_table(SIZES)


def test_a_statement_s_start_is_no_cost_of_its_rows():
    """Core hours are of the rows between two sizes: 3.6 us a row are one hour of 10^9 rows."""
    assert "| 1,000,000,000 | 1 | 1 of 16 cores | " in cluster_table(SIZES)


def test_the_ranking_s_process_grows_along_a_line():
    """300 MB of libraries and 1 kB a row: so many rows fit in a process."""
    text = ranking_table(SIZES)
    assert "1,000 GB for 1,000,000,000" in text
    assert "16 million in 16 GB" in text


def test_days_too_small_to_tell_have_no_cluster():
    """Where the larger day took less than the smaller one, no cost of a row is made up."""
    assert cluster_table(SIZES[::2]).startswith("| raw rows |")
    assert "measure larger days" in cluster_table(
        [SIZES[0], Size(SIZES[1].rows, {"edges": Cost(seconds=1)}, SIZES[1].ranked)]
    )
