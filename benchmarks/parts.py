"""The benchmarks that `make bench` runs, and what docs/performance.md and README show of them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Panel:
    """A plot of figures over what grows, or without an `axis` of a quantity by kind (`KIND: QUANTITY`)."""

    label: str
    what: tuple[str, ...]
    axis: str = "raw rows"
    logarithmic: bool = False


@dataclass(frozen=True)
class Part:
    """A benchmark: a module with `measure(quick=...)`, what its section is about, and its picture."""

    module: str
    about: str
    panels: tuple[Panel, ...] = ()


_ITS_SCAN = "one scan of the 20 columns"
_SCAN = "one scan of five columns"
_DAY = (
    Panel("seconds", ("the day's SQL", "SQL of the day's checks", _SCAN), logarithmic=True),
    Panel(f"/ {_SCAN}", (f"the day's SQL / {_SCAN}", f"SQL of the day's checks / {_SCAN}")),
    Panel("peak memory, MB", ("peak memory of the day's SQL",)),
    Panel("seconds", ("the day's SQL", "SQL of the day's checks", _SCAN), "scored rows", logarithmic=True),
    Panel(f"/ {_SCAN}", (f"the day's SQL / {_SCAN}", f"SQL of the day's checks / {_SCAN}"), "scored rows"),
    Panel("peak memory, MB", ("peak memory of the day's SQL",), "scored rows"),
)
_RANKING = (
    Panel("seconds of processor time", ("ranking", "history", _ITS_SCAN), logarithmic=True),
    Panel(
        "/ one scan",
        (f"ranking / {_ITS_SCAN} that it reads", "history / one scan of the 14 columns"),
    ),
    Panel("peak memory, MB", ("peak memory of the ranking",)),
)
_COSTS = (
    Panel("seconds", ("wall time",), "", logarithmic=True),
    Panel("seconds of processor time", ("processor time",), "", logarithmic=True),
    Panel("peak memory, MB", ("peak memory",), "", logarithmic=True),
)

PARTS = {
    "day_sql": Part("benchmarks.day_sql", "the day's SQL", _DAY),
    "peers": Part("benchmarks.peers.comparison", "the same work by peers", _COSTS),
    "whole_command": Part("benchmarks.whole_command", "the whole command"),
    "days_per_run": Part("benchmarks.days_per_run", "backfills"),
    "ingest": Part("benchmarks.ingest", "ingest"),
    "ranking": Part("benchmarks.ranking", "ranking", _RANKING),
    "voices": Part("benchmarks.voices", "second voices"),
    "reputation": Part("benchmarks.reputation", "reputation"),
    "search": Part("benchmarks.search", "searches and views"),
    "cluster_sql": Part("benchmarks.cluster_sql", "a cluster"),
}
# What README shows: the part, the beginning of a group's title, and the figure.
TELLING = (
    ("day_sql", "2,000,000 raw rows, 500 ", f"the day's SQL / {_SCAN}"),
    ("day_sql", "50,000,000 raw rows", f"the day's SQL / {_SCAN}"),
    ("day_sql", "50,000,000 raw rows", "peak memory of the day's SQL"),
    ("whole_command", "10,000 raw", "`proxy-oa run` beyond its SQL / Dagster with four empty assets"),
    ("peers", "10,000,000 raw rows", "pandas script: wall time / ours"),
    ("peers", "10,000,000 raw rows", "polars script: wall time / ours"),
    ("ranking", "2,000,000 raw rows", f"ranking / {_ITS_SCAN} that it reads"),
    ("ingest", "500,000 lines", "Squid native: ingest / DuckDB's reading"),
    ("reputation", "500 URIs", "three services / one"),
    ("days_per_run", "30 small days", "30 days in one run / in 30 runs"),
    ("cluster_sql", "2,000,000 raw rows", "the day's SQL / three statements by hand"),
)
