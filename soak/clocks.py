"""Let the clock jump before and in the middle of operations, and count what is left of the day.

    python -m soak.clocks [--only OPERATION ...] [--record FILE]

The system's clock stays: a preloaded library shifts what the operation's process is told, from one of its
questions on. Files' times aren't shifted, as those of a server's whose clock is right.
"""

import ctypes
import os
import time
from functools import partial

from soak.counts import write_counts
from soak.disturbed import Disturbed, scratch
from soak.injection import preloaded
from soak.record import Record
from soak.seen import BY_NAME, arguments_of

_HOUR, _DAY = 3600, 86_400
_YEAR = 365 * _DAY
_JUMPS = {
    "an hour back": -_HOUR,
    "an hour ahead": _HOUR,
    "two days back": -2 * _DAY,
    "two days ahead": 2 * _DAY,
    "to 1970": None,
    "to 2100": 74 * _YEAR,
}
# Questions for the time after which the clock jumps; 1: it is wrong from the beginning.
_MOMENTS = {"from the start": 1, "early": 40, "later": 400}
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
    for clock, jump in _JUMPS.items():
        for when, question in _MOMENTS.items():
            seconds = -int(time.time()) if jump is None else jump
            begin = partial(disturbed.library.faults_clock, question, ctypes.c_longlong(seconds))
            record.add(disturbed.case(BY_NAME[name], begin=begin), name, clock=clock, when=when)
    for zone in _ZONES:
        case = disturbed.case(BY_NAME[name], begin=partial(_set_zone, zone))
        record.add(case, name, clock=f"of {zone}", when="from the start")


def _set_zone(zone: str) -> None:
    os.environ["TZ"] = zone
    time.tzset()


if __name__ == "__main__":
    main()
