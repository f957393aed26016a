"""Let a home become read-only before and in the middle of operations, and read in it.

    python -m soak.read_only [--moments 4] [--only OPERATION ...] [--record FILE]

Before: the home is mounted so. In the middle: from one call on, every call that would change a file fails, as
on a disk that the kernel mounts so after an error. Then it can be written again, and the operation is done.
Mounting needs root.
"""

import errno
import random
from collections.abc import Callable
from pathlib import Path

from support.home import Home

from benchmarks.document import table
from proxy_oa_assets.investigation.incidents import incidents
from proxy_oa_assets.investigation.journal import history
from proxy_oa_assets.investigation.score import threats
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.investigation.storyboard import storyboard
from soak.counts import write_counts
from soak.disturbed import Disturbed, scratch
from soak.injection import Fault, How, attempt, preloaded
from soak.mounts import make_read_only, mounted, require_root, unmount
from soak.operations import DAY
from soak.record import Record
from soak.seen import BY_NAME, arguments_of, command

_SEED = 18
_ELSEWHERE = "{home}.elsewhere"
_COMMANDS = (
    ("story", "--date", DAY.key, "-o", f"{_ELSEWHERE}/story.html"),
    ("export", "--date", DAY.key, "--format", "csv", "-o", f"{_ELSEWHERE}/incidents.csv"),
    ("export", "--date", DAY.key, "--format", "stix", "-o", "-"),
    ("feedback",),
    ("feedback", "--date", DAY.key),
    ("ingest", "--list"),
    ("doctor",),
)
_FUNCTIONS: dict[str, Callable[[Home], object]] = {
    "suspicious()": lambda home: suspicious(DAY, deployment=home.deployment),
    "threats()": lambda home: threats(DAY, deployment=home.deployment),
    "incidents()": lambda home: incidents(DAY, deployment=home.deployment),
    "storyboard()": lambda home: storyboard(DAY, deployment=home.deployment),
    "history()": lambda home: history(DAY, deployment=home.deployment),
}


def main() -> None:
    """Make homes read-only and write the counts into docs/reliability.md."""
    parser = arguments_of(__doc__)
    parser.add_argument("--moments", type=int, default=4, help="of each operation, in its middle")
    arguments = parser.parse_args()
    require_root()
    library = preloaded()
    with scratch() as folder:
        record = Record(arguments.record or folder / "cases.jsonl")
        disturbed = Disturbed(library, folder)
        reading = read_alone(disturbed)
        for name in arguments.only:
            turn(disturbed, name, arguments.moments, record)
        found = Record(arguments.record) if arguments.record else record
        text = f"{found.markdown('operation', 'read-only')}\n\n{reading}"
        write_counts("read_only", text, "duckdb", "dagster")
    raise SystemExit(len(record.findings) > 0)


def turn(disturbed: Disturbed, name: str, moments: int, record: Record) -> None:
    """Do an operation in a home that is read-only, and in one that becomes so at random calls."""
    home, operation = disturbed.home, BY_NAME[name]
    with mounted(home):
        case = disturbed.case(operation, disturb=lambda: make_read_only(home), calm=lambda: unmount(home))
    record.add(case, name, **{"operation": name, "read-only": "before"})
    calls = disturbed.undisturbed(operation).calls
    chance = random.Random(f"{_SEED} {name}")
    for call in chance.sample(calls, min(moments, len(calls))):
        case = disturbed.case(operation, Fault(How.FROM_THEN_ON, call.number, errno.EROFS))
        # Threads can make fewer calls than when they were counted: none failed then.
        if not case.attempt.calls and not case.findings:
            continue
        where = f"{call.number} {call.name} {call.path.relative_to(home)}"
        record.add(case, where, **{"operation": name, "read-only": "in the middle"})


def read_alone(disturbed: Disturbed) -> str:
    """Read in a home that is read-only; return what worked and what said that it needs to write."""
    disturbed.place.restore("analysed")
    home = disturbed.home
    elsewhere = Path(_ELSEWHERE.format(home=home))
    elsewhere.mkdir()
    rows = []
    with mounted(home):
        make_read_only(home)
        works: dict[str, Callable[[], int]] = {
            f"proxy-oa {' '.join(arguments)}".replace(_ELSEWHERE, "/elsewhere"): _command(
                disturbed, arguments
            )
            for arguments in _COMMANDS
        }
        works |= {name: _function(disturbed, function) for name, function in _FUNCTIONS.items()}
        for name, work in works.items():
            done = attempt(disturbed.library, home, work)
            # Of `doctor`, what it says is to fix.
            said = [line for line in done.printed.splitlines() if not line.startswith("ok ")]
            shown = "; ".join(" ".join(line.replace(str(home), "HOME").split()) for line in said)
            rows.append((f"`{name}`", "works" if done.status == 0 else shown.replace("|", "\\|")[:600]))
    return table(["in a read-only home", "what it does"], rows)


def _command(disturbed: Disturbed, arguments: tuple[str, ...]) -> Callable[[], int]:
    return lambda: command(
        disturbed.place.home(), *(argument.format(home=disturbed.home) for argument in arguments)
    )


def _function(disturbed: Disturbed, function: Callable[[Home], object]) -> Callable[[], int]:
    def work() -> int:
        function(disturbed.place.home())
        return 0

    return work


if __name__ == "__main__":
    main()
