"""Time of `proxy-oa run` for a small day, relative to Dagster alone.

    python -m benchmarks.whole_command [--rounds 5]

The comparison is a process that imports Dagster and materializes four assets that do nothing, in a history
kept on disk as ours is.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.day_sql import run_checks, run_day
from benchmarks.figures import ROUNDS, Figure, Group, Work, arguments, in_turn, ratio, show, timed
from benchmarks.generated_day import DAY, generated_day
from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.tables import PROXY, records
from proxy_oa_assets.model.tsv import line
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse

RAW_ROWS, RANKED_ROWS = 10_000, 5_000
_TITLE = f"{RAW_ROWS:,} raw and {RANKED_ROWS:,} ranked rows, wall time of whole processes"

_COMMAND = "from proxy_oa_assets.cli.main import entry; entry()"
_EMPTY_GRAPH = f"""
import dagster as dg
import dagster._core.instance

daily = dg.DailyPartitionsDefinition("2015-01-01")

def empty(name, *deps):
    @dg.asset(name=name, partitions_def=daily, deps=deps)
    def nothing() -> None: ...
    return nothing

graph = [empty("a"), empty("b", "a"), empty("c", "b"), empty("d")]
quiet = {{"loggers": {{"console": {{"config": {{"log_level": "CRITICAL"}}}}}}}}
with dg.DagsterInstance.get() as instance:
    assert dg.materialize(graph, instance=instance, partition_key="{DAY}", run_config=quiet).success
"""


def prepare_home(home: Path) -> None:
    """Put a small raw day and its ranked results into a home, where ingest and the ranking job put them."""
    generated = generated_day(RAW_ROWS)
    huser = home / "hdfs" / "user" / "spot"
    shutil.copytree(generated.base / PROXY.location, huser / PROXY.location)
    scores = huser / "proxy" / "scored_results" / DAY.folder / "scores"
    scores.mkdir(parents=True)
    ranked = generated.ranked_rows(RANKED_ROWS, among="TRUE")[list(RESULT_FIELDS)]
    with (scores / "proxy_results.csv").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(map(line, records(ranked)))


def run(home: Path, code: str, *arguments: str) -> None:
    """Run Python code in a new process with that home and no other setting of ours or Dagster's."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("PROXY_OA_", "DAGSTER_"))
    }
    history = home / "dagster"
    history.mkdir(parents=True, exist_ok=True)
    checkout = str(Path(__file__).parents[1])
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=True,
        cwd=home,  # where no .env and no conf file stands
        stdout=subprocess.DEVNULL,
        env={**inherited, "PYTHONPATH": checkout, "PROXY_OA_HOME": str(home), "DAGSTER_HOME": str(history)},
    )


def run_sql(home: Path) -> None:
    """Run the SQL of the day and of its checks, as the command does, on an engine started for it."""
    warehouse = DuckDBWarehouse(base=str(home / "hdfs" / "user" / "spot"), scratch=str(home / "tmp"))
    run_day(warehouse)
    run_checks(warehouse)


def figures(rounds: int) -> list[Figure]:
    """Measure the command and the empty graph in turn, each in a separate home."""
    with tempfile.TemporaryDirectory() as folder:
        home, empty_home = Path(folder, "home"), Path(folder, "empty")
        prepare_home(home)
        (empty_home / "dagster").mkdir(parents=True)
        # Telemetry is off in our history, too.
        (empty_home / "dagster" / "dagster.yaml").write_text(
            "telemetry:\n  enabled: false\n", encoding="utf-8"
        )
        seconds = in_turn(
            rounds,
            {
                "command": Work(lambda: run(home, _COMMAND, "run", "--date", DAY.key)),
                "dagster": Work(lambda: run(empty_home, _EMPTY_GRAPH)),
                "sql": Work(lambda: run_sql(home)),
            },
        )
    seconds["beyond"] = [whole - sql for whole, sql in zip(seconds["command"], seconds["sql"], strict=True)]
    return [
        ratio(
            "`proxy-oa run` beyond its SQL / Dagster with four empty assets",
            seconds,
            "beyond",
            "dagster",
            1.2,
        ),
        ratio("`proxy-oa run` / Dagster with four empty assets", seconds, "command", "dagster"),
        timed("`proxy-oa run`", seconds["command"], 3.0),
        timed("Dagster with four empty assets", seconds["dagster"]),
        timed("SQL of the day and of its checks", seconds["sql"]),
    ]


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure a small day."""
    yield Group(_TITLE, figures(2 if quick else ROUNDS))


def main() -> None:
    """Measure and print."""
    show(Group(_TITLE, figures(arguments(__doc__).parse_args().rounds)))


if __name__ == "__main__":
    main()
