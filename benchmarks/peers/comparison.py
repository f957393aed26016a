"""The same three tables of the same day made by peers: processor time, wall time and peak memory of each.

    python -m benchmarks.peers.comparison [--rows 2000000] [--rounds 5]

Each is a process of its own, which reads the same files. Before one is timed, its tables are compared with
ours, row by row.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.figures import ROUNDS, Figure, Group, arguments, in_fresh_process, of_rounds, show
from benchmarks.generated_day import DAY, connected, generated_day
from benchmarks.peers.given import RESULTS_COLUMNS, Given
from benchmarks.peers.ours import base_of
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_INGEST_SUMMARY, PROXY_SCORES, Table, records
from proxy_oa_assets.model.tsv import line

SCORED = 500
# It takes minutes, so it is timed while it is verified, and left out of larger days.
_SLOW, _MOST_ROWS_OF_SLOW = "a query per connection", 2_000_000
_CHECKOUT = Path(__file__).parents[2]
_CODES = _CHECKOUT / "proxy_oa_assets/enrichment/response_codes.csv"
_PEERS = {
    "ours": "ours",
    "pandas script": "pandas_day",
    "polars script": "polars_day",
    _SLOW: "query_each",
}


@dataclass(frozen=True)
class Cost:
    """What a process took."""

    processor: float  # seconds, of all its threads
    wall: float  # seconds
    memory: float  # MB, at its peak


def given_day(rows: int, folder: Path) -> Given:
    """Write what the peers are given into a folder; call it in another process, which it makes large."""
    generated = generated_day(rows)
    ranked = generated.ranked_rows(SCORED)[list(RESULTS_COLUMNS)]
    given = Given(
        raw=generated.base / PROXY.day_folder(DAY),
        results=folder / "proxy_results.csv",
        reputation=folder / "reputation.csv",
        networks=folder / "networks.csv",
        codes=_CODES,
        out=folder,
    )
    with given.results.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(map(line, records(ranked)))
    with given.reputation.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("fulluri", "uri_rep"))
        writer.writerows((uri, f"gti:HIGH:{number % 4}") for number, uri in enumerate(set(ranked["fulluri"])))
    networks = [f"10.{site}.{floor}.0/24,Floor {floor} of {site}" for site in range(5) for floor in range(40)]
    sites = [f"10.{site}.0.0/16,Site {site}" for site in range(7)]
    given.networks.write_text("\n".join(["ip,description", *networks, *sites, ""]), encoding="utf-8")
    return given


def run(peer: str, given: Given) -> Cost:
    """Run a peer in a new process."""
    given.out.mkdir(exist_ok=True)
    command = [f"benchmarks.peers.{_PEERS[peer]}", *given.arguments]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers.process", sys.executable, "-m", *command],
        check=True,
        cwd=given.out,
        env={**os.environ, "PYTHONPATH": str(_CHECKOUT)},
        stdout=subprocess.PIPE,
    )
    return Cost(**json.loads(done.stdout))


def differences(peer: Given, table: Table) -> list[str]:
    """Return how the rows of a table differ from ours."""
    ours = base_of(peer.raw) / table.day_folder(DAY) / "part.parquet"
    names = ", ".join(f"CAST({column.name} AS {column.type}) AS {column.name}" for column in table.columns)
    with connected() as connection:
        for label, file in (("ours", ours), ("theirs", peer.out / f"{table.name}.parquet")):
            connection.execute(f"CREATE TEMP TABLE {label} AS SELECT {names} FROM read_parquet('{file}')")
        surplus, missing = (
            connection.execute(f"SELECT * FROM (FROM {one} EXCEPT ALL FROM {other})").fetchall()
            for one, other in (("theirs", "ours"), ("ours", "theirs"))
        )
    return [
        f"{len(rows)} rows of {table.name} are {what}, such as {rows[0]}"
        for what, rows in (("missing", missing), ("surplus", surplus))
        if rows
    ]


def verify(given: Given, peer: str) -> None:
    """Raise AssertionError if a peer's tables aren't ours."""
    tables = (PROXY_SCORES, PROXY_EDGE, PROXY_INGEST_SUMMARY)
    if found := [each for table in tables for each in differences(given, table)]:
        raise AssertionError(f"{peer}: {'; '.join(found)}")


def measured(rows: int, rounds: int) -> Group:
    """Verify the tables of each peer, which warms the caches, then time the peers in turn."""
    peers = [peer for peer in _PEERS if peer != _SLOW or rows <= _MOST_ROWS_OF_SLOW]
    costs: dict[str, list[Cost]] = {peer: [] for peer in peers}
    with tempfile.TemporaryDirectory() as folder:
        given = in_fresh_process(given_day, rows, Path(folder))
        for number in range(rounds + 1):
            for peer in peers:
                if peer == _SLOW and number:
                    continue
                theirs = replace(given, out=Path(folder, _PEERS[peer]))
                cost = run(peer, theirs)
                if number or peer == _SLOW:
                    costs[peer].append(cost)
                if not number and peer != "ours":
                    in_fresh_process(verify, theirs, peer)
    return Group(f"{rows:,} raw rows, {SCORED} scored rows", list(_figures(costs)), "raw rows", rows)


def _figures(costs: dict[str, list[Cost]]) -> Iterator[Figure]:
    for peer, each in costs.items():
        ratios = [one.wall / ours.wall for one, ours in zip(each, costs["ours"], strict=peer != _SLOW)]
        yield of_rounds(f"{peer}: wall time / ours", ratios)
        yield of_rounds(f"{peer}: wall time", [cost.wall for cost in each], "s")
        yield of_rounds(f"{peer}: processor time", [cost.processor for cost in each], "s")
        yield of_rounds(f"{peer}: peak memory", [cost.memory for cost in each], "MB")


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure days that grow."""
    for rows in (100_000, 200_000) if quick else (2_000_000, 10_000_000, 20_000_000):
        yield measured(rows, 1 if quick or rows > 10_000_000 else ROUNDS)


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__, rows=2_000_000).parse_args()
    show(measured(chosen.rows, chosen.rounds))


if __name__ == "__main__":
    main()
