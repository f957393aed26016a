"""Time of an analyst's expanded search of a raw day, relative to one scan of the same day.

    python -m benchmarks.search [--rows 20000000] [--cache FOLDER]

Ratios are within one run, so that they mean the same on any machine.
"""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.day_sql import scan
from benchmarks.figures import Figure, Work, arguments, in_fresh_process, in_turn, ratio, show
from benchmarks.generated_day import CACHE, DAY, SUSPICIOUS, GeneratedDay, generated_day
from proxy_oa_assets.investigation.search import earliest_found, expanded_search
from proxy_oa_assets.resources.deployment import Deployment, deployment
from proxy_oa_assets.settings import load_settings

# On a larger day, the seconds in which a person waits without wondering.
_TARGET_ROWS, _TARGET_SECONDS = 20_000_000, 2
_SEARCHES: Mapping[str, Callable[..., object]] = {
    "first rows and totals": earliest_found,
    "all rows": expanded_search,
}


def searched_uris(generated: GeneratedDay) -> dict[str, tuple[str, int]]:
    """Return what is searched for, by what it is: a URI and the number of its requests."""
    return {
        "a beacon": generated.busy_uri(1, SUSPICIOUS),
        "a URI with few requests": generated.busy_uri(2000, SUSPICIOUS),
        "the day's busiest URI": generated.busy_uri(1),
    }


def figures(rows: int, cache: Path, rounds: int) -> list[Figure]:
    """Measure a day of that many raw rows."""
    generated = in_fresh_process(generated_day, rows, cache)
    uris, at = in_fresh_process(searched_uris, generated), _over(generated)
    works = {
        f"{which} of {what} ({requests:,} requests)": Work(partial(search, DAY, uri, deployment=at))
        for what, (uri, requests) in uris.items()
        for which, search in _SEARCHES.items()
    }
    seconds = in_turn(rounds, {"scan": Work(lambda: scan(generated.files)), **works})
    limit = _TARGET_SECONDS if rows == _TARGET_ROWS else None
    found = [Figure("scan of five columns", statistics.median(seconds["scan"]), "s")]
    for what in works:
        found += [
            Figure(f"{what} / scan of five columns", ratio(seconds, what, "scan"), "", 1),
            Figure(what, statistics.median(seconds[what]), "s", limit),
        ]
    return found


def _over(generated: GeneratedDay) -> Deployment:
    return replace(deployment(load_settings(PROXY_OA_HOME=str(generated.base))), impala=generated.warehouse())


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__, rounds=7, rows=2_000_000, cache=CACHE).parse_args()
    show(f"Searches of a day of {chosen.rows:,} raw rows", figures(chosen.rows, chosen.cache, chosen.rounds))


if __name__ == "__main__":
    main()
