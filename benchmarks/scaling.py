"""What days of 10^9 and 10^10 raw rows cost, by measured growth, and what breaks first: docs/scaling.md.

    python -m benchmarks.scaling [--rows 250000 500000 1000000 2000000]

A generated day's clients, sites and connections grow with its rows, as those of a larger network do. Spark
runs in this process (pyspark, Java 17); the ranking runs in processes of its own, whose memory is measured.
"""

import argparse
import resource
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
from pydantic import PrivateAttr
from typing_extensions import override

from benchmarks.day_sql import run_day
from benchmarks.document import DOCS, machine, table, write_measured
from benchmarks.figures import in_fresh_process, peak_memory
from benchmarks.generated_day import DAY, GeneratedDay, connected, generated_day, write_scores
from benchmarks.scaling_tables import (
    Cost,
    Ranked,
    Size,
    cluster_table,
    growth_table,
    number,
    ranking_table,
    statement_table,
)
from benchmarks.spark_day import CORES, MEMORY, spark
from benchmarks.stressed_day import in_limited_process, skewed, under_limit
from proxy_oa_assets.model.tables import PROXY_HISTORY
from proxy_oa_assets.ranking import requests
from proxy_oa_assets.ranking.day_ranking import rank_day
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.weights import read_weights
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.sql import check_counts, day_tables
from proxy_oa_assets.sql.history import history_counts, proxy_history
from proxy_oa_assets.sql.query import Query

DOCUMENT = DOCS / "scaling.md"
_SIZES = (250_000, 500_000, 1_000_000, 2_000_000)
# Raw rows of the network that the generator knows as 1.
_USUAL = 2_000_000
_SCORED = 500
_RANKING = ("cells", "uncommon requests", "columns with values", "times", "telling rows")
_LIMITS = ("60MB", "240MB")
_SHORT = 0.6  # of the memory that a ranking takes
_NO_BROADCAST = {
    "spark.sql.autoBroadcastJoinThreshold": "-1",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "-1",
}


# What shuffles and holds the most, and what joins.
_LARGEST = {
    "edges": day_tables.edge_details(DAY),
    "ranking: cells": requests.cells(DAY),
    "history": proxy_history(DAY),
}


class _Recording(DuckDBWarehouse):
    """A warehouse that keeps the queries it answered, with the rows and MB of the answers."""

    _answered: list[tuple[Query, int, float]] = PrivateAttr(default_factory=list)

    @override
    def arrow_table(self, query: Query) -> pa.Table:
        answer = super().arrow_table(query)
        self._answered.append((query, answer.num_rows, answer.nbytes / 1e6))
        return answer

    @property
    def answered(self) -> list[tuple[Query, int, float]]:
        """The queries in order."""
        return self._answered


def ranked(generated: GeneratedDay, limit: int | None = None) -> Ranked:
    """Rank the day, in at most so many bytes; call it in a fresh process."""
    if limit:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    warehouse = _Recording(base=str(generated.base))
    rank_day(warehouse, DAY, weights=read_weights(), lists=Lists(), history_days=0)
    queries = {name: query for name, (query, _, _) in zip(_RANKING, warehouse.answered, strict=True)}
    rows = sum(rows for _, rows, _ in warehouse.answered)
    return Ranked(queries, rows, sum(size for _, _, size in warehouse.answered), peak_memory())


def prepared(rows: int) -> GeneratedDay:
    """Return a day whose tables are filled; call it in a fresh process."""
    generated = generated_day(rows, network=rows / _USUAL)
    warehouse = generated.warehouse()
    write_scores(warehouse, generated.ranked_rows(_SCORED, "TRUE"))
    run_day(warehouse)
    warehouse.replace_day(PROXY_HISTORY, DAY, proxy_history(DAY))
    return generated


def statements(ranking: Mapping[str, Query]) -> dict[str, Query]:
    """Return every statement of a day that reads raw rows, by name."""
    return {
        "history": proxy_history(DAY),
        **{f"ranking: {name}": query for name, query in ranking.items()},
        "summary": day_tables.ingest_summary(DAY),
        "edges": day_tables.edge_details(DAY),
        "check of edges": check_counts.edge_counts(DAY),
        "check of summary": check_counts.summary_counts(DAY),
        "check of history": history_counts(DAY),
    }


def measured(rows: int) -> Size:
    """Measure a day of that many raw rows."""
    generated = in_fresh_process(prepared, rows)
    ranking = in_fresh_process(ranked, generated)
    with spark(generated) as started:
        return Size(rows, started.costs(statements(ranking.queries)), ranking)


def stress_table(size: Size, folder: Path) -> str:
    """Return a table of what changes on Spark by a busy connection, and by a join without a broadcast."""
    generated, lines = generated_day(size.rows, network=size.rows / _USUAL), list[tuple[object, ...]]()

    def add(under: str, costs: Mapping[str, Cost]) -> None:
        for name, cost in costs.items():
            before = size.costs[name]
            pairs = [
                (before.shuffled, cost.shuffled),
                (before.widest, cost.widest),
                (before.held, cost.held),
                (before.seconds, cost.seconds),
            ]
            figures = [f"{number(one)}, {number(other)}" for one, other in pairs]
            lines.append((name, under, *([cost.error] if cost.error else figures)))

    with spark(in_fresh_process(skewed, generated, folder / "skewed")) as started:
        add("one connection with half of the rows", started.costs(_LARGEST))
    with spark(generated, _NO_BROADCAST) as started:
        add("no broadcast join", started.costs({"edges": _LARGEST["edges"]}))
    header = ("shuffled, MB", "most of it in a task, MB", "held by a task, MB", "processor s")
    return table(("statement", "under", *(f"{name}: before, then" for name in header)), lines)


def memory_table(size: Size) -> str:
    """Return a table of how statements end in a process that may take less memory than they would."""
    generated, lines = generated_day(size.rows, network=size.rows / _USUAL), list[tuple[object, ...]]()
    for limit in _LIMITS:
        ends = in_fresh_process(under_limit, generated, list(_LARGEST.values()), limit)
        lines += [
            (name, f"DuckDB's memory_limit {limit}", end) for name, end in zip(_LARGEST, ends, strict=True)
        ]
    most = _SHORT * size.ranked.peak
    ends_as = in_limited_process(ranked, generated, most)
    lines.append(("ranking", f"a process of {number(most)} MB, of {number(size.ranked.peak)}", ends_as))
    return table(("statement", "memory", "how it ends"), lines)


def layout_table(size: Size) -> str:
    """Return a table of how large the day's files are, by compression and order of their rows."""
    generated, lines = generated_day(size.rows, network=size.rows / _USUAL), []
    for compression in ("snappy", "zstd"):
        for order in ("p_time", "clientip, host, p_time"):
            written = 0
            with tempfile.TemporaryDirectory() as folder, connected() as connection:
                target = Path(folder, "hour.parquet")
                for file in generated.files:
                    rows = connection.sql(f"SELECT * FROM read_parquet(?) ORDER BY {order}", params=[file])
                    rows.write_parquet(str(target), compression=compression)
                    written += target.stat().st_size
            lines.append((compression, order, number(written / 1e6), number(written / size.rows)))
    return table(("compression", "rows of an hour by", "MB", "bytes a row"), lines)


def main() -> None:
    """Measure, and write the document's measured sections."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rows", type=int, nargs="+", default=_SIZES, help="raw rows of the days (default: %(default)s)"
    )
    chosen = parser.parse_args()
    sizes = [measured(rows) for rows in chosen.rows]
    largest = f"{sizes[-1].rows:,} raw rows, {_SCORED} of them scored"
    write_measured(
        DOCUMENT,
        "machine",
        f"{machine('duckdb', 'pyspark', 'pyarrow')} Spark: {CORES} cores, {MEMORY} of memory.",
    )
    write_measured(DOCUMENT, "statements", f"{largest}:\n\n{statement_table(sizes[-1])}")
    write_measured(DOCUMENT, "growth", growth_table(sizes))
    write_measured(DOCUMENT, "cluster", cluster_table(sizes))
    write_measured(DOCUMENT, "ranking", ranking_table(sizes))
    write_measured(DOCUMENT, "layout", f"{largest}:\n\n{layout_table(sizes[-1])}")
    write_measured(DOCUMENT, "memory", f"{largest}:\n\n{memory_table(sizes[-1])}")
    with tempfile.TemporaryDirectory() as folder:
        write_measured(DOCUMENT, "stress", f"{largest}:\n\n{stress_table(sizes[-1], Path(folder))}")


if __name__ == "__main__":
    main()
