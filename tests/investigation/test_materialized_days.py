from collections.abc import Callable

import pytest
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.investigation.materialized_days import materialized_days
from proxy_oa_assets.model.errors import InvestigationError


def test_days_are_listed_the_newest_first_and_their_lack_is_an_error(new_home: Callable[..., Home]) -> None:
    """A day with scores counts; one that has raw requests alone doesn't."""
    home = new_home()
    with pytest.raises(InvestigationError, match="proxy-oa run --date"):
        materialized_days(home.deployment)
    days = [home.write_sample(SAMPLE_DAY.plus(offset), views=5) for offset in (0, 20, 21)]
    for day in days[:2]:
        assert home.materialize(day).success
    assert materialized_days(home.deployment) == [days[1], days[0]]
