"""Kill operations at random moments, and look at what each left.

    python -m soak.kills [--kills 500] [--seed N] [--deployment NAME] [--record FILE]

Each operation begins in the same home, and its process gets SIGKILL: after a random share of the work that
the undisturbed one takes, or before one of its calls that change a file. Then the days are read, `doctor`
probes the home, and the operation is run again: it must make what the undisturbed one made, byte for byte,
and leave neither temporary files nor runs that count as running. Processes that share a record are counted
together.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Self

from proxy_oa_assets.model.day import Day
from soak.children import Ended, Moment
from soak.cluster_place import ClusterPlace
from soak.counts import Counts, write_counts
from soak.operations import OPERATIONS, Operation
from soak.places import EmbeddedPlace, Place
from soak.state import Outcome, State, judged

# Kills of 500 by deployment and kind of operation.
_SHARES = {
    "embedded": {
        "ingest": 90,
        "ranking": 25,
        "materialization": 35,
        "scoring": 115,
        "stories": 90,
        "export": 20,
        "reset": 25,
    },
    # A materialization takes a minute there.
    "cluster": {
        "ingest": 25,
        "ranking": 4,
        "materialization": 6,
        "scoring": 35,
        "stories": 20,
        "export": 4,
        "reset": 6,
    },
}
_ON_CLUSTER = 0.2
_THIRDS = ("first third", "second third", "last third")
_AT_A_CALL = "before a call"
# Of the cluster's kills, those of the SQL engine in place of the operation.
_ENGINE, _ENGINE_KILLED = "engine killed", 1 / 10


@dataclass(frozen=True)
class Undisturbed:
    """An operation's days before and after it, and what it takes."""

    old: State
    new: State
    ended: Ended

    def beside(self, others: State, days: Iterable[Day]) -> Self:
        """Return it beside other days: a table's files have new names once they were put back."""
        own = tuple(day.key for day in days)
        old, new = (
            {**{part: digest for part, digest in state.items() if part.startswith(own)}, **others}
            for state in (self.old, self.new)
        )
        return replace(self, old=old, new=new)


def kill_operations(
    place: Place, operations: Iterable[Operation], chance: random.Random, counts: Counts
) -> None:
    """Kill each operation once, in their order; an operation can be there several times."""
    known: dict[Operation, Undisturbed] = {}
    for number, operation in enumerate(operations, 1):
        place.restore(operation.home)
        if operation not in known:
            known[operation] = _undisturbed(place, operation)
            place.restore(operation.home)
        began = time.monotonic()
        undisturbed = known[operation].beside(place.others(operation), operation.days)
        _kill(place, operation, undisturbed, chance, counts, doctor=number % 3 == 0)
        seconds = time.monotonic() - began
        print(f"{place.name} {number}: {operation.kind} {operation.name}, {seconds:.1f} s", flush=True)


def _undisturbed(place: Place, operation: Operation) -> Undisturbed:
    old = place.state(operation)
    ended = place.run(operation)
    if ended.status:
        raise RuntimeError(f"{operation.kind} {operation.name} failed: {ended.error or ended.status}")
    found = Undisturbed(old, place.state(operation), ended)
    changed = {part for part in old.keys() | found.new.keys() if old.get(part) != found.new.get(part)}
    foreign = [part for part in changed if not part.startswith(tuple(day.key for day in operation.days))]
    if not changed or foreign:
        raise RuntimeError(f"{operation.kind} {operation.name} changes {changed}; of other days: {foreign}")
    return found


def _kill(
    place: Place,
    operation: Operation,
    undisturbed: Undisturbed,
    chance: random.Random,
    counts: Counts,
    *,
    doctor: bool,
) -> None:
    """Kill an operation at a random moment, judge what it left, and finish it."""
    if isinstance(place, ClusterPlace) and chance.random() < _ENGINE_KILLED:
        moment, phase = _engine_killed(place, operation, undisturbed.ended, chance), _ENGINE
    else:
        moment, phase = _killed(place, operation, undisturbed.ended, chance)
    line, what = (place.name, f"{operation.kind}", phase), f"{operation.name}, {moment}"
    found = place.state(operation)
    counts.add(line, judged(found, undisturbed.old, undisturbed.new), what)
    for finding in _finished(place, operation, undisturbed, doctor=doctor):
        counts.fail(line, f"{finding} ({what})")


def _engine_killed(
    place: ClusterPlace, operation: Operation, undisturbed: Ended, chance: random.Random
) -> Moment:
    """Kill the engine during an operation; return at which moment."""
    while True:
        moment = Moment(seconds=chance.random() * undisturbed.wall, clock="wall")
        if place.run_without_engine(operation, moment).reached:
            return moment
        place.restore(operation.home)  # it was done before its moment came


def _killed(
    place: Place, operation: Operation, undisturbed: Ended, chance: random.Random
) -> tuple[Moment, str]:
    """Kill an operation; return at which moment, and in which phase of its work."""
    while True:
        moment, phase = _moment(place, undisturbed, chance)
        if place.run(operation, moment).killed:
            return moment, phase
        place.restore(operation.home)  # it was done before its moment came


def _moment(place: Place, undisturbed: Ended, chance: random.Random) -> tuple[Moment, str]:
    if undisturbed.calls and chance.random() < 1 / 2:
        return Moment(call=chance.randint(1, undisturbed.calls)), _AT_A_CALL
    share = chance.random()
    whole = undisturbed.wall if place.clock == "wall" else undisturbed.seconds
    return Moment(seconds=max(share * whole, 1e-6), clock=place.clock), _THIRDS[int(share * 3)]


def _finished(place: Place, operation: Operation, undisturbed: Undisturbed, *, doctor: bool) -> list[str]:
    """Finish a killed operation as its user would; return what isn't as after an undisturbed one."""
    findings = list[str]()
    is_made = False
    if doctor or operation.again == "unless made":
        findings += [f"doctor: {failed}" for failed in place.doctor()]
    if operation.again == "unless made":
        verdict = judged(place.state(operation), undisturbed.old, undisturbed.new)
        if verdict.outcome not in (Outcome.OLD, Outcome.NEW):
            findings.append(f"{verdict.outcome} after the next touch: {verdict.parts}")
        is_made = verdict.outcome is Outcome.NEW
    if not is_made:
        again = place.run(operation)
        if again.status:
            findings.append(f"run again, it failed: {again.error or again.status}")
    last = place.state(operation)
    if other := _different(last, undisturbed.new):
        findings.append(f"other than undisturbed: {', '.join(other)}")
    if place.left_over():
        # What a killed analyst leaves, the next run or doctor removes.
        findings += [f"doctor: {failed}" for failed in place.doctor()]
        findings += place.left_over()
    if operation.kind in ("ranking", "materialization"):
        findings += place.history()
    return findings


def _different(found: State, expected: State) -> list[str]:
    return sorted(part for part in found.keys() | expected.keys() if found.get(part) != expected.get(part))


def _chosen(place: str, kills: int, only: str | None, chance: random.Random) -> list[Operation]:
    """Return operations in a random order, each kind by its share and its operations in turn."""
    shares = {kind: share for kind, share in _SHARES[place].items() if only in (None, kind)}
    chosen = list[Operation]()
    for kind, share in shares.items():
        of_kind = [operation for operation in OPERATIONS if operation.kind == kind]
        chance.shuffle(of_kind)
        chosen += islice(cycle(of_kind), round(kills * share / sum(shares.values())))
    chance.shuffle(chosen)
    return chosen


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m soak.kills", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    parser.add_argument("--deployment", choices=("embedded", "cluster", "both"), default="both")
    parser.add_argument(
        "--only", choices=tuple(_SHARES["embedded"]), help="a kind of operation; nothing is written then"
    )
    parser.add_argument("--record", type=Path, help="a file to which each outcome is added")
    return parser.parse_args()


def main() -> None:
    """Kill on each deployment, write the counts, and exit with 1 if any was torn, lost or not finished."""
    options = _arguments()
    print(f"seed {options.seed}", flush=True)
    names = ("form", "operation", "killed in its")
    counts = Counts(names, record=options.record)
    places = [each for each in (EmbeddedPlace, ClusterPlace) if options.deployment in (each.name, "both")]
    for each in places:
        share = {"embedded": 1 - _ON_CLUSTER, "cluster": _ON_CLUSTER}[each.name] if len(places) > 1 else 1
        chance = random.Random(f"{options.seed} {each.name}")
        with tempfile.TemporaryDirectory(prefix="proxy-oa-soak-") as folder, each(Path(folder)) as place:
            operations = _chosen(each.name, round(options.kills * share), options.only, chance)
            kill_operations(place, operations, chance, counts)
    if options.record:
        counts = Counts.recorded(names, options.record)
    print(counts.markdown())
    if not options.only:
        text = f"{counts.summary('kills')}\n\n{counts.markdown()}"
        write_counts("kills", text, "dagster", "duckdb", "pyarrow")
    sys.exit(bool(counts.defects))


if __name__ == "__main__":
    main()
