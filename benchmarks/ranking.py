"""Processor time of ranking a day relative to scans of its columns, peak memory, and what stands out.

    python -m benchmarks.ranking [--rows 2000000] [--rounds 5]

The ranking includes the rows of the results file, for which it reads six columns more than for its figures;
one scan is of all columns that it reads, one of those of the figures alone. There is no history, whose pass
is measured apart. On a generated day nearly every request has some sign of an attack, on clients with
thousands of hosts each: at most one pair in a hundred may stand out.
"""

import time
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
from benchmarks.generated_day import DAY, GeneratedDay, connected, generated_day
from proxy_oa_assets.model.tables import PROXY_HISTORY
from proxy_oa_assets.ranking.day_ranking import RankedDay, rank_day
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.weights import read_weights
from proxy_oa_assets.sql.history import proxy_history

_BYTES = ("scbytes", "csbytes")
_LIMIT, _MEMORY, _STANDING_OUT, _NOISY = 8, 2_000, 1, 2_000_000
# Columns that the figures need, and those that the selected rows have besides.
_TEXTS = (
    *("p_time", "clientip", "host", "reqmethod", "useragent", "resconttype", "referer", "respcode"),
    *("uriport", "uripath", "uriquery", "uriextension"),
)
_ROWS = ("p_date", "username", "webcat", "serverip", "fulluri")


def scan(files: list[str], texts: tuple[str, ...], numbers: tuple[str, ...]) -> None:
    """Read every value of some columns."""
    values = ", ".join([f"max(length({name}))" for name in texts] + [f"max({name})" for name in numbers])
    with connected() as connection:
        text = f"SELECT {values} FROM read_parquet(?)"
        connection.execute(text, [files]).fetchall()


def rank(generated: GeneratedDay) -> RankedDay:
    """Rank the day with the shipped weights and lists, without history."""
    return rank_day(generated.warehouse(), DAY, weights=read_weights(), lists=Lists(), history_days=0)


def peak_of_ranking(generated: GeneratedDay) -> tuple[float, float, int]:
    """Rank the day and return the peak memory in MB, and of the pairs, what percentage stands out.

    The third is how many pairs the busiest client has. Call it in a fresh process.
    """
    pairs = rank(generated).pairs
    peak = peak_memory()
    clients = pairs["clientip"].value_counts().to_pylist()
    share = 100 * sum(pairs["stands_out"].to_pylist()) / len(pairs)
    return peak, share, max(each["counts"] for each in clients)


def keep_history(generated: GeneratedDay) -> None:
    """Make the day of `proxy_history`."""
    generated.warehouse().replace_day(PROXY_HISTORY, DAY, proxy_history(DAY))


def figures(rows: int, rounds: int) -> list[Figure]:
    """Measure a day of that many raw rows."""
    # In processes of their own, so that none has the peak of another.
    generated = in_fresh_process(generated_day, rows)
    peak, share, busiest = in_fresh_process(peak_of_ranking, generated)
    seconds = in_turn(
        rounds,
        {
            "figures": Work(lambda: scan(generated.files, _TEXTS, _BYTES)),
            "all": Work(lambda: scan(generated.files, (*_TEXTS, *_ROWS), (*_BYTES, "duration"))),
            "rank": Work(lambda: rank(generated)),
            "history": Work(lambda: keep_history(generated)),
        },
        warm=rounds > 1,
        clock=time.process_time,
    )
    return [
        ratio("ranking / one scan of the 20 columns that it reads", seconds, "rank", "all", _LIMIT),
        ratio("ranking / one scan of the 14 columns of its figures", seconds, "rank", "figures"),
        ratio("history / one scan of the 14 columns", seconds, "history", "figures"),
        Figure("peak memory of the ranking", peak, "MB", _MEMORY),
        timed("ranking", seconds["rank"]),
        timed("history", seconds["history"]),
        timed("one scan of the 20 columns", seconds["all"]),
        # A larger day has as many clients here, each of which asks more than one of a real network does.
        Figure("pairs that stand out", share, "%", _STANDING_OUT if rows <= _NOISY else None),
        Figure("pairs of the busiest client", busiest),
    ]


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure days that grow."""
    for rows in (100_000, 200_000) if quick else (2_000_000, 5_000_000, 10_000_000, 20_000_000):
        # A round of the largest takes minutes.
        rounds = 1 if quick or rows > 5_000_000 else ROUNDS
        yield Group(f"{rows:,} raw rows, processor time", figures(rows, rounds), "raw rows", rows)


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__, rows=2_000_000).parse_args()
    title = f"Ranking of {chosen.rows:,} rows, processor time"
    show(Group(title, figures(chosen.rows, chosen.rounds)))


if __name__ == "__main__":
    main()
