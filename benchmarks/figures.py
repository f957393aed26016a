"""Take, print and keep measured figures."""

import argparse
import multiprocessing
import re
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

ROUNDS = 5
_HEADER = ("what", "figure", "least to most", "target", "")


class LackingProgramError(Exception):
    """A benchmark that this machine can't run, with what to install for it."""


@dataclass(frozen=True)
class Figure:
    """A measured figure, the median of its rounds.

    `target` is its upper limit; None: it is information. `spread` is the least and the greatest of the
    rounds; None: it was taken once.
    """

    what: str
    value: float
    unit: str = ""
    target: float | None = None
    spread: tuple[float, float] | None = None

    @property
    def text(self) -> str:
        """The figure with its unit."""
        return f"{self._number(self.value)} {self.unit}".rstrip()

    @property
    def spread_text(self) -> str:
        """The least and the greatest of the rounds, without the unit; empty if it was taken once."""
        return " to ".join(map(self._number, self.spread)) if self.spread else ""

    @property
    def target_text(self) -> str:
        """The target with its unit; empty if there is none."""
        return "" if self.target is None else f"<= {self.target:,g} {self.unit}".rstrip()

    @property
    def verdict(self) -> str:
        """`met` or `missed`; empty if there is no target."""
        if self.target is None:
            return ""
        return "met" if self.value <= self.target else "missed"

    def _number(self, value: float) -> str:
        # Three digits tell what two rounds can differ by.
        decimals = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 or not value else 4
        return f"{value:,.{decimals}f}"


@dataclass(frozen=True)
class Group:
    """Figures of the same data. `size` counts what grows from group to group (`axis`, such as raw rows)."""

    title: str
    figures: Sequence[Figure]
    axis: str = ""
    size: int = 0


@dataclass(frozen=True)
class Work:
    """What is timed, and what runs before it each time, untimed."""

    timed: Callable[[], object]
    before: Callable[[], object] = lambda: None


def show(group: Group) -> None:
    """Print figures as an aligned table, with their spread, and whether each target is met."""
    lines = [
        _HEADER,
        *((each.what, each.text, each.spread_text, each.target_text, each.verdict) for each in group.figures),
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(4)]
    print(group.title)
    for what, *others, verdict in lines:
        cells = "  ".join(f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        print(f"  {what:<{widths[0]}}  {cells}  {verdict}".rstrip(), flush=True)


def arguments(
    description: str | None, rows: int | None = None, rounds: int = ROUNDS
) -> argparse.ArgumentParser:
    """Return a parser of a benchmark's arguments: `--rounds`, and with a default for them the `--rows`."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=rounds, help="rounds that are measured (default: %(default)s)"
    )
    if rows is not None:
        parser.add_argument(
            "--rows", type=int, default=rows, help="raw rows of the day (default: %(default)s)"
        )
    return parser


def in_turn(
    rounds: int,
    works: Mapping[str, Work],
    *,
    warm: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Return the seconds of each work in each round, by a clock of wall or processor time.

    The works take turns, so that other load on the machine slows all of them; with `warm`, a first round that
    isn't measured fills the caches.
    """
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(not warm, rounds + 1):
        for name, work in works.items():
            work.before()
            started = clock()
            work.timed()
            if number > 0:
                seconds[name].append(clock() - started)
    return seconds


def of_rounds(what: str, values: Sequence[float], unit: str = "", target: float | None = None) -> Figure:
    """Return the figure of a value per round."""
    spread = (min(values), max(values)) if len(values) > 1 else None
    return Figure(what, statistics.median(values), unit, target, spread)


def timed(what: str, seconds: Sequence[float], target: float | None = None) -> Figure:
    """Return the figure of the seconds of the rounds."""
    return of_rounds(what, seconds, "s", target)


def ratio(
    what: str, seconds: Mapping[str, list[float]], work: str, to: str, target: float | None = None
) -> Figure:
    """Return the figure of one work's time divided by another's in the same round."""
    quotients = [one / other for one, other in zip(seconds[work], seconds[to], strict=True)]
    return of_rounds(what, quotients, "", target)


def in_fresh_process(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a new Python process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()


def peak_memory() -> float:
    """Return this process's peak memory in MB.

    Where there is no `/proc`, a process starts with its parent's peak as its own.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (kilobytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status.read_text(encoding="ascii"), re.MULTILINE)
        return int(kilobytes) * 1024 / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1e6 if sys.platform == "darwin" else 1e6 / 1024
    )
