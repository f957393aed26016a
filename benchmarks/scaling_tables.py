"""Tables of what a day costs, how that grows with its raw rows, and what it is in a large day."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.document import table
from proxy_oa_assets.sql.query import Query

_LARGE = (1e9, 1e10)
_MEMORY = (8, 16, 64, 256)  # GB
_PARTITION = 128  # MB of a shuffle that a task reads, as Spark advises


@dataclass(frozen=True)
class Cost:
    """What a statement cost: MB, but seconds of processor time and rows of the result.

    `held` is the most execution memory of a task, `widest` the most that a task read of a shuffle.
    """

    read: float = 0
    shuffled: float = 0
    spilled: float = 0
    held: float = 0
    widest: float = 0
    seconds: float = 0
    rows: int = 0
    error: str = ""


@dataclass(frozen=True)
class Ranked:
    """What a ranking asked for by name, the rows and MB of the answers, and the process's peak in MB."""

    queries: dict[str, Query]
    rows: int
    answers: float
    peak: float


@dataclass(frozen=True)
class Size:
    """A measured size: raw rows, what each statement cost on Spark, and the ranking."""

    rows: int
    costs: dict[str, Cost]
    ranked: Ranked


@dataclass(frozen=True)
class Growth:
    """A power of the raw rows, fitted to measured figures; `off` is the largest share that one is off."""

    exponent: float
    factor: float
    off: float

    def at(self, rows: float) -> float:
        """Return the figure of a day of that many rows."""
        return self.factor * float(rows**self.exponent)


def growth(sizes: Sequence[Size], figure: Callable[[Size], float]) -> Growth | None:
    """Fit a figure's growth; None if it is zero somewhere."""
    values = [figure(size) for size in sizes]
    if min(values) <= 0:
        return None
    rows = np.log([size.rows for size in sizes])
    exponent, level = np.polyfit(rows, np.log(values), 1)
    off = np.abs(np.exp(np.log(values) - (exponent * rows + level)) - 1).max()
    return Growth(float(exponent), math.exp(level), float(off))


def _read(statement: str, size: Size) -> float:
    return size.costs[statement].read


def _shuffled(statement: str, size: Size) -> float:
    return size.costs[statement].shuffled


def statement_table(size: Size) -> str:
    """Return a table of what each statement costs at one size."""
    header = (
        "statement",
        "read, MB",
        "shuffled, MB",
        "most of it in a task, MB",
        "held by a task, MB",
        "spilled, MB",
        "processor s",
        "rows of the result",
    )
    return table(
        header,
        [
            (name, *map(number, _figures(cost)), f"{cost.rows:,}") if not cost.error else (name, cost.error)
            for name, cost in size.costs.items()
        ],
    )


def _figures(cost: Cost) -> tuple[float, ...]:
    return cost.read, cost.shuffled, cost.widest, cost.held, cost.spilled, cost.seconds


def number(value: float) -> str:
    """Return a figure with the digits that tell something."""
    return f"{value:,.0f}" if value >= 10 or not value else f"{value:.2g}"


def growth_table(sizes: Sequence[Size]) -> str:
    """Return a table of how figures grow with the raw rows, and what they are in large days."""
    lines = []

    def add(what: str, figure: Callable[[Size], float], unit: str) -> None:
        found = growth(sizes, figure)
        if found is not None:
            large = (f"{number(found.at(rows) / 1000)} {unit}" for rows in _LARGE)
            lines.append((what, f"{found.exponent:.2f}", f"{found.off:.0%}", *large))

    for name in sizes[-1].costs:
        add(f"{name}: read", partial(_read, name), "GB")
        add(f"{name}: shuffled", partial(_shuffled, name), "GB")
    add("all: read", lambda size: sum(cost.read for cost in size.costs.values()), "GB")
    add("all: shuffled", lambda size: sum(cost.shuffled for cost in size.costs.values()), "GB")
    add("ranking: answers, in Arrow", lambda size: size.ranked.answers, "GB")
    add("ranking: rows of the answers", lambda size: size.ranked.rows / 1000, "million")
    header = (
        "figure",
        "exponent",
        "off by at most",
        *(f"{rows:.0e} rows".replace("+", "") for rows in _LARGE),
    )
    return table(header, lines)


def cluster_table(sizes: Sequence[Size]) -> str:
    """Return a table of the cluster that runs a large day's statements in an hour."""
    first, last = sizes[0], sizes[-1]
    # Between two sizes: a statement's start costs as much as many a small day.
    total = [sum(cost.seconds for cost in size.costs.values()) for size in (first, last)]
    per_row = (total[1] - total[0]) / (last.rows - first.rows)
    if per_row <= 0:
        return "Starting the statements took longer than their rows did: measure larger days."
    lines: list[tuple[object, ...]] = []
    for rows in _LARGE:
        shuffles = {
            name: found.at(rows) for name in last.costs if (found := growth(sizes, partial(_shuffled, name)))
        }
        widest = max(shuffles, key=shuffles.__getitem__)
        core_hours = per_row * rows / 3600
        lines.append(
            (
                f"{rows:,.0f}",
                f"{core_hours:,.0f}",
                f"{math.ceil(core_hours / 16):,} of 16 cores",
                f"{math.ceil(shuffles[widest] / _PARTITION):,} ({widest})",
            )
        )
    header = ("raw rows", "core hours", "nodes, to be done in an hour", "most tasks of a shuffle")
    return table(header, lines)


def ranking_table(sizes: Sequence[Size]) -> str:
    """Return a table of the ranking's process, and what it needs in large days and can do with its memory."""
    lines = [
        (f"{size.rows:,}", f"{size.ranked.rows:,}", number(size.ranked.answers), number(size.ranked.peak))
        for size in sizes
    ]
    # A line, not a power: a process has its libraries, however few the rows are.
    slope, level = np.polyfit([size.rows for size in sizes], [size.ranked.peak for size in sizes], 1)
    large = ", ".join(f"{number((slope * rows + level) / 1000)} GB for {rows:,.0f}" for rows in _LARGE)
    held = ", ".join(
        f"{number((memory * 1000 - level) / slope / 1e6)} million in {memory} GB" for memory in _MEMORY
    )
    measured = table(("raw rows", "rows of the answers", "answers, MB", "peak of the process, MB"), lines)
    takes = f"By the line through these peaks, a process takes {large} raw rows"
    return f"{measured}\n\n{takes}. It ranks {held}."
