import pytest
from support.analysts_day import AnalystsDay

from proxy_oa_assets.investigation.materialized_days import materialized_days
from proxy_oa_assets.model.errors import InvestigationError


def test_days_with_scores_are_listed_the_newest_first(today: AnalystsDay) -> None:
    """A day that has raw requests alone isn't one of them."""
    raw, later = (AnalystsDay(today.home, today.day.plus(number)) for number in (1, 2))
    for day in (today, later):
        day.write_scores({"host": "a.example", "fulluri": "a.example/b"})
    raw.write_raw({"host": "a.example", "fulluri": "a.example/b"})
    # On a cluster, other tests have days before and after these.
    listed = [day for day in materialized_days(today.deployment) if today.day <= day <= later.day]
    assert listed == [later.day, today.day]


def test_a_home_without_days_says_how_to_make_one(embedded_day: AnalystsDay) -> None:
    """The message names both commands."""
    with pytest.raises(InvestigationError, match="proxy-oa run --date YYYY-MM-DD`, or `proxy-oa demo`"):
        materialized_days(embedded_day.deployment)
