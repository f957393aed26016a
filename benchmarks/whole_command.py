"""Time of `proxy-oa run` for a small day, relative to Dagster alone.

    python -m benchmarks.whole_command [--rounds 5]

The comparison is a process that imports Dagster and materializes four assets that do nothing, in a history on
disk that Dagster's own storage writes. A graph of the real one's assets and checks, which do nothing as well,
shows what of the rest is Dagster's.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from benchmarks.day_sql import run_checks, run_day
from benchmarks.figures import ROUNDS, Figure, Group, Work, arguments, in_turn, ratio, show, timed
from benchmarks.generated_day import DAY, generated_day
from proxy_oa_assets.defs.automation.jobs import PROXY_DAY
from proxy_oa_assets.defs.build import build_definitions
from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.tables import (
    PROXY,
    PROXY_HISTORY,
    PROXY_INGEST_SUMMARY,
    PROXY_SCORES,
    PROXY_THREAT_INVESTIGATION,
    records,
)
from proxy_oa_assets.model.tsv import line
from proxy_oa_assets.ranking.reasons import ADJUSTMENTS
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.settings import load_settings
from proxy_oa_assets.sql import analysts, history
from proxy_oa_assets.sql.conditions import Condition

RAW_ROWS, RANKED_ROWS = 10_000, 5_000
_TITLE = f"{RAW_ROWS:,} raw and {RANKED_ROWS:,} ranked rows, wall time of whole processes"

_COMMAND = "from proxy_oa_assets.cli.main import entry; entry()"
_FOUR_ASSETS: dict[str, list[str]] = {"a": [], "b": ["a"], "c": ["b"], "d": []}
_EMPTY_GRAPH = f"""
import warnings
import dagster as dg
import dagster._core.instance

warnings.filterwarnings("ignore", category=dg.PreviewWarning)
daily = dg.DailyPartitionsDefinition("2015-01-01")

def empty(name, deps):
    @dg.asset(name=name, partitions_def=daily, deps=deps)
    def nothing() -> None: ...
    return nothing

def passed(asset, names):
    specs = [dg.AssetCheckSpec(name, asset=asset, partitions_def=daily) for name in names]
    @dg.multi_asset_check(name=f"check_{{asset}}", specs=specs)
    def nothing():
        for name in names:
            yield dg.AssetCheckResult(passed=True, asset_key=asset, check_name=name)
    return nothing

graph = [empty(*each) for each in ASSETS.items()] + [passed(*each) for each in CHECKS.items()]
quiet = {{"loggers": {{"console": {{"config": {{"log_level": "CRITICAL"}}}}}}}}
with dg.DagsterInstance.get() as instance:
    assert dg.materialize(graph, instance=instance, partition_key="{DAY}", run_config=quiet).success
"""


def prepare_home(home: Path, *, ranked_there: bool = True) -> None:
    """Put a small raw day, and perhaps its ranked results, where ingest and the ranking job put them."""
    generated = generated_day(RAW_ROWS)
    huser = home / "hdfs" / "user" / "spot"
    shutil.copytree(generated.base / PROXY.location, huser / PROXY.location)
    if not ranked_there:
        return
    scores = huser / "proxy" / "scored_results" / DAY.folder / "scores"
    scores.mkdir(parents=True)
    ranked = generated.ranked_rows(RANKED_ROWS, among="TRUE")[list(RESULT_FIELDS)]
    with (scores / "proxy_results.csv").open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(map(line, records(ranked)))


def empty_graph(assets: dict[str, list[str]], checks: dict[str, list[str]]) -> str:
    """Return Python code that materializes assets with these deps and checks, which do nothing."""
    return f"ASSETS, CHECKS = {assets!r}, {checks!r}\n{_EMPTY_GRAPH}"


def shape(home: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the deps and the checks of a day's assets, by asset."""
    layer = build_definitions(load_settings(PROXY_OA_HOME=str(home))).resolve_job_def(PROXY_DAY).asset_layer
    names = {key: key.to_user_string() for key in layer.executable_asset_keys}
    deps = {
        name: [parent.to_user_string() for parent in layer.asset_graph.get(key).parent_keys]
        for key, name in names.items()
    }
    checks: dict[str, list[str]] = {}
    for check in layer.asset_graph.asset_check_keys:
        checks.setdefault(check.asset_key.to_user_string(), []).append(check.name)
    return deps, checks


def run(home: Path, code: str, *arguments: str) -> None:
    """Run Python code in a new process with that home and no other setting of ours or Dagster's."""
    # An installed package has its bytecode.
    left_out = ("PROXY_OA_", "DAGSTER_", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    history_folder = home / "dagster"
    history_folder.mkdir(parents=True, exist_ok=True)
    checkout = str(Path(__file__).parents[1])
    subprocess.run(
        [sys.executable, "-c", code, *arguments],
        check=True,
        cwd=home,  # where no .env and no conf file stands
        stdout=subprocess.DEVNULL,
        env={
            **inherited,
            "PYTHONPATH": checkout,
            "PROXY_OA_HOME": str(home),
            "DAGSTER_HOME": str(history_folder),
        },
    )


def run_sql(home: Path) -> None:
    """Run the SQL that the command runs, on an engine started for it: assets, checks, and the list it prints.

    Rows that Python writes to `proxy_scores` don't count.
    """
    warehouse = DuckDBWarehouse(base=str(home / "hdfs" / "user" / "spot"), scratch=str(home / "tmp"))
    run_day(warehouse)
    # proxy_history
    warehouse.row_count(PROXY, DAY)
    warehouse.replace_day(PROXY_HISTORY, DAY, history.proxy_history(DAY))
    warehouse.query(history.history_figures(DAY))
    # scored_connections and notebooks
    for table in (PROXY_THREAT_INVESTIGATION, PROXY_INGEST_SUMMARY, PROXY_SCORES):
        warehouse.read_day(table, DAY)
    run_checks(warehouse)
    warehouse.query(history.history_counts(DAY))
    deque(warehouse.rows(analysts.severities_given(DAY.plus(-30), DAY.plus(-1))), maxlen=0)
    deque(warehouse.rows(analysts.changed_by_feedback(DAY, ADJUSTMENTS)), maxlen=0)
    warehouse.query(analysts.suspicious(DAY, Condition.all([]), 250))


def figures(rounds: int) -> list[Figure]:
    """Measure the command and the empty graph in turn, each in a separate home."""
    with tempfile.TemporaryDirectory() as folder:
        home, ranking, empty, shaped = (Path(folder, name) for name in ("home", "ranking", "empty", "shaped"))
        prepare_home(home)
        prepare_home(ranking, ranked_there=False)
        for history_of in (empty, shaped):
            (history_of / "dagster").mkdir(parents=True)
            # Telemetry is off in our history, too.
            (history_of / "dagster" / "dagster.yaml").write_text(
                "telemetry:\n  enabled: false\n", encoding="utf-8"
            )
        four, same = empty_graph(_FOUR_ASSETS, {}), empty_graph(*shape(home))
        command = ("run", "--date", DAY.key)
        seconds = in_turn(
            rounds,
            {
                "command": Work(lambda: run(home, _COMMAND, *command)),
                "dagster": Work(lambda: run(empty, four)),
                "shaped": Work(lambda: run(shaped, same)),
                "sql": Work(lambda: run_sql(home)),
                "ranking": Work(lambda: run(ranking, _COMMAND, *command)),
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
        ratio("`proxy-oa run` beyond its SQL / Dagster with our graph, empty", seconds, "beyond", "shaped"),
        timed("`proxy-oa run`", seconds["command"], 3.0),
        timed("Dagster with four empty assets", seconds["dagster"]),
        timed("Dagster with our graph's assets and checks, empty", seconds["shaped"]),
        timed("SQL of the command", seconds["sql"]),
        timed("`proxy-oa run` that ranks the day", seconds["ranking"]),
    ]


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure a small day."""
    yield Group(_TITLE, figures(2 if quick else ROUNDS))


def main() -> None:
    """Measure and print."""
    show(Group(_TITLE, figures(arguments(__doc__).parse_args().rounds)))


if __name__ == "__main__":
    main()
