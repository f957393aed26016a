"""Let disks fill up: operations on disks with more and more space left, and what is left of the day.

    python -m soak.full_disk [--only OPERATION ...] [--record FILE]

The whole home, or a folder of it, is on a disk of its own: the scratch folder, Dagster's history, the tables.
After each case the space is freed, and the operation done again. Mounting needs root.
"""

from soak.counts import write_counts
from soak.disturbed import Disturbed, scratch
from soak.injection import preloaded
from soak.mounts import free_space, mounted, put_on_small_disk, require_root
from soak.record import Record
from soak.seen import BY_NAME, arguments_of

_KIB = 1024
_DISKS = {"the home": ".", "scratch": "tmp", "history": "dagster", "tables": "hdfs", "exports": "data"}
_FREE = [0, *(8 * _KIB * 8**step for step in range(5))]
OPERATIONS = (
    "ingest a log that has grown",
    "materialization of a day again",
    "scoring a URI",
    "stories a new incident",
    "export csv",
    "export story page",
    "reset of a day",
)


def main() -> None:
    """Fill disks and write the counts into docs/reliability.md."""
    parser = arguments_of(__doc__, OPERATIONS)
    arguments = parser.parse_args()
    require_root()
    library = preloaded()
    with scratch() as folder:
        record = Record(arguments.record or folder / "cases.jsonl")
        disturbed = Disturbed(library, folder)
        for name in arguments.only:
            for disk, place in _DISKS.items():
                fill(disturbed, name, disk, place, record)
        found = Record(arguments.record) if arguments.record else record
        text = f"{found.markdown('operation', 'disk')}\n\n{found.markdown('disk', 'KiB left')}"
        write_counts("disk", text, "duckdb", "dagster", "pyarrow")
    raise SystemExit(len(record.findings) > 0)


def fill(disturbed: Disturbed, name: str, disk: str, place: str, record: Record) -> None:
    """Do an operation with each amount of space left, until it is enough."""
    folder = disturbed.home / place
    for free in _FREE:

        def disturb(free: int = free) -> None:
            folder.mkdir(exist_ok=True)
            put_on_small_disk(folder, free)

        with mounted(folder):
            case = disturbed.case(BY_NAME[name], disturb=disturb, calm=lambda: free_space(folder))
        record.add(case, f"{free} bytes left", operation=name, disk=disk, **{"KiB left": f"{free // _KIB:5}"})
        if case.attempt.status == 0:
            break


if __name__ == "__main__":
    main()
