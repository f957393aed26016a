"""The coverage statement: what a day's rows can't show."""

import dataclasses

import pytest

from proxy_oa_assets.ingest.coverage import RawFigures, coverage
from proxy_oa_assets.model.tables import PROXY

ALL = RawFigures(
    rows=100,
    clients=30,
    hosts=50,
    connects=10,
    own=0,
    filled=dict.fromkeys(PROXY.column_names, 90),
)


def without(*columns: str, **changed: int) -> list[str]:
    filled = ALL.filled | dict.fromkeys(columns, 0)
    return list(coverage(dataclasses.replace(ALL, filled=filled, **changed)).values())


def test_a_log_that_has_all_needs_no_word() -> None:
    """Some rows without a value, as CONNECT has none, are no gap."""
    assert coverage(ALL) == {}


@pytest.mark.parametrize(
    ("column", "blind"),
    [
        ("useragent", "rare programs and scripts don't stand out"),
        ("referer", "incidents have no chain"),
        ("csbytes", "uploads are invisible"),
        ("duration", "timelines have no duration"),
    ],
)
def test_an_empty_column_is_named_with_what_follows(column: str, blind: str) -> None:
    """One sentence for each: the column, and what can't be seen without it."""
    (sentence,) = without(column)
    assert sentence.startswith(f"{column} is empty: ")
    assert blind in sentence


def test_connect_only_is_one_sentence() -> None:
    """What CONNECT never has isn't listed column by column."""
    missing = ("useragent", "referer", "resconttype", "uriquery", "uripath")
    (sentence,) = without(*missing, connects=100)
    assert sentence.startswith("CONNECT only: ")
    assert without(connects=62) == [
        "62% of the requests are CONNECT: only their host, port and bytes are known"
    ]


def test_few_clients_make_prevalence_blind() -> None:
    """Four clients behind a gateway, or the address of a proxy; five are enough."""
    (sentence,) = without(clients=4)
    assert sentence.startswith("4 clients: prevalence is blind")
    assert without(clients=1)[0].startswith("1 client: prevalence is blind")
    assert without(clients=5) == []


def test_stripped_queries_and_the_proxy_as_client_are_named() -> None:
    """Squid strips queries by default; a log from outside a proxy has its address as the client's."""
    assert "strip_query_terms" in without("uriquery")[0]
    assert "the client is the server, too, in 3 requests" in without(own=3)[0]


def test_a_day_without_rows_has_no_statement() -> None:
    """Every column is empty then, which says nothing about the log."""
    assert without(*PROXY.column_names, rows=0, clients=0) == []
