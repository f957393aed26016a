"""Every day on which the ranking is measured, with what it must find there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.attack_days.evasion import EVASIONS
from benchmarks.attack_days.kinds import KINDS
from benchmarks.attack_days.labelled import (
    CLEAN,
    DAYS,
    blanked_day,
    clean_day,
    labelled_day,
    replays,
    tunnel_day,
)
from benchmarks.attack_days.scene import MadeDay, Scenario, made_day


@dataclass(frozen=True)
class Case:
    """A day to rank: how it is made in a folder, and the limits of `Scenario`.

    `least` says for some first places how many pairs of the attack, and how many confirmed ones, must stand
    there.
    """

    name: str
    make: Callable[[Path], MadeDay]
    first_by: int | None = None
    confirmed_by: int | None = None
    share: float | None = 0.85
    least: tuple[tuple[int, int, int], ...] = ()
    clean: bool = False


_LABELLED = {
    "2018-02-06": (5, 35, None, ((10, 10, 0), (20, 19, 0))),
    "2015-08-27": (None, 10, None, ((12, 10, 0),)),
    "2015-06-10": (None, None, None, ((100, 97, 0), (200, 0, 40))),
}


def cases(data: Path) -> Iterator[Case]:
    """Yield every day: labelled, clean, with columns blanked, with made attacks, with captures moved in."""
    for key, limits in _LABELLED.items():
        yield Case(key, _in_place(labelled_day, data, key), *limits)
    for key in CLEAN:
        yield Case(key, _in_place(clean_day, data, key), clean=True)
    for key in DAYS[:2]:
        for name, blank in (("NULL", None), ("-", "-")):
            make = partial(blanked_day, data, key, blank)
            yield Case(f"{key}, blanked by {name}", make, None, 60, None)
    for key in DAYS:
        yield Case(f"{key}, CONNECT only", partial(tunnel_day, data, key))
    yield from map(partial(case_of, data=data), (*EVASIONS, *KINDS, *replays(data)))


def case_of(scenario: Scenario, data: Path | None) -> Case:
    """Return the day of a scenario."""
    seed = f" {scenario.seed + 1}" if scenario.seed else ""
    name = f"{scenario.name}, {scenario.base}{seed}"
    return Case(name, partial(made_day, scenario, data), scenario.first_by, None, scenario.share)


def _in_place(load: Callable[[Path, str], MadeDay], data: Path, key: str) -> Callable[[Path], MadeDay]:
    return lambda _: load(data, key)
