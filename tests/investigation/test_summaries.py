from collections.abc import Callable

import pytest
from support.analysts_day import AnalystsDay
from support.home import Home

from proxy_oa_assets.investigation.filters import exactly
from proxy_oa_assets.investigation.listed import Listed
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.summaries import client_summaries, host_summaries
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import records

DAY = Day.parse("2016-01-01")
VICTIM, QUIET, BUSY = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def request(client: str | None, uri: str, **more: object) -> dict[str, object]:
    return {"clientip": client, "fulluri": uri, "host": uri.partition("/")[0], **more}


@pytest.fixture(scope="module")
def day(new_module_home: Callable[..., Home]) -> AnalystsDay:
    """A victim with many user agents, a quiet client, a busy one, and rows without a client or host."""
    today = AnalystsDay(new_module_home(), DAY)
    today.write_raw(
        *(
            request(VICTIM, uri, useragent=agent, resconttype=kind, p_time=time, csbytes=10, scbytes=size)
            for uri, agent, kind, time, size in [
                ("kit.test/a", "Java", "text/html", "9:00:00", 100),
                ("kit.test/a", "Flash", "text/html", "09:00:01", 100),
                ("kit.test/b", "Browser", "application/pdf", "09:00:02", 100),
                ("cdn.test/", "-", "-", "09:00:03", None),
            ]
        ),
        request(QUIET, "kit.test/a", useragent="Browser", p_time="08:00:00"),
        *(
            request(
                BUSY, f"news.test/{n}", useragent="Browser", resconttype="text/html", p_time=f"10:00:0{n}"
            )
            for n in range(6)
        ),
        request(None, "news.test/0", host=None, useragent=None, p_time=None),
    )
    today.write_scores(
        request(VICTIM, "kit.test/a", ml_score=0.5, word="near", uri_rep="a:ODD:2"),
        request(VICTIM, "kit.test/b", ml_score=0.25, word="kit=1.2", uri_rep=""),
        request(QUIET, "kit.test/a", ml_score=0.75, word="rare_host=2", uri_rep="a:ODD:2"),
        request(BUSY, "news.test/0", ml_score=0.875, word="popular=-1", uri_rep="a:OLD:1::b:BAD:3"),
    )
    # Of the raw log alone, and of the list.
    score(DAY, 2, "cdn.test/", deployment=today.deployment)
    score(DAY, 3, "news.test/0", deployment=today.deployment)
    return today


def rows(found: Listed, *columns: str) -> list[tuple[object, ...]]:
    return list(records(found.frame[list(columns)]))


def test_a_client_is_summed_up_in_a_row(day: AnalystsDay) -> None:
    """Its requests and what they were, and the worst that is known of it; NULL is the word `null`."""
    found = client_summaries(DAY, deployment=day.deployment)

    assert found.total == 4
    assert tuple(found.frame.columns) == (
        *(
            "clientip",
            "requests",
            "connections",
            "hosts",
            "useragents",
            "content_types",
            "csbytes",
            "scbytes",
        ),
        *("uri_rep", "ml_score", "word", "uri_sev", "first", "last"),
    )
    assert list(records(found.frame)) == [
        (BUSY, 6, 6, 1, 1, 1, 6, 6, "a:OLD:1::b:BAD:3", 0.875, "popular=-1", 3, "10:00:00", "10:00:05"),
        (VICTIM, 4, 3, 2, 3, 2, 40, 300, "a:ODD:2", 0.25, "kit=1.2", 2, "09:00:00", "09:00:03"),
        (QUIET, 1, 1, 1, 1, 0, 1, 1, "a:ODD:2", 0.75, "rare_host=2", 0, "08:00:00", "08:00:00"),
        ("null", 1, 1, 1, 0, 0, 1, 1, None, None, None, 3, None, None),
    ]


def test_a_host_is_summed_up_in_a_row(day: AnalystsDay) -> None:
    """With its clients, and a connection for each client and URI."""
    found = host_summaries(DAY, deployment=day.deployment)
    assert rows(found, "host", "requests", "connections", "clients", "useragents", "ml_score", "uri_sev") == [
        ("news.test", 6, 6, 1, 1, 0.875, 3),
        ("kit.test", 4, 3, 2, 3, 0.25, 0),
        ("cdn.test", 1, 1, 1, 0, None, 2),
        ("null", 1, 1, 1, 0, None, 3),
    ]


def test_the_hosts_of_a_client_and_the_clients_of_a_host(day: AnalystsDay) -> None:
    """By filters; what is known is that of the connections between both."""
    hosts = host_summaries(DAY, filters=exactly("client", QUIET), deployment=day.deployment)
    assert rows(hosts, "host", "requests", "ml_score", "word") == [("kit.test", 1, 0.75, "rare_host=2")]
    clients = client_summaries(DAY, filters=exactly("host", "kit.test"), deployment=day.deployment)
    assert rows(clients, "clientip", "requests", "hosts", "uri_sev") == [(VICTIM, 3, 1, 0), (QUIET, 1, 1, 0)]
    late = client_summaries(DAY, filters="time:>=09:00:03", deployment=day.deployment)
    assert rows(late, "clientip", "requests", "ml_score") == [(BUSY, 6, 0.875), (VICTIM, 1, 0.25)]


def test_any_column_orders_all_rows_and_not_those_of_a_page(day: AnalystsDay) -> None:
    """The most, the earliest or the gravest first."""
    orders = {
        **dict.fromkeys(("useragents", "csbytes", "clientip", "ml_score", "uri_sev"), VICTIM),
        **dict.fromkeys(("connections", "uri_rep"), BUSY),
        "first": QUIET,
    }
    found = {
        order: client_summaries(DAY, order=order, limit=1, deployment=day.deployment) for order in orders
    }
    assert {order: page.frame["clientip"].tolist() for order, page in found.items()} == {
        order: [client] for order, client in orders.items()
    }
    assert {page.total for page in found.values()} == {4}


@pytest.mark.parametrize("order", ["requests", "uri_rep"])
def test_pages_give_each_row_once(day: AnalystsDay, order: str) -> None:
    """In the order of the whole."""
    whole = client_summaries(DAY, order=order, deployment=day.deployment).frame
    for at in (0, 3):
        page = client_summaries(DAY, order=order, offset=at, limit=3, deployment=day.deployment)
        assert page.frame.equals(whole.iloc[at : at + 3].reset_index(drop=True))


def test_a_summary_of_nothing_is_empty(day: AnalystsDay) -> None:
    """With the same columns, also where the worst orders it."""
    for order in ("requests", "uri_rep"):
        found = client_summaries(DAY, filters="no.such.uri", order=order, deployment=day.deployment)
        assert (found.total, len(found.frame), len(found.frame.columns)) == (0, 0, 14)


def test_an_unknown_order_is_refused(day: AnalystsDay) -> None:
    """Naming those that there are."""
    with pytest.raises(InvestigationError, match="order is 'size'; it is one of clientip, requests"):
        client_summaries(DAY, order="size", deployment=day.deployment)
