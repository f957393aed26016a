"""Times of what analysts search in a raw day, relative to one scan of the same day.

    python -m benchmarks.search [--rows 20000000] [--rounds 5]

Ratios are within one run, so that they mean the same on any machine.
"""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from benchmarks.day_sql import scan
from benchmarks.figures import (
    ROUNDS,
    Figure,
    Group,
    Work,
    arguments,
    in_fresh_process,
    in_turn,
    ratio,
    show,
    timed,
)
from benchmarks.generated_day import DAY, SUSPICIOUS, GeneratedDay, generated_day, write_scores
from proxy_oa_assets.investigation.requests import client_requests, found_requests, host_requests
from proxy_oa_assets.investigation.search import earliest_found, expanded_search
from proxy_oa_assets.investigation.summaries import client_summaries, host_summaries
from proxy_oa_assets.resources.deployment import Deployment, deployment
from proxy_oa_assets.settings import load_settings

# On a larger day, the seconds in which a person waits without wondering.
_TARGET_ROWS, _TARGET_SECONDS = 20_000_000, 2
_SCORED_ROWS = 3_000
# What is shown of something: by its column, the function, and whether it has to be there in time.
_VIEWS: dict[str, dict[str, tuple[Callable[..., object], bool]]] = {
    "fulluri": {
        "first rows and totals of": (earliest_found, True),
        "all rows of": (expanded_search, True),
    },
    "clientip": {
        "day of": (client_requests, True),
        "two minutes of": (partial(client_requests, around="10:00:00"), True),
    },
    "host": {"day of": (host_requests, True)},
}
_WHOLE_DAY: dict[str, Callable[..., object]] = {
    "rows with a part in their URI": partial(found_requests, filters="gate"),
    "rows of a filter of four terms": partial(
        found_requests, filters="/gate.*bot=/ client:10.0.0.0/12 -code:404 time:9-17"
    ),
    "summary of all clients": client_summaries,
    "summary of all hosts": host_summaries,
}


def searched(generated: GeneratedDay) -> dict[str, tuple[str, str, int]]:
    """Return what is searched for, by what it is: its column, its value and the number of its requests."""
    chosen = {
        "a beacon": ("fulluri", 1, SUSPICIOUS),
        "a URI with few requests": ("fulluri", 2000, SUSPICIOUS),
        "the day's busiest URI": ("fulluri", 1, "TRUE"),
        "the day's busiest client": ("clientip", 1, "TRUE"),
        "a client": ("clientip", 1000, "TRUE"),
        "the day's busiest host": ("host", 1, "TRUE"),
        "a host": ("host", 5000, "TRUE"),
    }
    return {
        what: (column, *generated.busy(column, place, among))
        for what, (column, place, among) in chosen.items()
    }


def figures(rows: int, rounds: int) -> list[Figure]:
    """Measure a day of that many raw rows."""
    generated = in_fresh_process(generated_day, rows)
    # Without scored connections, their marks would cost nothing.
    in_fresh_process(_write_scores, generated)
    works, timely = dict[str, Work](), set[str]()
    with tempfile.TemporaryDirectory() as home:
        at = _over(generated, Path(home))
        for name, work, in_time in _works(in_fresh_process(searched, generated), at):
            works[name] = Work(work)
            timely |= {name} if in_time else set()
        seconds = in_turn(rounds, {"scan": Work(lambda: scan(generated.files)), **works})
    found = [timed("one scan of five columns: time", seconds["scan"])]
    for what in works:
        # What a person waits for: no longer than a scan, and on a large day not for long.
        most = 1 if what in timely else None
        limit = _TARGET_SECONDS if rows == _TARGET_ROWS and what in timely else None
        found += [
            ratio(f"{what}: time / the scan", seconds, what, "scan", most),
            timed(f"{what}: time", seconds[what], limit),
        ]
    return found


def _works(
    values: dict[str, tuple[str, str, int]], at: Deployment
) -> Iterator[tuple[str, Callable[[], object], bool]]:
    for what, (column, value, requests) in values.items():
        for name, (view, in_time) in _VIEWS[column].items():
            yield f"{name} {what} ({requests:,} requests)", partial(view, DAY, value, deployment=at), in_time
    for name, view in _WHOLE_DAY.items():
        yield name, partial(view, DAY, deployment=at), False


def _write_scores(generated: GeneratedDay) -> None:
    write_scores(generated.warehouse(), generated.ranked_rows(_SCORED_ROWS))


def _over(generated: GeneratedDay, home: Path) -> Deployment:
    """Return the deployment of a home in which the generated day is HUSER."""
    users = home / "hdfs" / "user"
    users.mkdir(parents=True)
    (users / "spot").symlink_to(generated.base)
    return deployment(load_settings(PROXY_OA_HOME=str(home)))


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure what analysts see of two days."""
    for rows in (1_000_000,) if quick else (2_000_000, _TARGET_ROWS):
        yield Group(f"{rows:,} raw rows", figures(rows, 1 if quick else ROUNDS))


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__, rows=2_000_000).parse_args()
    show(Group(f"Searches of a day of {chosen.rows:,} raw rows", figures(chosen.rows, chosen.rounds)))


if __name__ == "__main__":
    main()
