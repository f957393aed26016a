"""Fuzz targets: property tests whose number of cases the profile decides, and the counts of a session.

`make test` runs a few fixed cases of each; `make fuzz` runs 10,000 random ones, by the profile `long`.
"""

import functools
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.strategies import SearchStrategy

from benchmarks.document import machine, table, write_measured

CASES = 10_000
_LONG = "long"
_DATABASE = Path(__file__).parents[2] / ".hypothesis/examples"
_COUNTS = "fuzz_counts"
_HEADER = ("Target", "What holds", "Cases", "Run on")

# A busy machine exceeds Hypothesis's deadline, which is no defect. The same cases each time: what random ones
# find is for `make fuzz`, and no reason for a change's tests to fail.
hypothesis.settings.register_profile("proxy_oa", deadline=None, derandomize=True)
hypothesis.settings.register_profile(
    _LONG,
    max_examples=CASES,
    deadline=None,
    derandomize=False,
    database=DirectoryBasedExampleDatabase(_DATABASE),
    print_blob=True,
)


def is_long() -> bool:
    """Return whether this session is `make fuzz`."""
    return hypothesis.settings.get_current_profile_name() == _LONG


def fuzz(
    target: str, *, short: int, at_once: int = 1, **strategies: SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test a fuzz target: `short` calls in `make test`, in `make fuzz` 10,000 cases.

    `target` names it in the table of counts, beside the first line of its docstring. A call of the test has
    `at_once` cases, such as the damaged lines of a log, where calls of one case each would take hours.
    """

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        counts = {"cases": 0}

        @functools.wraps(test)
        def counted(*args: object, **kwargs: object) -> None:
            test(*args, **kwargs)
            counts["cases"] += at_once

        limited = hypothesis.settings(
            max_examples=CASES // at_once if is_long() else short, suppress_health_check=list(HealthCheck)
        )
        found = limited(hypothesis.given(**strategies)(counted))
        return counting(target, counts)(found)

    return decorated


def counting(target: str, counts: dict[str, int]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test a fuzz target that counts its `cases` itself."""

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        claim = (test.__doc__ or "").strip().split("\n")[0]
        setattr(test, _COUNTS, (target, claim, counts))
        return pytest.mark.fuzz(test)

    return decorated


class FuzzCounts:
    """A plugin of pytest that prints the cases of each target, and writes them into a document if asked."""

    def __init__(self, document: Path | None) -> None:
        self._document, self._rows = document, dict[str, tuple[str, ...]]()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]):
        """Put a target's counts into the report, which xdist hands on."""
        if call.when == "call" and (found := getattr(getattr(item, "obj", None), _COUNTS, None)):
            target, claim, counts = found
            where = ", on a cluster" if item.get_closest_marker("cluster") else ""
            item.user_properties.append((_COUNTS, [target + where, claim, counts["cases"]]))
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a passed target's counts."""
        for name, value in report.user_properties:
            if name == _COUNTS and report.when == "call" and report.passed:
                target, claim, cases = value
                self._rows[target] = (target, claim, f"{cases:,}", f"{datetime.now(UTC):%Y-%m-%d}")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the counts, and replace their rows in the document."""
        if not self._rows or not is_long():
            return
        terminalreporter.section("fuzz targets")
        for target, _, cases, _ in sorted(self._rows.values()):
            terminalreporter.write_line(f"{target}: {cases} cases")
        if self._document:
            rows = {**_rows(self._document), **self._rows}
            text = table(_HEADER, sorted(rows.values()))
            write_measured(self._document, "fuzz", f"{machine('hypothesis')}\n\n{text}")


def _rows(document: Path) -> dict[str, tuple[str, ...]]:
    """Return the rows of the document's section, of which a run of a few targets replaces theirs alone."""
    marked = re.search(
        r"<!-- measured: fuzz -->(.*?)<!-- end: fuzz -->", document.read_text("utf-8"), re.DOTALL
    )
    lines = (marked[1] if marked else "").strip().splitlines()
    cells = (tuple(line.strip("| ").split(" | ")) for line in lines if line.startswith("| "))
    return {row[0]: row for row in cells if row[0] not in (_HEADER[0], "---")}
