from datetime import datetime, timedelta
from functools import partial

import pytest
from support.analysts_day import AnalystsDay

from proxy_oa_assets.investigation.hunting import beacons, new_hosts
from proxy_oa_assets.investigation.requests import client_requests, found_requests, host_requests
from proxy_oa_assets.investigation.search import earliest_found, expanded_search
from proxy_oa_assets.investigation.summaries import client_summaries, host_summaries
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY_HISTORY
from proxy_oa_assets.sql.history import proxy_history

C2, NEWS, LONE = "c2.example", "news.example", "lone.example"


def asked(host: str, client: str, first: str, *seconds: int, **columns: object) -> list[dict[str, object]]:
    """Return a client's requests to a host, each so many seconds after the first."""
    start = datetime.fromisoformat(f"2016-01-01T{first}")
    times = (f"{start + timedelta(seconds=second):%H:%M:%S}" for second in (0, *seconds))
    return [
        {"host": host, "fulluri": f"{host}/a", "clientip": client, "p_time": time, **columns}
        for time in times
    ]


def test_beacons_are_steady_visits(today: AnalystsDay) -> None:
    """Seven visits at one interval, give or take a tenth; what a page loads in one moment is one visit."""
    today.write_raw(
        *asked(C2, "10.0.0.1", "09:59:00", 300, 301, 605, 895, 1200, 1500, 5000),
        *asked(NEWS, "10.0.0.1", "09:00:00", 10, 400, 420, 1300, 1310, 4000, 4500),
        *asked(LONE, "10.0.0.2", "09:00:00", 60, 120, 180, 240),
        {"host": C2, "clientip": "10.0.0.3", "p_time": "12:60"},
        {"host": None, "clientip": None, "p_time": None},
    )
    deployment = today.deployment

    (beacon,) = beacons(today.day, deployment=deployment).to_dict("records")

    assert tuple(beacon.values()) == ("10.0.0.1", C2, 7, 302, 83, "09:59:00", "11:22:20", 2)
    shorter = beacons(today.day, visits=5, deployment=deployment)
    assert shorter[["host", "first", "clients"]].to_numpy().tolist() == [
        [LONE, "09:00:00", 1],
        [C2, "09:59:00", 2],
    ]
    assert len(beacons(today.day, visits=5, limit=1, deployment=deployment)) == 1


def test_new_hosts_are_those_of_no_earlier_day(today: AnalystsDay) -> None:
    """By history or raw log of the days before, as many as are asked for; without any, none is called new."""

    def raw(day: Day, *requests: dict[str, object]) -> None:
        AnalystsDay(today.home, day).write_raw(*requests)

    def history(day: Day, *requests: dict[str, object]) -> None:
        raw(day, *requests)
        today.deployment.impala.replace_day(PROXY_HISTORY, day, proxy_history(day))

    day = today.day.plus(3)
    raw(
        day, *asked(C2, "10.0.0.1", "10:00:00", 5, csbytes=7, scbytes=2), *asked(NEWS, "10.0.0.1", "11:00:00")
    )
    with pytest.raises(InvestigationError, match=r"no day of the 3 before .* has a log"):
        new_hosts(day, days=3, deployment=today.deployment)

    raw(today.day, *asked(NEWS, "10.0.0.2", "09:00:00"))
    history(today.day.plus(2), *asked(LONE, "10.0.0.2", "09:00:00"))

    for is_remembered in (False, True):
        if is_remembered:
            today.deployment.impala.replace_day(PROXY_HISTORY, day, proxy_history(day))
        (new,) = new_hosts(day, days=3, deployment=today.deployment).to_dict("records")
        assert tuple(new.values()) == (C2, 1, 2, 14, 4, "10:00:00")
    assert new_hosts(day, days=1, deployment=today.deployment)["host"].tolist() == [C2, NEWS]


def test_a_day_whose_requests_lack_client_and_host_has_neither(today: AnalystsDay) -> None:
    """Their columns are the same."""
    for day in (today.day, today.day.plus(1)):
        AnalystsDay(today.home, day).write_raw({"host": None, "clientip": None})
    found = beacons(today.day.plus(1), deployment=today.deployment)
    new = new_hosts(today.day.plus(1), days=1, deployment=today.deployment)

    assert found.empty
    assert list(found)[-3:] == ["first", "last", "clients"]
    assert new.empty
    assert list(new)[-1] == "first"


def test_a_day_without_a_log_is_refused(embedded_day: AnalystsDay) -> None:
    """By each function on raw requests; the message says which days there are."""
    day, deployment = embedded_day.day, embedded_day.deployment
    for find in (
        beacons,
        new_hosts,
        client_summaries,
        host_summaries,
        partial(found_requests, filters=""),
        partial(client_requests, clientip="10.0.0.1"),
        partial(host_requests, host=NEWS),
        partial(expanded_search, fulluri=NEWS),
        partial(earliest_found, fulluri=NEWS),
    ):
        with pytest.raises(InvestigationError, match=f"no log of {day}: .* no day yet"):
            find(day, deployment=deployment)
    AnalystsDay(embedded_day.home, day.plus(2)).write_raw({"host": NEWS})
    with pytest.raises(InvestigationError, match=f"has 1 day, from {day.plus(2)} to"):
        found_requests(day, "", deployment=deployment)
