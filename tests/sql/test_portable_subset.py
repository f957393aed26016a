"""Each SELECT is one text for all engines."""

import re

import pytest

from proxy_oa_assets.investigation.filters import Filters
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES, TABLES
from proxy_oa_assets.ranking import requests
from proxy_oa_assets.ranking.voices.topic_words import words_of_day
from proxy_oa_assets.sql import (
    analysts,
    check_counts,
    day_requests,
    day_summaries,
    day_tables,
    history,
    hunting,
    raw_log,
    threats,
)
from proxy_oa_assets.sql.conditions import EVERY_ROW, Rows, one_of
from proxy_oa_assets.sql.query import Query, any_row, days_with_rows, whole_day

DAY = Day.parse("2016-09-12")

# A term of every field, each negated as well.
_TERMS = (
    'a.example "b" /c/ host:d.example,*.e client:10.0.0.7,10.55.,fe80::1 uri:f method:post code:4xx,- type:g '
    "agent:h referer:i user:j category:k time:23:00-01:00 sent:>1MB received:1-2 verdict:>=low "
    "reason:beacon,/other/ severity:none,low"
)
FILTERS = Filters.parse(f"{_TERMS} {' '.join(f'-{term}' for term in _TERMS.split())}")
EVERY_TERM = FILTERS.on(Rows(PROXY, DAY))
SCORED = FILTERS.on(Rows(PROXY_SCORES, DAY, "s"))

QUERIES = [
    day_tables.edge_details(DAY),
    day_tables.ingest_summary(DAY),
    day_tables.full_connection_hours(DAY),
    day_tables.edges_of_scored_hours(DAY),
    analysts.ingest_summary(DAY, DAY),
    analysts.ingest_totals(DAY, DAY, 13),
    *(whole_day(table, DAY) for table in TABLES.values()),
    *(any_row(table, DAY) for table in TABLES.values()),
    check_counts.edge_counts(DAY),
    check_counts.summary_counts(DAY),
    check_counts.minutes_of_days(DAY, DAY),
    history.proxy_history(DAY),
    history.history_figures(DAY),
    history.history_counts(DAY),
    history.history_between(DAY, DAY),
    requests.cells(DAY),
    requests.uncommon(DAY),
    requests.columns_with_values(DAY),
    requests.times(DAY, ["a.example", "b.example"]),
    requests.telling_rows(DAY, ["a.example", "b.example"], 3),
    analysts.suspicious(DAY, SCORED, 9),
    analysts.suspicious(DAY, EVERY_ROW, None, given=True),
    analysts.severities_given(DAY.plus(-30), DAY.plus(-1)),
    analysts.given_to_uris(DAY.plus(-30), DAY.plus(-1), ["uri", "other"]),
    analysts.given_to_hosts(DAY.plus(-30), DAY.plus(-1), ["a.example", "b.example"]),
    analysts.changed_by_feedback(DAY, ("feedback", "own_domain")),
    analysts.details(DAY, "uri", "10.0.0.1"),
    analysts.scored_rows(DAY, ["uri", "other"]),
    analysts.timeline(DAY, "uri"),
    *(raw_log.found_per_second(DAY, uri) for uri in ("uri", "null")),
    *(
        select(DAY, uris)
        for select in (
            threats.requests_to,
            threats.referer_for,
            threats.connection_times,
            threats.earliest_requests,
        )
        for uris in (["uri"], ["uri", "null"])
    ),
    day_requests.clients_of_day(TABLES["proxy"], DAY),
    day_requests.requests_per_time(DAY, EVERY_TERM),
    day_requests.requests_at(DAY, EVERY_TERM, ["09:00:00", None], 9),
    day_requests.connections(DAY, EVERY_TERM),
    day_requests.scored_connections(DAY, SCORED),
    day_requests.severities(DAY),
    day_summaries.summaries(DAY, "clientip", EVERY_TERM, "useragents", first=["10.0.0.1"], limit=9),
    day_summaries.summaries(DAY, "host", EVERY_TERM, "requests", limit=9),
    day_summaries.day_totals(DAY, EVERY_TERM),
    day_summaries.clients_of(DAY, EVERY_TERM),
    day_requests.hosts_of(DAY, EVERY_TERM),
    days_with_rows(PROXY, DAY.plus(-300), DAY),
    days_with_rows(PROXY_SCORES, DAY, DAY),
    history.history_sightings(DAY.plus(-30), DAY, one_of("host", ["a", "b"])),
    threats.uris_of_host(DAY, "Host.example"),
    raw_log.found_rows(DAY, "uri", ["09:00:00", None], 9),
    threats.client_timeline(DAY, ["uri", "other"], 9),
    words_of_day(DAY),
    hunting.beacons(DAY, 7, 9),
    hunting.new_hosts(DAY, DAY.plus(-30), [DAY.plus(-2), DAY], 9),
]

# Reserved words of Impala (Impala SQL Reference, "Impala reserved words") that are plausible names in a query
# about traffic. `time`, `host`, `hour` and `minute` aren't reserved.
RESERVED = (
    "at cardinality case cast char collect column condition count cube current data date default "
    "describe element end entry every exec external filter first float following from full function "
    "get grouping hash hold identity in interval into join large last left like limit local location "
    "match member method no none null of offset on one only or order out outer over overlay "
    "parameter partition path pattern per percent portion position precision primary range rank ref "
    "references refresh release replace reset role row rows scope scroll search seek set show "
    "similar size skip some stats stored string subset symbol table then to trailing union unknown "
    "unnest update upsert use values varying view when whenever where window with "
).split()
NAMED = re.compile(r"\bAS ([a-z_]+)(?! *\()|\) ([a-z_]+)\b(?! *\()", re.IGNORECASE)
CLAUSES = set("as from where group order on union and or when then else end is like".split())


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_queries_use_the_portable_subset(query: Query) -> None:
    """No name that Impala reserves, no quoted name, no ||, and as many values as placeholders."""
    names = {name.lower() for found in NAMED.findall(query.sql) for name in found if name} - CLAUSES
    types = {"int", "string", "bigint", "float"}
    assert not (names - types) & set(RESERVED)
    assert not re.search(r'"|`|\|\||::', query.sql)
    assert query.sql.count("?") == len(query.parameters)
    for table in TABLES.values():
        assert not set(table.column_names) & set(RESERVED)
