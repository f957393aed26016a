"""Let each system call fail that changes a home, one at a time, and count what is left of the day.

    python -m soak.faults [--most 40] [--only OPERATION ...]

Of each operation, every call is failed where there are few; of more, a sample that has each call on each kind
of file. A failed operation must say which file and what to do, and leave each part of the day as it was or as
it becomes; done again, it must make what it makes undisturbed, and leave nothing behind.
"""

import argparse
import errno
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from soak.counts import Counts, write_counts
from soak.disturbed import Disturbed
from soak.injection import Call, Fault, How, Kind, preloaded
from soak.operations import OPERATIONS, Operation, preload

AGAIN = "done again"
OUTCOMES = ("done", "error, day old", "error, day between", "error, day new", "torn", "lost")
_SEED = 18
_NEEDS_SPACE = {
    *("open", "write", "pwrite", "writev", "mkdir", "link", "rename", "fallocate", "sendfile"),
    "copy_file_range",
}
_SHORTENED = {"write", "pwrite", "writev", "sendfile", "copy_file_range"}
_INTERRUPTED = {*_SHORTENED, "open", "fsync", "fdatasync", "flock", "ftruncate", "rename"}
_BY_CHANCE = re.compile(r"[0-9a-f]{6,}|\d+")


def main() -> None:
    """Inject the faults and write the counts into docs/reliability.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=0, help="faults per operation; 0: all")
    parser.add_argument("--only", nargs="*", default=list(OPERATIONS), choices=list(OPERATIONS))
    parser.add_argument("--dry", action="store_true", help="print the counts, and leave the document")
    arguments = parser.parse_args()
    library = preloaded()
    preload()
    found = Found()
    with Disturbed(library) as disturbed:
        for name in arguments.only:
            found.inject(disturbed, OPERATIONS[name], Kind.CHANGES, arguments.most)
            found.inject(disturbed, OPERATIONS[name], Kind.READS, arguments.most // 4)
    print(found.markdown())
    if not arguments.dry:
        write_counts("faults", found.markdown(), "duckdb", "dagster", "pyarrow")
    raise SystemExit(len(found.findings) > 0)


class Found:
    """What was found, by operation and by call and error."""

    def __init__(self) -> None:
        self.by_operation = Counts(("operation", "calls", "failed"))
        self.by_call = Counts(("call", "error"))

    @property
    def findings(self) -> list[str]:
        """What must not happen."""
        return self.by_operation.defects

    def inject(self, disturbed: Disturbed, operation: Operation, kinds: Kind, most: int) -> None:
        """Fail an operation's calls of a kind, at most so many."""
        calls = disturbed.undisturbed(operation, kinds).calls
        faults = list(sampled(calls, kinds, most, disturbed.homes.home))
        reads = ", reading" if kinds is Kind.READS else ""
        line = (f"{operation.name}{reads}", f"{len(calls):,}", f"{len(faults):,}")
        for call, fault in faults:
            case = disturbed.case(operation, fault)
            hit = case.attempt.calls[0] if case.attempt.calls else call
            for counts, names in ((self.by_operation, line), (self.by_call, (hit.name, str(fault)))):
                counts.found[names, case.outcome] += 1
                counts.found[names, AGAIN] += case.retried and not case.findings
            where = hit.path.relative_to(disturbed.homes.home)
            for finding in [*case.verdict.parts, *case.findings]:
                self.by_operation.fail(line[:1], f"{fault} at {hit.number} {hit.name} {where}: {finding}")

    def markdown(self) -> str:
        """Return both tables."""
        columns = (*OUTCOMES, AGAIN)
        return f"{self.by_operation.markdown(columns)}\n\n{self.by_call.markdown(columns)}"


def sampled(calls: Sequence[Call], kinds: Kind, most: int, home: Path) -> Iterator[tuple[Call, Fault]]:
    """Yield calls with the errors that they can have: of more than `most`, some of each call on each file."""
    every = [(call, fault) for call in calls for fault in _faults(call, kinds)]
    if not most or len(every) <= most:
        yield from every
        return
    chance = random.Random(_SEED)
    sites = defaultdict[tuple[str, str, str], list[tuple[Call, Fault]]](list)
    for call, fault in every:
        kind = _BY_CHANCE.sub("N", str(call.path.relative_to(home)))
        sites[call.name, kind, str(fault)].append((call, fault))
    for site in sites.values():
        chance.shuffle(site)
    queues, taken = list(sites.values()), 0
    chance.shuffle(queues)
    while taken < most:
        for site in queues:
            if site and taken < most:
                taken += 1
                yield site.pop()


def _faults(call: Call, kinds: Kind) -> Iterator[Fault]:
    if kinds is Kind.READS:
        yield Fault(How.ONCE, call.number, errno.EIO, kinds)
        return
    yield Fault(How.ONCE, call.number, errno.EIO)
    if call.name in _NEEDS_SPACE:
        yield Fault(How.ONCE, call.number, errno.ENOSPC)
    if call.name in _INTERRUPTED:
        yield Fault(How.ONCE, call.number, errno.EINTR)
    if call.name in _SHORTENED:
        yield Fault(How.SHORT, call.number)


if __name__ == "__main__":
    main()
