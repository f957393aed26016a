"""Where the ranking puts what is labelled on real days, without history, and that clean days have nothing.

Counts are of distinct (client, host) pairs. `benchmarks.ranking_quality` prints the figures of more days.
"""

from pathlib import Path

import pytest

from benchmarks.attack_days.catalogue import cases
from benchmarks.ranking_quality import measured, shipped_ranker

_LABELLED = ("2018-02-06", "2015-08-27", "2015-06-10")
_CLEAN = ("2015-08-20", "2018-01-30", "2018-01-31")
_BLANKED = tuple(f"{day}, blanked by {blank}" for day in _LABELLED[:2] for blank in ("NULL", "-"))


@pytest.mark.parametrize("name", [*_LABELLED, *_CLEAN, *_BLANKED])
def test_day_keeps_its_limits(name: str, test_data: Path) -> None:
    """Attacks stand first, the confirmed ones early; a clean day has nothing that stands out.

    So it is, too, without paths, methods, types, agents and referers.
    """
    (result,) = measured([case for case in cases(test_data) if case.name == name], shipped_ranker(None))
    assert result.fits, result.line
