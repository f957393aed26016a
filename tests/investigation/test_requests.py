from collections.abc import Callable

import pytest
from support.analysts_day import AnalystsDay
from support.home import Home

from proxy_oa_assets.investigation import listed, requests
from proxy_oa_assets.investigation.listed import Listed
from proxy_oa_assets.investigation.requests import (
    client_requests,
    found_requests,
    host_requests,
    requests_of,
)
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError

DAY = Day.parse("2016-01-01")
VICTIM, OTHER = "10.0.0.1", "10.0.0.2"


def request(
    uri: str | None, time: str | None, client: str | None = VICTIM, **more: object
) -> dict[str, object]:
    host = uri and uri.partition("/")[0]
    return {"fulluri": uri, "host": host, "p_time": time, "clientip": client, **more}


@pytest.fixture(scope="module")
def day(new_module_home: Callable[..., Home]) -> AnalystsDay:
    """A client's way to a payload among other requests, of which two connections are scored."""
    today = AnalystsDay(new_module_home(), DAY)
    today.write_raw(
        request("site.test/", "9:59:00"),
        request("ads.test/x", "10:00:00", referer="http://site.test/"),
        request("kit.test/land", "10:00:01"),
        request("kit.test/land", "10:00:01", username="b"),
        request("kit.test/load", "10:02:01", reqmethod="POST"),
        request("kit.test/land", "10:00:01", OTHER),
        request("Kit.test/land", "10:00:02", OTHER),
        request("late.test/", None),
        request(None, "23:59:59", None),
        request("null", "23:59:58", "null"),
    )
    today.write_scores(
        request("kit.test/load", "10:02:01", word="beacon=1", ml_score=0.25, uri_rep="a:BAD:3")
        | {"time": "10:02:01"},
        {"fulluri": "kit.test/land", "clientip": OTHER, "ml_score": 0.5, "word": "near"},
    )
    score(DAY, 1, "kit.test/load", deployment=today.deployment)
    return today


def times(found: Listed) -> list[object]:
    return found.frame["p_time"].tolist()


def test_a_clients_day_is_its_raw_requests_in_time_order(day: AnalystsDay) -> None:
    """With the severity of the URI, and score, reasons and verdicts of the client's own connection."""
    found = client_requests(DAY, VICTIM, deployment=day.deployment)

    assert (found.total, found.offset, found.following) == (6, 0, None)
    assert found.frame["fulluri"].tolist() == [
        *("site.test/", "ads.test/x", "kit.test/land", "kit.test/land", "kit.test/load", "late.test/")
    ]
    assert tuple(found.frame.columns) == (
        *("p_date", "p_time", "clientip", "username", "duration", "fulluri", "webcat", "respcode"),
        *("reqmethod", "useragent", "resconttype", "referer", "uriport", "serverip", "scbytes", "csbytes"),
        *("host", "uri_sev", "ml_score", "word", "uri_rep"),
    )
    assert found.frame["uri_sev"].tolist() == [0, 0, 0, 0, 1, 0]
    assert found.frame["word"].fillna("").tolist() == ["", "", "", "", "beacon=1", ""]
    assert found.frame["ml_score"].dropna().tolist() == [0.25]
    assert found.frame["uri_rep"].dropna().tolist() == ["a:BAD:3"]


def test_a_hosts_day_has_its_clients(day: AnalystsDay) -> None:
    """The host as the log has it; a filter narrows it."""
    found = host_requests(DAY, "kit.test", deployment=day.deployment)
    assert found.frame["clientip"].tolist() == [VICTIM, VICTIM, OTHER, VICTIM]
    assert host_requests(DAY, "kit.test", filters="method:POST", deployment=day.deployment).total == 1


def test_a_window_is_so_many_minutes_before_and_after_a_time(day: AnalystsDay) -> None:
    """Its ends included, within the day; a time without a leading zero, too."""

    def around(time: str, minutes: float, client: str = VICTIM) -> list[object]:
        return times(client_requests(DAY, client, around=time, minutes=minutes, deployment=day.deployment))

    assert around("10:00:01", 2) == ["9:59:00", "10:00:00", "10:00:01", "10:00:01", "10:02:01"]
    assert around("10:00:01", 1) == ["10:00:00", "10:00:01", "10:00:01"]
    assert around("10:00:01", 0) == ["10:00:01", "10:00:01"]
    assert around("9:58", 1) == ["9:59:00"]
    assert around("00:00:10", 60 * 24) == ["9:59:00", "10:00:00", "10:00:01", "10:00:01", "10:02:01"]
    assert around("23:59:59.5", 1, "null") == ["23:59:58", "23:59:59"]


def test_a_null_client_is_the_word_null(day: AnalystsDay) -> None:
    """As in the ranked results, which can't tell them apart."""
    found = client_requests(DAY, "null", deployment=day.deployment)
    assert found.frame["fulluri"].fillna("NULL").tolist() == ["null", "NULL"]
    assert host_requests(DAY, "null", deployment=day.deployment).total == 2


def test_pages_are_parts_of_one_order(day: AnalystsDay, monkeypatch: pytest.MonkeyPatch) -> None:
    """Page after page gives each row once, wherever a second's rows are cut; totals count all."""
    whole = found_requests(DAY, "", deployment=day.deployment)
    assert whole.total == len(whole.frame) == 10
    for limit in (1, 3):
        pages = [
            found_requests(DAY, "", offset=at, limit=limit, deployment=day.deployment)
            for at in range(0, 10, limit)
        ]
        rows = [
            row
            for page in pages
            for row in page.frame[["p_time", "fulluri", "username"]].fillna("").to_numpy().tolist()
        ]
        assert rows == whole.frame[["p_time", "fulluri", "username"]].fillna("").to_numpy().tolist()
        assert {page.total for page in pages} == {10}
        if limit == 3:
            assert [page.following for page in pages] == [3, 6, 9, None]
    monkeypatch.setattr(listed, "MOST_NAMED", 1)
    named = found_requests(DAY, "", offset=4, limit=3, deployment=day.deployment)
    assert named.frame.equals(whole.frame.iloc[4:7].reset_index(drop=True))


def test_a_page_beyond_the_last_row_is_empty(day: AnalystsDay) -> None:
    """With the total, as for a filter that nothing fits, which has the same columns."""
    beyond = found_requests(DAY, "", offset=100, deployment=day.deployment)
    nothing = found_requests(DAY, "no.such.uri", deployment=day.deployment)
    assert (beyond.total, len(beyond.frame), nothing.total, len(nothing.frame)) == (10, 0, 0, 0)
    assert list(beyond.frame.columns) == list(nothing.frame.columns)
    assert len(nothing.frame.columns) == 21


def test_requests_of_connections_are_all_of_theirs_and_no_others(
    day: AnalystsDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client's requests to a URI, not those of the other's clients or URIs; however many connections."""
    wanted = [(VICTIM, "kit.test/land"), (OTHER, "Kit.test/land"), ("null", "null"), (VICTIM, "none.test/")]
    found = requests_of(DAY, wanted, deployment=day.deployment)
    assert found[["clientip", "fulluri"]].fillna("null").to_numpy().tolist() == [
        *([VICTIM, "kit.test/land"], [VICTIM, "kit.test/land"], [OTHER, "Kit.test/land"]),
        *(["null", "null"], ["null", "null"]),
    ]
    assert found["uri_sev"].tolist() == [0] * 5
    assert requests_of(DAY, [], deployment=day.deployment).empty
    monkeypatch.setattr(requests, "MOST_NAMED", 1)
    assert requests_of(DAY, wanted, deployment=day.deployment).equals(found)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"limit": 0}, "limit is 0"),
        ({"offset": -1}, "offset is -1"),
        ({"around": "noon"}, "is no time; write it like 09:41:07"),
        ({"around": "25:00"}, "is no time"),
        ({"around": "10:00", "minutes": -1}, "is no time"),
        ({"filters": "clinet:10.0.0.1"}, "clinet: is no field"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_remedy(
    embedded_day: AnalystsDay, wrong: dict[str, object], message: str
) -> None:
    """Before anything is read."""
    with pytest.raises(InvestigationError, match=message):
        client_requests(DAY, VICTIM, deployment=embedded_day.deployment, **wrong)
