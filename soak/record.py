"""Disturbed cases, recorded in a file that several processes can share, and their counts as tables."""

import json
from collections import Counter
from pathlib import Path

from benchmarks.document import table
from soak.disturbed import Case

OUTCOMES = ("done", "error, day old", "error, day between", "error, day new", "torn", "lost")
AGAIN, FINDINGS = "done after it", "findings"


class Record:
    """Cases with their names, such as operation and error, as lines of JSON."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else ()
        self.cases: list[dict[str, str]] = [json.loads(line) for line in lines]

    @property
    def findings(self) -> list[str]:
        """What must not happen, each with its case."""
        return [case[FINDINGS] for case in self.cases if case[FINDINGS]]

    def add(self, case: Case, where: str, **names: str) -> None:
        """Record a case; `where` says how it is had again."""
        found = "; ".join(case.findings)
        if found:
            print(f"{' '.join(names.values())}, {where}: {found}", flush=True)
        entry = {
            **names,
            "outcome": case.outcome,
            AGAIN: AGAIN if case.done_again else "",
            FINDINGS: f"{' '.join(names.values())}, {where}: {found}" if found else "",
        }
        self.cases.append(entry)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def markdown(self, *names: str) -> str:
        """Return how often each outcome was found, by some of the names, with a line for all."""
        counts = Counter[tuple[tuple[str, ...], str]]()
        for case in self.cases:
            line = tuple(case[name] for name in names)
            for outcome in (case["outcome"], case[AGAIN], FINDINGS if case[FINDINGS] else ""):
                counts[line, outcome] += 1
        columns = (*OUTCOMES, AGAIN, FINDINGS)
        lines = sorted({line for line, _ in counts})
        rows = [(*line, *(counts[line, column] for column in columns)) for line in lines]
        every = [sum(counts[line, column] for line in lines) for column in columns]
        return table([*names, *columns], [*rows, ("all", *[""] * (len(names) - 1), *every)])
