"""Time of a day's SQL, relative to one scan of the same raw day, and its peak memory.

    python -m benchmarks.day_sql [--rows 20000000] [--cache FOLDER]

Ratios are within one run, so that they mean the same on any machine.
"""

import statistics
from collections import deque
from pathlib import Path

from benchmarks.figures import Figure, Work, arguments, in_fresh_process, in_turn, peak_memory, ratio, show
from benchmarks.generated_day import CACHE, DAY, GeneratedDay, connected, generated_day, write_scores
from proxy_oa_assets.defs.checks.summary import TRAILING_DAYS
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_INGEST_SUMMARY, PROXY_SCORES
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.sql import check_counts, day_tables

FEW, MANY = 500, 3000
_SCANNED = ("p_date", "p_time", "clientip", "host", "fulluri")


def run_day(warehouse: Warehouse) -> None:
    """Run all the SQL that the assets `ingest_summary` and `edge_details` run, and read what they read."""
    warehouse.has_rows(PROXY, DAY)
    warehouse.replace_day(PROXY_INGEST_SUMMARY, DAY, day_tables.ingest_summary(DAY))
    warehouse.read_day(PROXY_INGEST_SUMMARY, DAY)["total"].sum()
    warehouse.has_rows(PROXY, DAY)
    warehouse.replace_day(PROXY_EDGE, DAY, day_tables.edge_details(DAY))
    warehouse.query(day_tables.full_connection_hours(DAY))
    warehouse.read_day(PROXY_SCORES, DAY)
    deque(warehouse.rows(day_tables.edges_of_scored_hours(DAY)), maxlen=0)


def run_checks(warehouse: Warehouse) -> None:
    """Run all the SQL of the day's checks."""
    warehouse.read_day(PROXY_SCORES, DAY)
    warehouse.query(check_counts.edge_counts(DAY))
    warehouse.query(check_counts.minutes_of_days(DAY.plus(-TRAILING_DAYS), DAY))
    warehouse.query(check_counts.summary_counts(DAY))


def scan(files: list[str]) -> None:
    """Read every value of five columns of the raw day."""
    longest = ", ".join(f"max(length({name}))" for name in _SCANNED)
    with connected() as connection:
        connection.execute(f"SELECT {longest} FROM read_parquet(?)", [files]).fetchall()


def peak_of_day(generated: GeneratedDay) -> float:
    """Run the day's SQL and return the process's peak memory in MB; call it in a fresh process."""
    run_day(generated.warehouse())
    return peak_memory()


def figures(rows: int, cache: Path, rounds: int) -> list[Figure]:
    """Measure a day of that many raw rows."""
    # In other processes, so that this one is small when the measured one starts.
    generated = in_fresh_process(generated_day, rows, cache)
    in_fresh_process(_score, generated)
    peak = in_fresh_process(peak_of_day, generated)

    warehouse, files, ranked = generated.warehouse(), generated.files, generated.ranked_rows(MANY)
    seconds = in_turn(
        rounds,
        {
            "scan": Work(lambda: scan(files)),
            "few": Work(lambda: run_day(warehouse), before=lambda: write_scores(warehouse, ranked.head(FEW))),
            "checks": Work(lambda: run_checks(warehouse)),
            "many": Work(lambda: run_day(warehouse), before=lambda: write_scores(warehouse, ranked)),
        },
    )
    scan_s, few_s, many_s = (statistics.median(seconds[work]) for work in ("scan", "few", "many"))
    return [
        Figure(
            f"day's SQL, {FEW} scored rows / scan of five columns", ratio(seconds, "few", "scan"), "", 3.5
        ),
        Figure(f"day's SQL, {MANY:,} scored rows / {FEW}", ratio(seconds, "many", "few"), "", 1.3),
        Figure("SQL of the day's checks / scan of five columns", ratio(seconds, "checks", "scan"), "", 3.5),
        Figure(f"peak memory of the day's SQL, {MANY:,} scored rows", peak, "MB", 700),
        Figure("scan of five columns", scan_s, "s"),
        Figure(f"day's SQL, {FEW} scored rows", few_s, "s"),
        Figure(f"day's SQL, {MANY:,} scored rows", many_s, "s"),
    ]


def _score(generated: GeneratedDay) -> None:
    write_scores(generated.warehouse(), generated.ranked_rows(MANY))


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__, rounds=7, rows=2_000_000, cache=CACHE).parse_args()
    show(f"A day of {chosen.rows:,} raw rows", figures(chosen.rows, chosen.cache, chosen.rounds))


if __name__ == "__main__":
    main()
