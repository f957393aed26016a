"""The ranking of a day: its (client, host) pairs in order, with reasons, from the raw requests alone.

A few SELECTs on the engine reduce the raw rows to cells, times and the telling rows. All else is done in a
DuckDB connection of the ranking's own, so that both deployments rank alike. Its temporary tables, in order:

- `cell`: a row per client, host and user agent, with the facts
- `host`: what is known of each host by its name (`hosts.py`)
- `past`: the days before (`history.py`)
- `agent`, `client`, `site`, `network`, `past_...`: figures of each (`pairs.py`)
- `times`: when which pairs asked for what
- `pair`: a row per client and host
- `sign`: the signals of each pair, 0 to 1
- `ranked`: the pairs in order
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking import pairs, requests
from proxy_oa_assets.ranking.adjusting import adjust
from proxy_oa_assets.ranking.context import surround
from proxy_oa_assets.ranking.history import read_past
from proxy_oa_assets.ranking.hosts import describe_hosts
from proxy_oa_assets.ranking.reasons import in_words
from proxy_oa_assets.ranking.signal import Signal, all_signals, facts_of
from proxy_oa_assets.ranking.signs import MIDDLE, ranked, scored, signs, silent
from proxy_oa_assets.ranking.voices.voice import Hearing, hear

if TYPE_CHECKING:
    from proxy_oa_assets.model.day import Day
    from proxy_oa_assets.ranking.feedback import Feedback
    from proxy_oa_assets.ranking.host_lists import Lists
    from proxy_oa_assets.ranking.voices.voice import Voice
    from proxy_oa_assets.ranking.weights import Weights
    from proxy_oa_assets.resources.impala import Warehouse
    from proxy_oa_assets.sql.query import Query

# Requests that are shown of a pair, at most, and of all pairs.
ROWS_PER_PAIR = 3
_MOST_ROWS = 5_000
_MOST_PAIRS = 1_000
# What a pair needs to have intervals worth looking at.
_LEAST_REQUESTS = 6
_LEAST_SPAN = 900  # seconds
_FEW_CLIENTS, _SHARE_OF_CLIENTS = 10, 0.05
_MOST_REGULAR = 2_000  # pairs
_PAGE_LEADS = 10  # hosts to which the pair led the client: that is a page
# Hosts that one statement names.
_HOSTS = 2_000
# How far a further row of a pair stands behind the first one: so many points times log2 of its number.
_FURTHER = 0.1
# Reasons that the day's statement names.
_TOLD = 3
_RAW_FIELDS = tuple(name for name in RESULT_FIELDS if name not in ("word", "score"))


@dataclass(frozen=True)
class RankedDay:
    """A day's pairs in order, their most telling requests, and what stands out.

    `pairs` has the columns place, clientip, host, points, score, word, stands_out, and one per signal, from 0
    to 1. `rows` has those of `RESULT_FIELDS`, the lowest score first. `history_days` of the days before had a
    request. `silent` are the signals that miss something on the day, and what. `notes` are what the second
    voices say of how it went.
    """

    pairs: pa.Table
    rows: pa.Table
    statement: str
    history_days: int
    silent: dict[str, str]
    notes: tuple[str, ...] = ()


def rank_day(
    warehouse: Warehouse,
    day: Day,
    *,
    weights: Weights,
    lists: Lists,
    history_days: int = 14,
    feedback: Feedback | None = None,
    voices: Sequence[Voice] = (),
) -> RankedDay:
    """Rank a day's raw requests, heard by second voices too. A day without any request has no pairs."""
    # One thread: the tables are small, and more of them take a tenth more processor time.
    with closing(duckdb.connect(":memory:", config={"threads": 1})) as connection:
        signals = all_signals()
        days = make_pairs(connection, warehouse, day, signals, lists=lists, history_days=history_days)
        silenced = sign_pairs(connection, signals, days)
        notes = hear(voices, Hearing(connection, warehouse, day, weights))
        order_pairs(connection, [*signals, *(voice.signal for voice in voices)], weights)
        if feedback:
            adjust(connection, feedback, weights.bars)
        rows = _telling_rows(connection, warehouse, day)
        ranked = connection.sql("SELECT * FROM ranked ORDER BY place").to_arrow_table()
        return RankedDay(ranked, rows, _statement(connection), days, silenced, tuple(notes))


def make_pairs(
    connection: duckdb.DuckDBPyConnection,
    warehouse: Warehouse,
    day: Day,
    signals: Sequence[Signal],
    *,
    lists: Lists,
    history_days: int,
) -> int:
    """Make the tables from `cell` to `pair`; return how many of the days before had a request."""
    connection.execute(pairs.MACROS)
    _load(connection, "raw_cell", warehouse, requests.cells(day))
    _load(connection, "raw_uncommon", warehouse, requests.uncommon(day))
    _load(connection, "column_values", warehouse, requests.columns_with_values(day))
    connection.execute(pairs.CELLS)
    connection.execute(pairs.UNCOMMON)
    describe_hosts(connection, lists)
    days = read_past(connection, warehouse, day, history_days)
    for statement in (pairs.AGENTS, pairs.CLIENTS, pairs.NETWORK, pairs.SITES, pairs.PAST):
        connection.execute(statement)
    connection.execute(pairs.pairs((*pairs.FACTS, *facts_of(signals))))
    _load_times(connection, warehouse, day)
    return days


def sign_pairs(
    connection: duckdb.DuckDBPyConnection, signals: Sequence[Signal], history_days: int
) -> dict[str, str]:
    """Make the table `sign`; return the signals that are silent on the day, and why."""
    silenced = silent(signals, _columns_without_values(connection), history_days)
    connection.execute(signs(signals, silenced))
    return silenced


def order_pairs(connection: duckdb.DuckDBPyConnection, signals: Sequence[Signal], weights: Weights) -> None:
    """Make the tables `scored` and `ranked` from `sign`."""
    connection.execute(scored(signals, weights))
    surround(connection, weights.context)
    connection.execute(ranked(signals, weights))


def _columns_without_values(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the columns in which no request of the day has a value."""
    # What figures of the cells tell needn't be counted again.
    told = {
        "useragent": "count(useragent)",
        "referer": "sum(requests - cold - tunnels)",
        "scbytes": "sum(received)",
        "csbytes": "sum(sent)",
    }
    counts = connection.sql(
        f"""SELECT column_values.*, cells.* FROM column_values,
        (SELECT {", ".join(f"{sql} AS {name}" for name, sql in told.items())} FROM cell) cells"""
    )
    return [name for name, count in zip(counts.columns, counts.fetchall()[0], strict=True) if not count]


def _load(connection: duckdb.DuckDBPyConnection, name: str, warehouse: Warehouse, query: Query) -> None:
    """Make a temporary table of a query's rows."""
    connection.register("loaded", warehouse.arrow_table(query))
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM loaded")
    connection.unregister("loaded")


def _load_times(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, day: Day) -> None:
    """Make `times` of the pairs that can have regular intervals."""
    # What no page asks for comes first, of rare sites, for the longest time.
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE regular AS
        SELECT clientip, host FROM pair
        WHERE requests >= {_LEAST_REQUESTS} AND last_second - first_second >= {_LEAST_SPAN}
            AND NOT popular AND NOT internal AND leads_to < {_PAGE_LEADS}
            AND site_clients <= greatest({_FEW_CLIENTS}, {_SHARE_OF_CLIENTS} * all_clients)
        ORDER BY round(greatest(cold + tunnels, sends) / requests, 1) DESC, site_clients,
            last_second - first_second DESC, clientip, host
        LIMIT {_MOST_REGULAR}"""
    )
    hosts = _spellings(connection, "SELECT DISTINCT host FROM regular")
    connection.execute("DROP TABLE IF EXISTS raw_times")
    for first in range(0, max(len(hosts), 1), _HOSTS):
        query = requests.times(day, hosts[first : first + _HOSTS] or [""])
        _append(connection, "raw_times", warehouse, query)
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE times AS
        SELECT r.clientip, lower(r.host) AS host, reqmethod, uripath, second_of(clock) AS second,
            CAST(sum(requests) AS BIGINT) AS requests, max(size) AS size,
            sum(unreferred) / sum(requests) AS cold
        FROM raw_times r JOIN regular ON regular.clientip = r.clientip AND regular.host = lower(r.host)
        GROUP BY ALL"""
    )


def _append(connection: duckdb.DuckDBPyConnection, name: str, warehouse: Warehouse, query: Query) -> None:
    connection.register("loaded", warehouse.arrow_table(query))
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} AS SELECT * FROM loaded LIMIT 0")
    connection.execute(f"INSERT INTO {name} SELECT * FROM loaded")
    connection.unregister("loaded")


def _spellings(connection: duckdb.DuckDBPyConnection, hosts: str) -> list[str]:
    """Return the hosts as the log writes them."""
    return [
        name
        for (name,) in connection.sql(
            f"SELECT DISTINCT host FROM raw_cell WHERE lower(host) IN ({hosts}) ORDER BY host"
        ).fetchall()
    ]


def _telling_rows(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, day: Day) -> pa.Table:
    """Return the most telling requests of the first pairs, in the columns of `RESULT_FIELDS`."""
    hosts = _spellings(connection, f"SELECT host FROM ranked WHERE place <= {_MOST_PAIRS}")
    connection.execute("DROP TABLE IF EXISTS told")
    for first in range(0, max(len(hosts), 1), _HOSTS):
        query = requests.telling_rows(day, hosts[first : first + _HOSTS] or [""], ROWS_PER_PAIR)
        _append(connection, "told", warehouse, query)
    names = ", ".join(_RAW_FIELDS)
    return connection.sql(
        f"""SELECT {names}, word, 1 / (1 + exp(behind - {MIDDLE})) AS score
        FROM (
            SELECT told.*, word, place, points - {_FURTHER} * log2(nth) AS behind
            FROM told JOIN ranked ON ranked.clientip = told.clientip AND ranked.host = lower(told.host)
            WHERE place <= {_MOST_PAIRS}
            -- Of several requests at one time, one.
            QUALIFY row_number() OVER (PARTITION BY told.clientip, fulluri ORDER BY nth) = 1)
        ORDER BY behind DESC, place, nth LIMIT {_MOST_ROWS}"""
    ).to_arrow_table()


def _statement(connection: duckdb.DuckDBPyConnection) -> str:
    """Return what stands out in a sentence; its hosts are data, to be escaped where it is shown."""
    count, clients = connection.sql(
        "SELECT count(*), count(DISTINCT clientip) FROM ranked WHERE stands_out"
    ).fetchall()[0]
    if not count:
        return "nothing stands out"
    client, host, word = connection.sql(
        "SELECT clientip, host, word FROM ranked WHERE stands_out ORDER BY place LIMIT 1"
    ).fetchall()[0]
    because = ", ".join(in_words(word, most=_TOLD)[:_TOLD])
    verb = "stands" if count == 1 else "stand"
    return (
        f"{counted(count, 'connection')} of {counted(clients, 'client')} {verb} out, "
        f"first {client} to {host}: {because}"
    )
