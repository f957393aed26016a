"""Whether two checkouts of the project materialize the same days, byte for byte.

    python -m benchmarks.compare_checkouts OTHER_CHECKOUT [--data ../shared/data] [--day YYYY-MM-DD ...]

Each checkout materializes each real day, in a separate process and home. Then tables, exports and notebooks
are compared: notebooks by their code, without comments and the lines that import our package, whose paths
change. Exits with 1 if any differs.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

# The command was a package first, and is a module of one now.
_COMMAND = """
try:
    from proxy_oa_assets.cli.main import entry
except ModuleNotFoundError:
    from proxy_oa_assets.cli import entry
entry()
"""
_HUSER = Path("hdfs", "user", "spot")
_COMMENT_OR_IMPORT = re.compile(
    r"^(?:#.*|(?:from|import) proxy_oa_assets\b(?:.*\((?s:.*?)\)|.*))\n?", re.MULTILINE
)

_REWRITTEN = "other bytes, equal rows"

_CONTEXT, _NETWORKS = "network_context.csv", "10.0.0.0/8,Offices\n192.168.0.0/16,Laboratory\n"
_REPUTATION = "reputation.toml"
_SERVICES = """\
[[services]]
service = "blocklist"
lists = [{ path = "domains.txt", kind = "domains", name = "made-up", severity = 3 }]
"""


def days_with_data(data: Path) -> list[date]:
    """Return the days that have ranked results and raw rows."""
    results = data / _HUSER / "proxy" / "scored_results"
    days = {date.fromisoformat(path.parents[1].name) for path in results.glob("*/scores/*.csv")}
    return sorted(day for day in days if (data / raw_folder(day)).is_dir())


def raw_folder(day: date) -> Path:
    """Return the folder of a day's raw rows below a home."""
    return _HUSER / "proxy" / "hive" / f"y={day.year}" / f"m={day.month:02d}" / f"d={day.day:02d}"


def prepare_home(home: Path, data: Path, day: date) -> None:
    """Copy a day's raw rows and results into a home, and write a network context and a blocklist for it."""
    scores = _HUSER / "proxy" / "scored_results" / f"{day:%Y%m%d}"
    for part in (raw_folder(day), scores):
        shutil.copytree(data / part, home / part, copy_function=shutil.copyfile)
    ranked = (home / scores / "scores" / "proxy_results.csv").read_text(encoding="utf-8").split("\n")
    # Hosts of the day itself, so that both answers occur.
    blocklist = "".join(line.split("\t")[3] + "\n" for line in ranked[:-1:50])
    for name, content in ((_CONTEXT, _NETWORKS), ("domains.txt", blocklist), (_REPUTATION, _SERVICES)):
        (home / name).write_text(content, encoding="utf-8")


def materialize(checkout: Path, home: Path, data: Path, day: date) -> None:
    """Materialize a day with a checkout's own command; if it fails, exit with its output."""
    prepare_home(home, data, day)
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("PROXY_OA_", "DAGSTER_"))
    }
    settings = {
        "PROXY_OA_HOME": str(home),
        "PROXY_OA_NETWORK_CONTEXT": str(home / _CONTEXT),
        "PROXY_OA_REPUTATION": str(home / _REPUTATION),
        "PROXY_OA_START_DATE": str(day),
    }
    done = subprocess.run(
        [sys.executable, "-c", _COMMAND, "run", "--date", str(day), "--limit", "3000"],
        check=False,
        cwd=home.parent,  # where no .env and no conf file stands
        capture_output=True,
        encoding="utf-8",
        env={**inherited, **settings, "PYTHONPATH": str(checkout)},
    )
    if done.returncode:
        sys.exit(f"{checkout} can't materialize {day}:\n{done.stdout}{done.stderr}")


def made_files(home: Path, day: date) -> dict[str, Path]:
    """Return a day's tables, exports and notebooks by their paths below the home."""
    tables = (home / _HUSER / "proxy" / "hive" / "oa").rglob("*.parquet")
    exports = (home / "data" / "proxy" / f"{day:%Y%m%d}").rglob("*")
    notebooks = (home / "ipynb" / "proxy" / f"{day:%Y%m%d}").rglob("*.ipynb")
    files = (path for path in (*tables, *exports, *notebooks) if path.is_file() and path.suffix != ".lock")
    return {str(path.relative_to(home)): path for path in files}


def differences(this: Path, other: Path, day: date) -> Iterator[tuple[str, str]]:
    """Yield the path and the difference of each file that isn't the same in two homes."""
    ours, theirs = made_files(this, day), made_files(other, day)
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            yield name, f"only in {'this' if name in ours else 'the other'} checkout's day"
        elif ours[name].read_bytes() != theirs[name].read_bytes():
            contents = _content(ours[name], this), _content(theirs[name], other)
            if contents[0] != contents[1]:
                yield name, "other content"
            elif name.endswith(".parquet"):
                yield name, _REWRITTEN


def _content(file: Path, home: Path) -> object:
    """Return what is compared: a table's rows and types, a notebook's code without home and imports."""
    if file.suffix == ".parquet":
        return pq.ParquetFile(file).read().replace_schema_metadata()
    if file.suffix == ".ipynb":
        notebook = json.loads(file.read_text(encoding="utf-8").replace(str(home), "HOME"))
        code = ("".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code")
        return [_COMMENT_OR_IMPORT.sub("", source).strip() for source in code]
    return json.loads(file.read_bytes()) if file.name == "reputation.json" else file.read_bytes()


def same_day(checkouts: tuple[Path, Path], data: Path, day: date) -> bool:
    """Materialize a day with both checkouts; print and return whether it is the same."""
    with tempfile.TemporaryDirectory() as folder:
        homes = Path(folder, "this", "home"), Path(folder, "other", "home")
        for checkout, home in zip(checkouts, homes, strict=True):
            materialize(checkout, home, data, day)
        files, found = len(made_files(homes[0], day)), dict(differences(*homes, day))
    same = all(difference == _REWRITTEN for difference in found.values())
    named = "; ".join(f"{name} ({difference})" for name, difference in found.items())
    print(f"{day}  {files:>5,} files  {'equal' if same else 'DIFFERENT'}  {named}".rstrip(), flush=True)
    return same


def main() -> None:
    """Compare day by day."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("other", type=Path, metavar="OTHER_CHECKOUT", help="folder of the other checkout")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="default: %(default)s")
    parser.add_argument("--day", type=date.fromisoformat, nargs="+", help="days to compare (default: all)")
    chosen = parser.parse_args()
    if not (chosen.other / "proxy_oa_assets").is_dir():
        parser.error(f"{chosen.other} is no checkout: it has no folder proxy_oa_assets")
    found = days_with_data(chosen.data)
    if not found:
        parser.error(f"--data {chosen.data} has no day with ranked results and raw rows below {_HUSER}/proxy")
    days = chosen.day or found
    if missing := sorted(set(days) - set(found)):
        parser.error(
            f"--data {chosen.data} has no ranked results and raw rows of {', '.join(map(str, missing))}"
        )
    checkouts = Path(__file__).resolve().parents[1], chosen.other.resolve()
    same = [same_day(checkouts, chosen.data, day) for day in days]
    sys.exit(not all(same))


if __name__ == "__main__":
    main()
