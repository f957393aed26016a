"""An operation that is disturbed, what it leaves, and what the same operation makes of that undisturbed."""

import ctypes
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from soak.injection import Attempt, Call, Fault, How, Kind, attempt
from soak.operations import Operation
from soak.places import EmbeddedPlace
from soak.seen import act, touch
from soak.state import Outcome, State, Verdict, judged

_SPOILED = (Outcome.TORN, Outcome.LOST)
_SHOWN = 700
_WITH_HISTORY = ("materialization", "init-db")


@contextmanager
def scratch() -> Iterator[Path]:
    """Yield a folder for homes, in memory where that is a folder: no case outlasts a power cut."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="proxy-oa-soak-", dir=shared if shared.is_dir() else None
    ) as made:
        yield Path(made)


@dataclass(frozen=True)
class Case:
    """A disturbed operation: its attempt, what it left, and what is wrong with either."""

    attempt: Attempt
    verdict: Verdict
    findings: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        """Return the column in which the case is counted."""
        if self.verdict.outcome in _SPOILED:
            return self.verdict.outcome
        return "done" if self.attempt.status == 0 else f"error, day {self.verdict.outcome}"

    @property
    def done_again(self) -> bool:
        """Return whether it failed, and was done after that."""
        return self.attempt.status != 0 and not self.findings


@dataclass(frozen=True)
class Undisturbed:
    """An operation's days before and after it, and its calls below the home."""

    old: State
    new: State
    calls: list[Call]


class Disturbed:
    """Operations on homes that are the same before each of them."""

    def __init__(self, library: ctypes.CDLL, folder: Path) -> None:
        self.place, self.home = EmbeddedPlace(folder), folder / "home"
        self.library = library
        self._undisturbed: dict[tuple[Operation, Kind], Undisturbed] = {}

    def undisturbed(self, operation: Operation, kinds: Kind = Kind.CHANGES) -> Undisturbed:
        """Return the days before and after an operation, and its calls of some kinds."""
        key = operation, kinds
        if key not in self._undisturbed:
            self.place.restore(operation.home)
            old = self.place.state(operation)
            done = self._attempt(operation, Fault(How.COUNTED, kinds=kinds))
            if done.status:
                raise RuntimeError(f"{operation.kind} {operation.name} failed undisturbed: {done.printed}")
            self._undisturbed[key] = Undisturbed(old, self.place.state(operation), done.calls)
        return self._undisturbed[key]

    def case(
        self,
        operation: Operation,
        fault: Fault | None = None,
        *,
        disturb: Callable[[], None] = lambda: None,
        begin: Callable[[], object] = lambda: None,
        calm: Callable[[], None] = lambda: None,
    ) -> Case:
        """Do an operation with a fault, or between `disturb` and `calm`, and then again.

        `begin` is called in the operation's process.
        """
        expected = self.undisturbed(operation)
        self.place.restore(operation.home)
        disturb()
        done = self._attempt(operation, fault, begin)
        calm()
        found = self.place.state(operation)
        verdict = judged(found, expected.old, expected.new)
        findings = list(_of_attempt(done, verdict, self.home))
        if verdict.outcome in _SPOILED:
            findings.append(f"{verdict.outcome}: {', '.join(verdict.parts)}")
        else:
            findings += self._again(operation, expected, done, found, verdict.outcome)
        return Case(done, verdict, findings)

    def _attempt(
        self,
        operation: Operation,
        fault: Fault | None = None,
        begin: Callable[[], object] = lambda: None,
    ) -> Attempt:
        def work() -> int:
            begin()
            return act(operation, self.place.home)

        return attempt(self.library, self.home, work, fault)

    def _again(
        self, operation: Operation, expected: Undisturbed, done: Attempt, found: State, outcome: Outcome
    ) -> list[str]:
        """Finish an operation as its user would; return what isn't as after an undisturbed one."""
        if outcome is Outcome.BETWEEN or self.place.left_over():
            self._touch(operation)
            found = self.place.state(operation)
            outcome = judged(found, expected.old, expected.new).outcome
        findings = []
        # The next run is what ends one that couldn't record its end.
        if done.status and (outcome is not Outcome.NEW or operation.kind in _WITH_HISTORY):
            again = self._attempt(operation)
            if again.status:
                findings.append(f"fails again, without a fault: {again.printed.strip()[-_SHOWN:]}")
            found = self.place.state(operation)
        other = [part for part in {*found, *expected.new} if found.get(part) != expected.new.get(part)]
        if other:
            findings.append(f"other than undisturbed: {', '.join(sorted(other))[:_SHOWN]}")
        history = self.place.history() if operation.kind in _WITH_HISTORY else []
        return [*findings, *self.place.left_over(), *history]

    def _touch(self, operation: Operation) -> None:
        attempt(self.library, self.home, lambda: touch(operation, self.place.home()))


def _of_attempt(done: Attempt, verdict: Verdict, home: Path) -> list[str]:
    if done.status == 0:
        is_done = verdict.outcome in (Outcome.NEW, *_SPOILED)
        return [] if is_done else [f"says that it is done, and the day is {verdict.outcome}"]
    # A day that isn't over by a clock that was set has no path.
    names = str(home) in done.printed or "isn't over yet: today is" in done.printed
    is_clear = "Traceback" not in done.printed and names
    return (
        []
        if is_clear
        else [f"exit code {done.status} without a clear error: {done.printed.strip()[-_SHOWN:]}"]
    )
