from collections.abc import Callable

import pytest
from support.analysts_day import AnalystsDay
from support.home import Home

from proxy_oa_assets.investigation.several_days import Sightings, search_days, sightings
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY_HISTORY, records
from proxy_oa_assets.sql.history import proxy_history

FIRST = Day.parse("2015-12-30")
LAST = FIRST.plus(4)


@pytest.fixture(scope="module")
def home(new_module_home: Callable[..., Home]) -> Home:
    """Days around a new year: two with history, one with raw rows alone, one without anything, the last."""
    found = new_module_home()
    days = [AnalystsDay(found, day) for day in FIRST.through(LAST)]

    def request(host: str, client: str, time: str = "09:00:00", path: str = "/x") -> dict[str, object]:
        return {"fulluri": f"{host}{path}", "host": host, "clientip": client, "p_time": time}

    days[0].write_raw(
        request("Evil.test", "a"), request("evil.test", "b", "7:00:00"), request("ok.test", "a")
    )
    days[1].write_raw(request("ok.test", "a"))
    days[2].write_raw(request("evil.test", "a"), request("evil.test", "a", path="/y"))
    days[4].write_raw(request("evil.test", "c"), request("evil.test", "c"), request("ok.test", "b"))
    for day in (days[0], days[1], days[4]):
        found.deployment.impala.replace_day(PROXY_HISTORY, day.day, proxy_history(day.day))
    return found


def test_a_search_counts_each_day(home: Home) -> None:
    """A row per day that has a log, with nothing for one without a match."""
    found = search_days(FIRST.key, LAST, "evil.test", deployment=home.deployment)

    assert list(found.columns) == ["day", "requests", "clients", "hosts", "first", "last"]
    assert list(records(found)) == [
        ("2015-12-30", 2, 2, 2, "07:00:00", "09:00:00"),
        ("2015-12-31", 0, 0, 0, None, None),
        ("2016-01-01", 2, 1, 1, "09:00:00", "09:00:00"),
        ("2016-01-03", 2, 1, 1, "09:00:00", "09:00:00"),
    ]
    whole = search_days("1970-01-01", "2099-12-31", "evil.test", deployment=home.deployment)
    assert whole.equals(found)
    assert search_days(FIRST.plus(3), FIRST.plus(3), "", deployment=home.deployment).empty
    by_block = search_days(LAST, LAST, "client:10.0.0.0/31", deployment=home.deployment)
    assert by_block["requests"].tolist() == [0]


def test_sightings_come_from_history_and_else_from_the_raw_log(home: Home) -> None:
    """Of a host in any case, a client, or exactly a URI, pasted or not; days without traffic aren't known."""

    def seen(**what: object) -> tuple[list[tuple[object, ...]], int, int, int]:
        found: Sightings = sightings(LAST, deployment=home.deployment, **what)
        assert found.days == len(found.by_day)
        assert found.requests == sum(found.by_day["requests"])
        return (
            list(records(found.by_day[["day", "requests", "clients"]])),
            found.clients,
            found.days_known,
            found.days,
        )

    evil = [("2015-12-30", 2, 2), ("2016-01-01", 2, 1), ("2016-01-03", 2, 1)]
    assert seen(host="EVIL.test") == (evil, 3, 4, 3)
    assert seen(host="hxxps://EVIL[.]test/") == (evil, 3, 4, 3)
    assert seen(fulluri="hxxp://evil[.]test/x") == seen(fulluri="evil.test/x")
    assert seen(clientip="a") == (
        [("2015-12-30", 2, 1), ("2015-12-31", 1, 1), ("2016-01-01", 2, 1)],
        1,
        4,
        3,
    )
    assert seen(fulluri="evil.test/x") == (
        [("2015-12-30", 1, 1), ("2016-01-01", 1, 1), ("2016-01-03", 2, 1)],
        3,
        4,
        3,
    )
    assert seen(host="evil.test", back=1) == ([("2016-01-03", 2, 1)], 1, 1, 1)
    assert seen(fulluri="none.test/") == ([], 0, 4, 0)
    assert sightings(LAST, host="evil.test", deployment=home.deployment).first_day == "2015-12-30"
    assert sightings(LAST, host="none.test", deployment=home.deployment).first_day is None


def test_what_cannot_be_searched_is_refused(home: Home) -> None:
    """Days the wrong way round, several things at once, a wrong filter."""
    with pytest.raises(InvestigationError, match="is before the first"):
        search_days(LAST, FIRST, "x", deployment=home.deployment)
    with pytest.raises(InvestigationError, match="is no field"):
        search_days(FIRST, LAST, "clinet:x", deployment=home.deployment)
    for wrong in ({}, {"host": "a", "clientip": "b"}, {"host": "a", "back": -1}):
        with pytest.raises(InvestigationError, match="one host, fulluri or clientip"):
            sightings(LAST, deployment=home.deployment, **wrong)
