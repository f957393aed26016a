"""Outcomes of a soak run, counted by operation and phase."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.document import DOCS, machine, table, write_measured
from soak.state import Outcome, Verdict

DOCUMENT = DOCS / "reliability.md"
_DEFECTS = (Outcome.TORN, Outcome.LOST)


@dataclass
class Counts:
    """How often each outcome was found, by what names a line of the table; `defects` says where."""

    names: Sequence[str]
    found: Counter[tuple[tuple[str, ...], str]] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)

    def add(self, line: tuple[str, ...], verdict: Verdict, what: str) -> None:
        """Count a verdict; `what` says which case it was, so that it can be run again."""
        self.found[line, verdict.outcome] += 1
        if verdict.outcome in _DEFECTS:
            self.fail(line, f"{verdict.outcome}: {', '.join(verdict.parts)} ({what})")

    def fail(self, line: tuple[str, ...], finding: str) -> None:
        """Record what must not happen."""
        self.defects.append(f"{' '.join(line)}: {finding}")
        print(self.defects[-1], flush=True)

    def markdown(self, outcomes: Sequence[str] = tuple(Outcome)) -> str:
        """Return the counts as a table, with a line for all."""
        lines = list(dict.fromkeys(line for line, _ in self.found))
        counts = [(*line, *(self.found[line, outcome] for outcome in outcomes)) for line in lines]
        every = [sum(self.found[line, outcome] for line in lines) for outcome in outcomes]
        return table([*self.names, *outcomes], [*counts, ("all", *[""] * (len(self.names) - 1), *every)])


def write_counts(section: str, text: str, *packages: str) -> None:
    """Write a section of `docs/reliability.md`, with the machine and the versions."""
    write_measured(DOCUMENT, section, f"{text.strip()}\n\nMeasured on {machine(*packages)}")
