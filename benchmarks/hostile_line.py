"""Cost of one hostile line in a day's log: processor time and memory of the day with it and without.

    python -m benchmarks.hostile_line [days] [logs] [readers] [--rows 500] [--length 1000000]

Each hostile line has values of `length` characters. Its day is ingested and run, all its connections are
scored. An analyst searches the hostile one, gives it a severity and a story, and opens page, notebooks and
exports. Further logs, hostile as a whole, are ingested alone. Then every reader of values is timed. Writes
the figures into docs/security.md.
"""

import argparse
import math
import os
import tempfile
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from benchmarks.document import DOCS, machine, table, write_measured
from benchmarks.hostile_logs import (
    HOSTILE_CLIENT,
    HOSTILE_LOGS,
    MANY_HOSTS,
    hostile_lines,
    write_day,
    write_log,
)
from benchmarks.hostile_values import READERS, Read, seconds, shapes
from proxy_oa_assets.cli.main import main as proxy_oa
from proxy_oa_assets.investigation.handover.write import write_hand_over
from proxy_oa_assets.investigation.notebook.edge_investigation import EdgeInvestigation
from proxy_oa_assets.investigation.notebook.force_graph import ForceGraph
from proxy_oa_assets.investigation.notebook.threat_investigation import ThreatInvestigation
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.search import details, expanded_search, suspicious
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.investigation.storyboard import save_storyboard
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings

DAY = "2016-09-12"
Work = Callable[[Path], object]
_FORMATS = ("text", "csv", "stix", "misp", "timesketch", "ocsf")
# Characters: all shapes are tried with the fewest, the slowest of them with both others.
_TRIED, _SHORT, _LONG = 1 << 12, 1 << 15, 1 << 18
_SLOWEST = 3


class Cost(NamedTuple):
    """Processor seconds and the most MB of memory of a process, and MB that are left in its home."""

    seconds: float
    memory: float
    disk: float


def ingest(log: Path) -> None:
    """Take a log."""
    proxy_oa(["ingest", str(log)], standalone_mode=False)


def run_day(log: Path, limit: int = 500) -> None:
    """Take a log and materialize its day."""
    ingest(log)
    proxy_oa(["run", "--date", DAY, "--limit", str(limit)], standalone_mode=False)


def investigate(log: Path) -> None:
    """Take a log's day, all of it scored, to what analysts read and hand over."""
    run_day(log, limit=1_000_000)
    configured = deployment(load_settings())
    (hostile,) = suspicious(DAY, clientip=HOSTILE_CLIENT, deployment=configured).to_dict("records")
    uri, client = hostile["fulluri"], hostile["clientip"]
    found = details(DAY, uri, client, deployment=configured)
    expanded_search(DAY, uri, deployment=configured)
    EdgeInvestigation(DAY)
    ForceGraph(lambda _: None).show(
        found.assign(uri_sev=0, p_time=found["time"], ml_score=0.1, word="", uri_rep="")
    )
    score(DAY, 1, uri, deployment=configured)
    save_storyboard(DAY, uri, "A title", "a text", deployment=configured)
    ThreatInvestigation(DAY)
    write_story(DAY, deployment=configured)
    for name in _FORMATS:
        write_hand_over(DAY, name, deployment=configured)


def costs(works: Mapping[str, tuple[Work, Path]], at_once: int) -> dict[str, Cost]:
    """Return the cost of each work with a log, in a home of its own, in a child that has imported all."""
    waiting, found = list(works.items()), dict[str, Cost]()
    running = dict[int, tuple[str, Path]]()
    with tempfile.TemporaryDirectory() as folder:
        while waiting or running:
            while waiting and len(running) < at_once:
                name, (work, log) = waiting.pop(0)
                home = Path(tempfile.mkdtemp(dir=folder))
                child = os.fork()
                if not child:
                    _work(work, log, home)
                running[child] = name, home
            child, status, used = os.wait4(-1, 0)
            name, home = running.pop(child)
            if status:
                raise RuntimeError((home / "output").read_text(encoding="utf-8"))
            left = sum(path.stat().st_size for path in home.rglob("*") if path.is_file())
            found[name] = Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, left / 1e6)
            print(name, found[name], flush=True)
    return {name: found[name] for name in works}


def _work(work: Work, log: Path, folder: Path) -> None:
    """Do the work and end the process."""
    status = 1
    try:
        output = os.open(folder / "output", os.O_WRONLY | os.O_CREAT)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.environ |= {"PROXY_OA_HOME": str(folder / "home"), "TMPDIR": str(folder)}
        work(log)
        status = 0
    finally:
        if status:
            traceback.print_exc()
        # Past the exit handlers of the process that was forked.
        os._exit(status)


def of_days(rows: int, length: int, at_once: int) -> str:
    """Return the costs of a day with each hostile line."""
    lines, works = hostile_lines(length), dict[str, tuple[Work, Path]]()
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, line) in enumerate(lines.items()):
            works[name] = investigate, Path(folder) / f"access.log.{number}"
            write_day(works[name][1], rows, line)
        all_costs = costs(works, at_once)
    base = all_costs["an ordinary line"]
    header = ["the line", "its MB", "processor s", "ratio", "peak MB", "ratio", "home MB"]
    return (
        f"A day of {rows:,} requests and one line more, whose values have {length:,} characters where "
        f"the line doesn't say otherwise: ingest, run with every connection scored, search, severity, story, "
        f"the notebooks' tables, the graph, the page, exports as {', '.join(_FORMATS)}. One process each. "
        f"{machine('duckdb', 'dagster')}\n\n"
    ) + table(
        header,
        [
            (
                name,
                f"{len(lines[name].encode()) / 1e6:.1f}",
                f"{found.seconds:.1f}",
                f"{found.seconds / base.seconds:.2f}",
                f"{found.memory:.0f}",
                f"{found.memory / base.memory:.2f}",
                f"{found.disk:.0f}",
            )
            for name, found in all_costs.items()
        ],
    )


def of_logs(at_once: int) -> str:
    """Return the costs of the logs that are hostile as a whole."""
    works, sizes = dict[str, tuple[Work, Path]](), dict[str, int]()
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(HOSTILE_LOGS):
            path = Path(folder) / f"access.log.{number}"
            sizes[name] = write_log(path, name)
            works[name] = (run_day if name == MANY_HOSTS else ingest), path
        found = costs(works, at_once)
    rows = [
        (name, f"{sizes[name] / 1e6:.1f}", f"{each.seconds:.1f}", f"{each.memory:.0f}", f"{each.disk:.0f}")
        for name, each in found.items()
    ]
    return "Logs that are hostile as a whole, ingested:\n\n" + table(
        ["the log", "its MB", "processor s", "peak MB", "home MB"], rows
    )


def _growth(read: Read) -> tuple[float, float, str]:
    """Return milliseconds for the longer value, the exponent by which time grows, and the slowest shape."""
    tried = sorted(shapes(_TRIED).items(), key=lambda shape: -seconds(read, shape[1]))[:_SLOWEST]
    short, long = shapes(_SHORT), shapes(_LONG)
    found = []
    for shape, _ in tried:
        less, more = (min(seconds(read, each[shape]) for _ in range(2)) for each in (short, long))
        found.append((1000 * more, math.log(more / less) / math.log(_LONG / _SHORT), shape))
    return max(found)


def of_readers() -> str:
    """Return each reader's time for its slowest shape, and how that grows."""
    rows = []
    for name, read in READERS.items():
        milliseconds, exponent, shape = _growth(read)
        rows.append((name, f"{milliseconds:.1f}", f"{exponent:.1f}", f"`{shape}`".replace("|", "\\|")))
    return (
        f"What reads one value of {_LONG:,} characters: of {len(shapes(1))} shapes the slowest, and the "
        f"exponent by which its time grows from {_SHORT:,} characters on (1 is linear, 2 quadratic; below "
        f"1 ms mostly noise):\n\n{table(['reader', 'ms', 'exponent', 'shape'], rows)}"
    )


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile_line")
    parser.add_argument(
        "parts", nargs="*", metavar="days, logs, readers", default=["days", "logs", "readers"]
    )
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--length", type=int, default=1_000_000)
    parser.add_argument("--at-once", type=int, default=1, help="how many are measured at the same time")
    options = parser.parse_args()
    parts = {
        "days": lambda: of_days(options.rows, options.length, options.at_once),
        "logs": lambda: of_logs(options.at_once),
        "readers": of_readers,
    }
    # Once, before the processes that are measured.
    for name in ("dagster", "matplotlib.pyplot"):
        import_module(name)
    for part in options.parts:
        text = parts[part]()
        print(text)
        write_measured(DOCS / "security.md", f"hostile {part}", text)


if __name__ == "__main__":
    main()
