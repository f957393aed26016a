"""Time of rebuilding history with many days in one run, relative to one day in each run.

    python -m benchmarks.days_per_run [--days 30] [--rounds 5]

Each run is a separate process, as a backfill launches it.
"""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import ROUNDS, Figure, Group, Work, arguments, in_turn, ratio, show, timed
from benchmarks.whole_command import run
from proxy_oa_assets.ingest.sample.site import write_sample_day
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings

FIRST = Day.parse("2016-09-01")
DAYS = 30
_RATIO = 0.35
_RUN = """
import sys
from proxy_oa_assets.defs.automation.jobs import PROXY_DAY
from proxy_oa_assets.definitions import defs
from proxy_oa_assets.cli.history import open_history
from proxy_oa_assets.settings import load_settings

first, last = sys.argv[1:]
days = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}
quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
with open_history(load_settings()) as instance:
    job = defs.resolve_job_def(PROXY_DAY)
    if first == last:
        done = job.execute_in_process(partition_key=first, instance=instance, run_config=quiet)
    else:
        done = job.execute_in_process(tags=days, instance=instance, run_config=quiet)
    assert done.success
"""


def prepared_home(home: Path, days: list[Day]) -> Path:
    """Write sample days into a home."""
    workspace = deployment(load_settings(PROXY_OA_HOME=str(home))).workspace
    for day in days:
        write_sample_day(workspace, home / "hdfs", day, views=100)
    return home


def figures(count: int, rounds: int) -> list[Figure]:
    """Measure that many days in one run, and in as many runs, one after the other."""
    days = [FIRST.plus(offset) for offset in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        home = prepared_home(Path(folder, "home"), days)

        def clean() -> None:
            for made in ("dagster", "data", "hdfs/user/spot/proxy/hive/oa", "ipynb"):
                shutil.rmtree(home / made, ignore_errors=True)

        def one_run() -> None:
            run(home, _RUN, days[0].key, days[-1].key)

        def a_run_each() -> None:
            for day in days:
                run(home, _RUN, day.key, day.key)

        seconds = in_turn(
            rounds,
            {"one run": Work(one_run, before=clean), "a run each": Work(a_run_each, before=clean)},
            warm=False,
        )
    return [
        ratio(f"{count} days in one run / in {count} runs", seconds, "one run", "a run each", _RATIO),
        timed(f"{count} days in one run", seconds["one run"]),
        timed(f"{count} days in {count} runs", seconds["a run each"]),
    ]


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure a backfill of days of a few requests."""
    days, rounds = (3, 1) if quick else (DAYS, ROUNDS)
    yield Group(f"{days} small days, wall time of whole processes", figures(days, rounds))


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help="number of days (default: %(default)s)")
    chosen = parser.parse_args()
    title = f"{chosen.days} small days, wall time of whole processes"
    show(Group(title, figures(chosen.days, chosen.rounds)))


if __name__ == "__main__":
    main()
