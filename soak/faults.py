"""Let each system call fail that changes a home, one at a time, and count what is left of the day.

    python -m soak.faults [--most 100] [--minutes 60] [--only OPERATION ...] [--record FILE]

Of each operation, every call is failed where there are few; of more, a sample that has each call on each kind
of file. A failed operation must say which file and what to do, and leave each part of the day as it was or as
it becomes; done again, it must make what it makes undisturbed, and leave nothing behind.

Operations take turns, so that a run of some minutes has some faults of each; with its record, the next one
goes on from there. `--only` alone writes what a record has.
"""

import errno
import random
import re
import time
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from math import inf
from pathlib import Path

from soak.counts import write_counts
from soak.disturbed import Disturbed, scratch
from soak.injection import Call, Fault, How, Kind, preloaded
from soak.record import Record
from soak.seen import BY_NAME, arguments_of

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
    parser = arguments_of(__doc__)
    parser.add_argument("--most", type=int, default=0, help="faults per operation; 0: all")
    parser.add_argument("--minutes", type=float, default=inf, help="after which no further call is failed")
    arguments = parser.parse_args()
    library = preloaded()
    with scratch() as folder:
        record = Record(arguments.record or folder / "cases.jsonl")
        disturbed = Disturbed(library, folder)
        turns = deque(
            inject(disturbed, name, kinds, most, record)
            for name in arguments.only
            # Of reads a quarter; none would be all.
            for kinds, most in ((Kind.CHANGES, arguments.most), (Kind.READS, -(-arguments.most // 4)))
        )
        end = time.monotonic() + 60 * arguments.minutes
        while turns and time.monotonic() < end:
            turn = turns.popleft()
            if next(turn, False):
                turns.append(turn)
        write_faults(Record(arguments.record) if arguments.record else record)
    raise SystemExit(len(record.findings) > 0)


def inject(disturbed: Disturbed, name: str, kinds: Kind, most: int, record: Record) -> Iterator[bool]:
    """Fail an operation's calls of a kind, at most so many, one with each step."""
    operation = f"{name}{', reading' if kinds is Kind.READS else ''}"
    calls = disturbed.undisturbed(BY_NAME[name], kinds).calls
    earlier = {case["fault"] for case in record.cases if case["operation"] == operation}
    for call, fault in sampled(calls, kinds, most, disturbed.home):
        if f"{call.number} {fault}" in earlier:
            continue
        case = disturbed.case(BY_NAME[name], fault)
        # Threads can make fewer calls than when they were counted: none failed then.
        if not case.attempt.calls and not case.findings:
            continue
        # They take other turns, too.
        hit = case.attempt.calls[0] if case.attempt.calls else call
        record.add(
            case,
            f"{hit.number} {hit.path.relative_to(disturbed.home)}",
            operation=operation,
            calls=f"{len(calls):,}",
            fault=f"{call.number} {fault}",
            call=hit.name,
            error=str(fault),
        )
        yield True


def write_faults(record: Record) -> None:
    """Write the counts into the document."""
    # Threads don't make the same number of calls each time.
    latest = {case["operation"]: case["calls"] for case in record.cases}
    for case in record.cases:
        case["calls"] = latest[case["operation"]]
    tables = record.markdown("operation", "calls"), record.markdown("call", "error")
    write_counts("faults", "\n\n".join(tables), "duckdb", "dagster", "pyarrow")


def sampled(calls: Sequence[Call], kinds: Kind, most: int, home: Path) -> Iterator[tuple[Call, Fault]]:
    """Yield calls with the errors that they can have: of more than `most`, some of each call on each file."""
    # `uris` is no file of a home: the operations here find in it what they work on.
    calls = [call for call in calls if home / "uris" not in call.path.parents]
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
