"""Run the benchmarks, keep their figures and write docs/performance.md.

    python -m benchmarks.all [--quick] [--only day_sql,search]
    python -m benchmarks.all --only ''

Figures are kept in benchmarks/results/ until their part is measured again, and the document is written from
all of them: parts can be measured one by one, and `--only ''` writes the documents alone. `--quick` measures
small days in few rounds, to try the benchmarks; its figures and its document go to a temporary folder.
"""

import argparse
import importlib
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.document import DOCS, machine
from benchmarks.figures import Group, LackingProgramError, in_fresh_process, show
from benchmarks.parts import PARTS
from benchmarks.results import RESULTS, Result, keep

_PACKAGES = ("proxy-oa-assets", "dagster", "duckdb", "pandas", "polars", "pyarrow")


def measured(part: str, *, quick: bool) -> list[Group]:
    """Measure a part, and print its figures as they come."""
    groups = []
    for group in importlib.import_module(PARTS[part].module).measure(quick=quick):
        show(group)
        groups.append(group)
    return groups


def measure_and_keep(part: str, folder: Path, *, quick: bool) -> None:
    """Measure a part and keep its figures, or what is lacking to measure it."""
    groups, lacking, started = list[Group](), "", time.monotonic()
    try:
        groups = in_fresh_process(measured, part, quick=quick)
    except LackingProgramError as error:
        lacking = str(error)
    minutes = (time.monotonic() - started) / 60
    today = datetime.now(UTC).date().isoformat()
    print(f"Skipped: {lacking}" if lacking else f"{minutes:.1f} minutes", end="\n\n", flush=True)
    keep(Result(part, machine(*_PACKAGES), today, minutes, groups, lacking), folder)


def main() -> None:
    """Measure the chosen parts and write the documents."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="measure small days in few rounds")
    parser.add_argument(
        "--only", default=",".join(PARTS), help="parts, joined by commas (default: %(default)s)"
    )
    chosen = parser.parse_args()
    parts = [part for part in chosen.only.split(",") if part]
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    # Each measured process imports this module, and would hold in its peak what stands above.
    from benchmarks.generated_day import CACHE  # noqa: PLC0415 - loads DuckDB and pandas
    from benchmarks.report import write_document, write_readme  # noqa: PLC0415 - loads matplotlib

    document, results = DOCS / "performance.md", RESULTS
    if chosen.quick:
        results = CACHE / "quick" / "results"
        results.mkdir(parents=True, exist_ok=True)
        document = Path(shutil.copy(document, CACHE / "quick"))
    print(machine(*_PACKAGES), end="\n\n")
    for part in parts:
        print(f"{part}: {PARTS[part].about}")
        measure_and_keep(part, results, quick=chosen.quick)
    write_document(document, results)
    if not chosen.quick:
        write_readme(DOCS.parent / "README.md", results)
    print(f"Written: {document}")


if __name__ == "__main__":
    main()
