"""Outcomes of a soak run, counted by operation and phase."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from benchmarks.document import DOCS, machine, table, write_measured
from soak.state import Outcome, Verdict

DOCUMENT = DOCS / "reliability.md"
# The next process didn't make of it what an undisturbed operation makes.
UNFINISHED = "not finished"
DEFECTS = (Outcome.TORN, Outcome.LOST, UNFINISHED)


@dataclass
class Counts:
    """How often each outcome was found, by what names a line of the table; `defects` says where.

    `record` is a file to which each is added as a line of JSON: several processes can share one.
    """

    names: Sequence[str]
    found: Counter[tuple[tuple[str, ...], str]] = field(default_factory=Counter)
    defects: list[str] = field(default_factory=list)
    record: Path | None = None

    @classmethod
    def recorded(cls, names: Sequence[str], record: Path) -> Self:
        """Return what a record has."""
        counts = cls(names)
        for text in record.read_text(encoding="utf-8").splitlines() if record.exists() else ():
            line, outcome, report = json.loads(text)
            counts._count(tuple(line), outcome, report)
        counts.record = record
        return counts

    def add(self, line: tuple[str, ...], verdict: Verdict, what: str) -> None:
        """Count a verdict; `what` says which case it was, so that it can be run again."""
        report = (
            f"{verdict.outcome}: {', '.join(verdict.parts)} ({what})" if verdict.outcome in DEFECTS else ""
        )
        self._count(line, str(verdict.outcome), report)

    def count(self, line: tuple[str, ...], outcome: str) -> None:
        """Count another outcome."""
        self._count(line, outcome, "")

    def fail(self, line: tuple[str, ...], finding: str) -> None:
        """Record what must not happen."""
        self._count(line, UNFINISHED, finding)

    def summary(self, what: str) -> str:
        """Return a sentence with the number of cases, and of those that must not happen."""
        cases = sum(number for (_, outcome), number in self.found.items() if outcome != UNFINISHED)
        bad = (f"{self._all(outcome)} {outcome}" for outcome in DEFECTS)
        return f"{cases} {what}: {', '.join(bad)}."

    def markdown(self, outcomes: Sequence[str] = (*Outcome, UNFINISHED)) -> str:
        """Return the counts as a table, with a line for all."""
        lines = sorted({line for line, _ in self.found})
        counts = [(*line, *(self.found[line, outcome] for outcome in outcomes)) for line in lines]
        every = ("all", *[""] * (len(self.names) - 1), *map(self._all, outcomes))
        return table([*self.names, *outcomes], [*counts, every])

    def _all(self, outcome: str) -> int:
        return sum(number for (_, found), number in self.found.items() if found == outcome)

    def _count(self, line: tuple[str, ...], outcome: str, report: str) -> None:
        self.found[line, outcome] += 1
        if report:
            self.defects.append(f"{' '.join(line)}: {report}")
            print(self.defects[-1], flush=True)
        if self.record:
            with self.record.open("a", encoding="utf-8") as file:
                file.write(json.dumps([line, outcome, report]) + "\n")


def write_counts(section: str, text: str, *packages: str) -> None:
    """Write a section of `docs/reliability.md`, with the machine and the versions."""
    write_measured(DOCUMENT, section, f"{text.strip()}\n\nMeasured on {machine(*packages)}")
