"""Take and print measured figures."""

import argparse
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_HEADER = ("what", "figure", "target", "")


@dataclass(frozen=True)
class Figure:
    """A measured figure. `target` is its upper limit; None: it is information."""

    what: str
    value: float
    unit: str = ""
    target: float | None = None


@dataclass(frozen=True)
class Work:
    """What is timed, and what runs before it each time, untimed."""

    timed: Callable[[], object]
    before: Callable[[], object] = lambda: None


def show(title: str, figures: Iterable[Figure]) -> None:
    """Print figures as an aligned table, and whether each target is met."""
    lines = [_HEADER, *map(_line, figures)]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    print(title)
    for what, value, target, verdict in lines:
        print(f"  {what:<{widths[0]}}  {value:>{widths[1]}}  {target:>{widths[2]}}  {verdict}".rstrip())


def _line(figure: Figure) -> tuple[str, str, str, str]:
    value = f"{figure.value:,.{0 if figure.unit == 'MB' else 2}f} {figure.unit}".rstrip()
    if figure.target is None:
        return figure.what, value, "", ""
    target = f"<= {figure.target:g} {figure.unit}".rstrip()
    return figure.what, value, target, "met" if figure.value <= figure.target else "NOT MET"


def arguments(
    description: str | None, rounds: int, rows: int | None = None, cache: Path | None = None
) -> argparse.ArgumentParser:
    """Return a parser of a benchmark's arguments.

    It takes `--rounds`, and with defaults for them the `--rows` of a day and the `--cache` of days.
    """
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
        parser.add_argument(
            "--cache", type=Path, default=cache, help="folder of generated days (default: %(default)s)"
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


def ratio(seconds: Mapping[str, list[float]], work: str, to: str) -> float:
    """Return the median over the rounds of one work's time divided by another's."""
    return statistics.median(one / other for one, other in zip(seconds[work], seconds[to], strict=True))


def in_fresh_process(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a new Python process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *args, **kwargs).result()


def peak_memory() -> float:
    """Return this process's peak memory in MB.

    A process starts with its parent's size as its peak, so the parent has to be small.
    """
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
