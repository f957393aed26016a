"""The labelled days of the test data, whole or with columns blanked, and their captures in clean days."""

import csv
from collections import defaultdict
from functools import partial
from pathlib import Path
from random import Random

import pyarrow as pa

from benchmarks.attack_days.scene import MadeDay, Pair, Row, Scenario, Scene, raw_rows, table_of, write_day
from benchmarks.attack_days.tunnels import tunnels
from proxy_oa_assets.model.clock import clock_with_seconds, second_of
from proxy_oa_assets.model.day import Day

DAYS = ("2018-02-06", "2015-08-27", "2015-06-10")
CLEAN = ("2015-08-20", "2018-01-30", "2018-01-31")
_CAPTURES = "2015-06-10"
_BENIGN = "benign_host_in_capture"
_BLANKED = ("uripath", "uriquery", "uriextension", "reqmethod", "resconttype", "useragent", "referer")


def labelled_day(data: Path, key: str) -> MadeDay:
    """Return a labelled day in its neutral form."""
    day = Day.parse(key)
    return MadeDay(data / "neutral/hdfs/user/spot", day, *_labelled_pairs(data, day))


def clean_day(data: Path, key: str) -> MadeDay:
    """Return a day without known attacks."""
    return MadeDay(data / "hdfs/user/spot", Day.parse(key), frozenset())


def blanked_day(data: Path, key: str, blank: str | None, folder: Path) -> MadeDay:
    """Write a labelled day with `blank` as its paths, methods, types, agents and referers."""
    day = Day.parse(key)
    rows = raw_rows(data / "neutral/hdfs/user/spot", day)
    for name in _BLANKED:
        values = pa.array([blank] * len(rows), pa.string())
        rows = rows.set_column(rows.schema.get_field_index(name), name, values)
    rows = rows.set_column(rows.schema.get_field_index("fulluri"), "fulluri", rows["host"])
    write_day(folder, day, [rows])
    return MadeDay(folder, day, *_labelled_pairs(data, day))


def tunnel_day(data: Path, key: str, folder: Path) -> MadeDay:
    """Write a labelled day as a log of tunnels."""
    day = Day.parse(key)
    write_day(folder, day, [table_of(tunnels(raw_rows(data / "neutral/hdfs/user/spot", day).to_pylist()))])
    return MadeDay(folder, day, *_labelled_pairs(data, day))


def _labelled_pairs(data: Path, day: Day) -> tuple[frozenset[Pair], frozenset[Pair]]:
    """Return the bad pairs and the confirmed ones."""
    labels = _labels(data, day)
    bad = {(row["clientip"], row["host"].lower()) for row in labels if row["label"] != _BENIGN}
    confirmed = {(row["clientip"], row["host"].lower()) for row in labels if row["label"] == "confirmed"}
    return frozenset(bad), frozenset(confirmed)


def _labels(data: Path, day: Day) -> list[dict[str, str]]:
    with (data / "labels.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["p_date"] == day.key]


def captures(data: Path) -> list[tuple[str, list[Row], set[str]]]:
    """Return the captures of exploit kits: the family, the rows and the bad hosts of each."""
    day = Day.parse(_CAPTURES)
    of_uri: dict[tuple[str, str], dict[str, str]] = {}
    for label in _labels(data, day):
        of_uri[label["clientip"], label["fulluri"]] = label
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    bad: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in raw_rows(data / "neutral/hdfs/user/spot", day).to_pylist():
        label = of_uri.get((row["clientip"], row["fulluri"]), {})
        if label:
            key = label["family"], label["clientip"]
            found[key].append(row)
            if label["label"] != _BENIGN:
                bad[key].add(label["host"])
    return [(key[0], found[key], bad[key]) for key in sorted(found) if bad[key]]


def replay(scene: Scene, *, data: Path, first: int, calls_only: bool) -> None:
    """Move three captures into the day, each on a client that browses; or their calls home alone."""
    chosen = captures(data)
    Random(1).shuffle(chosen)
    for _, rows, bad in chosen[first : first + 3]:
        client, seconds = scene.client(), [second_of(str(row["p_time"])) or 0 for row in rows]
        calling = {
            row["host"] for row in rows if row["reqmethod"] == "POST" and row["referer"] in ("-", None)
        }
        hosts = {host for host in bad if host in calling} if calls_only else bad
        shift = scene.moment(max(seconds) - min(seconds)) - min(seconds)
        for second, row in zip(seconds, rows, strict=True):
            if not calls_only or row["host"] in hosts:
                time = clock_with_seconds(min(second + shift, 86_399))
                scene.made.append({**row, "clientip": client, "p_time": time})
        scene.bad.update((client, host.lower()) for host in hosts)


def replays(data: Path) -> list[Scenario]:
    """Return the days in which three captures each, or their calls home alone, are moved."""
    starts = range(0, len(captures(data)) - 2, 3)
    return [
        Scenario(
            f"{'calls home' if calls_only else 'captures'} from {first}",
            CLEAN[first // 3 % len(CLEAN)],
            partial(replay, data=data, first=first, calls_only=calls_only),
        )
        for calls_only in (False, True)
        for first in starts
    ]
