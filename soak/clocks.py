"""Let the clock jump before and in the middle of operations, and count what is left of the day.

    python -m soak.clocks [--only OPERATION ...] [--record FILE]

The system's clock stays: a preloaded library shifts the time that the operation's process reads, from one of
its readings on. Files' times aren't shifted, like those of a server whose clock is right.
"""

import ctypes
import os
import time
from functools import partial
from mmap import mmap

from soak.counts import write_counts
from soak.disturbed import Disturbed, scratch
from soak.injection import attempt, preloaded
from soak.operations import Operation
from soak.record import Record
from soak.seen import BY_NAME, act, arguments_of

_HOUR, _DAY = 3600, 86_400
_YEAR = 365 * _DAY
_SIZE = 8  # bytes of a count
_JUMPS = {
    "an hour back": -_HOUR,
    "an hour ahead": _HOUR,
    "two days back": -2 * _DAY,
    "two days ahead": 2 * _DAY,
    "to 1970": None,
    "to 2100": 74 * _YEAR,
}
# Shares of an operation's questions for the time, after which the clock jumps.
_MOMENTS = {"from the start": 0, "early": 1 / 10, "later": 1 / 2}
# Its clocks go back in the middle of the day, if the system's time zone counts.
_ZONES = ("Europe/Berlin", "America/St_Johns", "Pacific/Apia")
OPERATIONS = (
    "ingest a log that has grown",
    "materialization of a day again",
    "scoring a URI",
    "scoring undone",
    "stories a new incident",
    "export story page",
    "reset of a day",
)


def main() -> None:
    """Shift the clock and write the counts into docs/reliability.md."""
    parser = arguments_of(__doc__, OPERATIONS)
    arguments = parser.parse_args()
    library = preloaded()
    with scratch() as folder:
        record = Record(arguments.record or folder / "cases.jsonl")
        disturbed = Disturbed(library, folder)
        for name in arguments.only:
            shift(disturbed, name, record)
        found = Record(arguments.record) if arguments.record else record
        write_counts("clocks", found.markdown("clock", "when"), "duckdb", "dagster")
    raise SystemExit(len(record.findings) > 0)


def shift(disturbed: Disturbed, name: str, record: Record) -> None:
    """Do an operation with each jump at each moment, and in time zones whose clocks change."""
    asked = questions(disturbed, BY_NAME[name])
    for clock, jump in _JUMPS.items():
        for when, share in _MOMENTS.items():
            seconds = -int(time.time()) if jump is None else jump
            begin = partial(
                disturbed.library.faults_clock, 1 + int(share * asked), ctypes.c_longlong(seconds)
            )
            record.add(disturbed.case(BY_NAME[name], begin=begin), name, clock=clock, when=when)
    for zone in _ZONES:
        case = disturbed.case(BY_NAME[name], begin=partial(_set_zone, zone))
        record.add(case, name, clock=f"of {zone}", when="from the start")


def questions(disturbed: Disturbed, operation: Operation) -> int:
    """Return how often an undisturbed operation asks for the time."""
    disturbed.place.restore(operation.home)
    found = mmap(-1, _SIZE)  # shared with the child

    def work() -> int:
        disturbed.library.faults_clock(1, ctypes.c_longlong(0))
        status = act(operation, disturbed.place.home)
        found[:] = disturbed.library.faults_clock(0, ctypes.c_longlong(0)).to_bytes(_SIZE, "little")
        return status

    done = attempt(disturbed.library, disturbed.home, work)
    if done.status:
        raise RuntimeError(f"{operation.kind} {operation.name} failed undisturbed: {done.printed}")
    return int.from_bytes(found[:], "little")


def _set_zone(zone: str) -> None:
    os.environ["TZ"] = zone
    time.tzset()


if __name__ == "__main__":
    main()
