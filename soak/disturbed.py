"""An operation that is disturbed, what it leaves, and what the same operation makes of that undisturbed."""

import ctypes
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from support.home import Home
from typing_extensions import override

from proxy_oa_assets.investigation.repair import repaired
from proxy_oa_assets.model.files import remove_stale_folders
from soak.injection import Attempt, Call, Fault, How, Kind, attempt
from soak.operations import DAY, Homes, Operation
from soak.state import Outcome, State, Verdict, day_state, judged, left_over

# In memory where there is such a folder: nothing here is meant to outlast a power cut.
_FAST = Path("/dev/shm")
_OF_NO_DAY = re.compile(r"dagster/.*|tmp/.*|.*\.sqlite3?(-.*)?|.*/\.locks/.*|.*\.tmp|proxy\.log")
_OF_THE_DAY = re.compile(rf".*({DAY.folder}|y={DAY.y}/m=0?{DAY.m}/d={DAY.d}|{DAY.y}/{DAY.m}/{DAY.d})/.*")


@dataclass(frozen=True)
class Case:
    """A disturbed operation: its attempt, what it left, and what is wrong with that."""

    attempt: Attempt
    verdict: Verdict
    retried: bool
    findings: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """Return the column in which the case is counted."""
        if self.verdict.outcome in (Outcome.TORN, Outcome.LOST):
            return self.verdict.outcome
        if self.attempt.status == 0:
            return "done"
        return f"error, day {self.verdict.outcome}"


@dataclass
class _Undisturbed:
    old: State
    new: State
    others: State
    calls: list[Call]


class Disturbed(AbstractContextManager["Disturbed"]):
    """Operations on homes that are the same before each of them."""

    def __init__(self, library: ctypes.CDLL, folder: Path | None = None) -> None:
        self._library = library
        self._folder = Path(
            tempfile.mkdtemp(prefix="proxy-oa-soak-", dir=folder or (_FAST if _FAST.is_dir() else None))
        )
        self.homes = Homes(self._folder, self._apart)
        self._undisturbed: dict[str, _Undisturbed] = {}

    @override
    def __enter__(self) -> Self:
        self.homes.prepare()
        return self

    @override
    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder)

    def undisturbed(self, operation: Operation, kinds: Kind = Kind.CHANGES) -> _Undisturbed:
        """Return the day before and after an operation, and its calls below the home."""
        key = f"{operation.name} {kinds}"
        if key not in self._undisturbed:
            home = self.homes.put(operation.home)
            old, others = self._state(), self._others()
            done = attempt(self._library, home, lambda: operation.act(home), Fault(How.COUNTED, kinds=kinds))
            if done.status:
                raise RuntimeError(f"{operation.name} failed before any fault: {done.printed}")
            self._undisturbed[key] = _Undisturbed(old, self._state(), others, done.calls)
        return self._undisturbed[key]

    def case(
        self,
        operation: Operation,
        fault: Fault | None,
        prepare: Callable[[], None] = lambda: None,
        restore: Callable[[], None] = lambda: None,
    ) -> Case:
        """Do an operation with a fault, or in what `prepare` makes of the home; then `restore` and go on."""
        expected = self.undisturbed(operation)
        home = self.homes.put(operation.home)
        prepare()
        done = attempt(self._library, home, lambda: operation.act(home), fault)
        restore()
        verdict = judged(self._state(), expected.old, expected.new)
        findings = self._findings(done, verdict)
        retried = done.status != 0 and not findings
        if verdict.outcome not in (Outcome.TORN, Outcome.LOST):
            findings += self._again(operation, done, verdict)
        if self._others() != expected.others:
            findings.append("files of other days or the site changed")
        return Case(done, verdict, retried, findings)

    def _findings(self, done: Attempt, verdict: Verdict) -> list[str]:
        findings = []
        if done.status == 0 and verdict.outcome not in (Outcome.NEW, Outcome.TORN, Outcome.LOST):
            findings.append(f"says that it is done, and the day is {verdict.outcome}")
        if done.status != 0 and ("Traceback" in done.printed or str(self.homes.home) not in done.printed):
            findings.append(f"no clear error: {done.printed.strip()[-600:]}")
        return findings

    def _again(self, operation: Operation, done: Attempt, verdict: Verdict) -> list[str]:
        """Do the operation again, as far as it isn't done, and return what is wrong then."""
        expected, home, findings = self._undisturbed[f"{operation.name} {Kind.CHANGES}"], self.homes.home, []
        outcome = verdict.outcome
        if not operation.repeatable and outcome is Outcome.BETWEEN:
            self._run(lambda: 0 if repaired(DAY, Home(home).deployment) else 1)
            outcome = judged(self._state(), expected.old, expected.new).outcome
        if done.status and (operation.repeatable or outcome is not Outcome.NEW):
            again = self._run(lambda: operation.act(home))
            if again.status:
                findings.append(f"fails again without a fault: {again.printed.strip()[-600:]}")
        elif left_over(Home(home)):
            # What the next work on the day removes.
            again = self._run(lambda: repaired_day(home))
        after = judged(self._state(), expected.old, expected.new)
        if after.outcome is not Outcome.NEW:
            found = self._state()
            differing = [
                part for part in {*found, *expected.new} if found.get(part) != expected.new.get(part)
            ]
            findings.append(
                f"the day isn't what it becomes undisturbed: {', '.join(sorted(differing))[:300]}"
            )
        if left := left_over(Home(home)):
            findings.append(f"left over: {', '.join(left)[:300]}")
        return findings

    def _run(self, act: Callable[[], int]) -> Attempt:
        return attempt(self._library, self.homes.home, act)

    def _apart(self, step: Callable[[], int]) -> int:
        done = self._run(step)
        if done.status:
            print(done.printed)
        return done.status

    def _state(self) -> State:
        file = self._folder / "state.json"

        def write() -> int:
            file.write_text(json.dumps(day_state(Home(self.homes.home), DAY)), encoding="utf-8")
            return 0

        if self._apart(write):
            return {"unreadable": "unreadable"}
        return dict(json.loads(file.read_bytes()))

    def _others(self) -> State:
        """Return the files of other days and of the site."""
        found = {}
        for path in sorted(self.homes.home.rglob("*")):
            name = str(path.relative_to(self.homes.home))
            if path.is_file() and not (_OF_NO_DAY.fullmatch(name) or _OF_THE_DAY.fullmatch(name)):
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found


def repaired_day(home: Path) -> int:
    """Do what the next run does first, and what the next ingest does."""
    repaired(DAY, Home(home).deployment)
    remove_stale_folders(home / "tmp")
    return 0
