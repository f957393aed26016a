"""Cost of one hostile line in a day's log: processor time and memory of the day with it and without.

    python -m benchmarks.hostile_line [--rows 20000] [--length 1000000] [--rounds 1]

Each hostile line has values of `length` characters. The day is ingested and run by the command, and read by
an analyst: the hostile URI is scored as high and searched, and the day's story is written. Writes the figures
into docs/security.md.
"""

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.document import DOCS, machine, table, write_measured
from benchmarks.hostile_values import READERS, shapes, slowest
from benchmarks.whole_command import run

DAY = "2016-09-12"
_COMMAND = "from proxy_oa_assets.cli.main import entry; entry()"
_ANALYST = """
import sys
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.search import expanded_search, suspicious
from proxy_oa_assets.model.day import Day
rows = suspicious(sys.argv[1], limit=10_000)
uri = max(rows.fulluri, key=len)
score(sys.argv[1], 1, uri)
expanded_search(sys.argv[1], uri)
"""
_SHORT, _LONG = 1 << 14, 1 << 16  # characters


def hostile_lines(length: int) -> Mapping[str, str]:
    """Return a line of Squid's combined format, with values of a length, by what is hostile in it."""
    return {
        "an ordinary line": _line(),
        "a URL of `%`": _line(url="http://evil.example/" + "%" * length),
        "a host of labels": _line(url=f"http://{'a.' * (length // 2)}example/"),
        "a URL of blanks": _line(url=f"http://evil.example/{' ' * length}x"),
        "quotes in each value": _line(
            url='http://evil.example/" ' * (length // 22), agent='" "' * (length // 3)
        ),
        "an agent of brackets": _line(agent="Mozilla/5.0 " + "(a; " * (length // 4)),
        "letters beyond ASCII": _line(url=f"http://{'é' * length}.example/", agent="中" * length),
    }


def _line(*, url: str = "http://evil.example/x", agent: str = "Updater/1", second: int = 43_200) -> str:
    time = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return (
        f'10.9.9.9 - - [12/Sep/2016:{time} +0000] "GET {url} HTTP/1.1" 200 99 "-" "{agent}" '
        "TCP_MISS:HIER_DIRECT"
    )


def _ordinary(rows: int) -> list[str]:
    chosen = random.Random(5)
    return [
        _line(
            url=f"http://site{chosen.randrange(300)}.example/p{chosen.randrange(900)}",
            agent=chosen.choice(
                ["Mozilla/5.0 (X11) Firefox/128.0", "Mozilla/5.0 (Windows NT 10.0) Chrome/126"]
            ),
            second=number * 86_400 // rows,
        ).replace("10.9.9.9", f"10.0.{number % 3}.{number % 200}")
        for number in range(rows)
    ]


def _cost(home: Path, log: Path) -> tuple[float, float]:
    """Return the processor seconds of a day in all its processes, and the most MB that one of them had."""
    begin = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(home, _COMMAND, "ingest", str(log))
    run(home, _COMMAND, "run", "--date", DAY)
    run(home, _ANALYST, DAY)
    run(home, _COMMAND, "story", "--date", DAY)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    return end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime, end.ru_maxrss / 1024


def measure(name: str, rows: int, length: int) -> tuple[float, float]:
    """Return what `_cost` does of a day with one of the lines; in a new process."""
    lines = _ordinary(rows)
    lines.insert(rows // 2, hostile_lines(length)[name])
    with tempfile.TemporaryDirectory() as folder:
        log, home = Path(folder) / "access.log", Path(folder) / "home"
        home.mkdir()
        log.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return _cost(home, log)


def _in_fresh_process(name: str, rows: int, length: int) -> tuple[float, float]:
    code = "import sys; from benchmarks import hostile_line as each; "
    code += "print(*each.measure(sys.argv[1], *map(int, sys.argv[2:])))"
    done = subprocess.run(
        [sys.executable, "-c", code, name, str(rows), str(length)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    seconds, megabytes = map(float, done.stdout.split())
    return seconds, megabytes


def main() -> None:
    """Measure, print and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile_line")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--length", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    costs = {
        name: [_in_fresh_process(name, options.rows, options.length) for _ in range(options.rounds)]
        for name in hostile_lines(1)
    }
    medians = {
        name: tuple(statistics.median(values) for values in zip(*rounds, strict=True))
        for name, rounds in costs.items()
    }
    base_seconds, base_memory = medians["an ordinary line"]
    of_days = [
        (
            name,
            f"{seconds:.1f}",
            f"{seconds / base_seconds:.2f}",
            f"{memory:.0f}",
            f"{memory / base_memory:.2f}",
        )
        for name, (seconds, memory) in medians.items()
    ]
    of_readers = []
    for name, read in READERS.items():
        most, shape = slowest(read, _LONG)
        less = slowest(read, _SHORT)[0]
        of_readers.append(
            (name, f"{1000 * less:.0f}", f"{1000 * most:.0f}", f"`{shape}`".replace("|", "\\|"))
        )
    header = ["the line", "processor s", "ratio", "peak MB", "ratio"]
    text = (
        f"A day of {options.rows:,} requests and one line whose values have {options.length:,} characters, "
        f"medians of {options.rounds}; {machine('duckdb', 'dagster')}\n\n"
        f"{table(header, of_days)}\n\n"
        f"What reads one value, at {_SHORT:,} and at {_LONG:,} characters, of {len(shapes(1))} shapes the "
        f"slowest (counted in steps of 4 ms):\n\n"
        f"{table(['reader', 'ms', 'ms', 'shape at the longer'], of_readers)}"
    )
    write_measured(DOCS / "security.md", "hostile line", text)
    print(text)


if __name__ == "__main__":
    main()
