"""Time of a day's SQL, relative to one scan of the same raw day, and its peak memory.

    python -m benchmarks.day_sql [--rows 20000000] [--scored 3000] [--rounds 5]

Ratios are within one run, so that they mean the same on any machine.
"""

from collections import deque
from collections.abc import Iterator

from benchmarks.figures import (
    ROUNDS,
    Figure,
    Group,
    Work,
    arguments,
    in_fresh_process,
    in_turn,
    peak_memory,
    ratio,
    show,
    timed,
)
from benchmarks.generated_day import DAY, SUSPICIOUS, GeneratedDay, connected, generated_day, write_scores
from proxy_oa_assets.defs.checks.summary import TRAILING_DAYS
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_INGEST_SUMMARY, PROXY_SCORES
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.sql import check_counts, day_tables

SCORED, _USUAL = 500, 3_000
_RATIO, _MEMORY = 2.0, 700
_RAW_ROWS = (2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000)
_SCORED_ROWS = (500, 3_000, 10_000, 100_000)
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


def figures(rows: int, scored: int, rounds: int) -> list[Figure]:
    """Measure a day of that many raw and scored rows."""
    # In processes of their own, so that none has the peak of another.
    generated = in_fresh_process(generated_day, rows)
    in_fresh_process(_score, generated, rows, scored)
    peak = in_fresh_process(peak_of_day, generated)

    warehouse, files = generated.warehouse(), generated.files
    seconds = in_turn(
        rounds,
        {
            "scan": Work(lambda: scan(files)),
            "day": Work(lambda: run_day(warehouse)),
            "checks": Work(lambda: run_checks(warehouse)),
        },
    )
    # Beyond, the edges that are written cost more than the rows that are read.
    most = _RATIO if scored <= _USUAL else None
    return [
        ratio("the day's SQL / one scan of five columns", seconds, "day", "scan", most),
        ratio("SQL of the day's checks / one scan of five columns", seconds, "checks", "scan"),
        Figure("peak memory of the day's SQL", peak, "MB", _MEMORY),
        timed("the day's SQL", seconds["day"]),
        timed("SQL of the day's checks", seconds["checks"]),
        timed("one scan of five columns", seconds["scan"]),
    ]


def _score(generated: GeneratedDay, rows: int, scored: int) -> None:
    # One raw row in a hundred is suspicious; picking among all of a large day would take its memory.
    among = SUSPICIOUS if scored <= rows // 200 else "TRUE"
    write_scores(generated.warehouse(), generated.ranked_rows(scored, among))


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure days that grow in raw rows, then days that grow in scored rows."""
    rounds = 2 if quick else ROUNDS
    for rows in (100_000, 200_000, 400_000) if quick else _RAW_ROWS:
        title = f"{rows:,} raw rows, {SCORED} scored rows"
        yield Group(title, figures(rows, SCORED, rounds), "raw rows", rows)
    rows = 200_000 if quick else 2_000_000
    for scored in _SCORED_ROWS[:3] if quick else _SCORED_ROWS:
        title = f"{rows:,} raw rows, {scored:,} scored rows"
        yield Group(title, figures(rows, scored, rounds), "scored rows", scored)


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__, rows=2_000_000)
    parser.add_argument(
        "--scored", type=int, default=SCORED, help="scored rows of the day (default: %(default)s)"
    )
    chosen = parser.parse_args()
    title = f"{chosen.rows:,} raw rows, {chosen.scored:,} scored rows"
    show(Group(title, figures(chosen.rows, chosen.scored, chosen.rounds)))


if __name__ == "__main__":
    main()
