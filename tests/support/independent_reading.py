"""The contract's rows, computed from the input files without the project's SQL or parsers."""

import csv
import hashlib
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from support.home import parquet_rows

Row = dict[str, object]

RESULTS = (
    "p_date p_time clientip host reqmethod useragent resconttype duration username webcat referer respcode "
    "uriport uripath uriquery serverip scbytes csbytes fulluri word score"
).split()
EDGE = (
    "tdate time clientip host webcat respcode reqmethod useragent resconttype referer uriport serverip "
    "scbytes csbytes fulluri hh respcode_name"
).split()
_NUMBERS = ("duration", "scbytes", "csbytes")


def raw_rows(huser, day: str) -> list[Row]:
    """Read a day's raw rows with pyarrow; `h` comes from the folder's name.

    On a cluster, the hours that were ingested are beside those of other systems.
    """
    y, m, d = day.split("-")
    rows: list[Row] = []
    for table in ("proxy/hive", "proxy/hive/_beside"):
        folder = huser / f"{table}/y={y}/m={m}/d={d}"
        for path in sorted(folder.rglob("*.parquet")) if folder.exists() else ():
            hour = path.parent.name.removeprefix("h=")
            rows += [{**row, "h": hour} for row in parquet_rows(path)]
    return rows


def scored_rows(huser, day: str, limit: int) -> list[Row]:
    """Read the first rows of a day's results."""
    path = huser / f"proxy/scored_results/{day.replace('-', '')}/scores/proxy_results.csv"
    lines = path.read_bytes().decode("utf-8", "replace").split("\n")[:-1]
    rows = []
    for line in lines[:limit]:
        row: Row = dict(zip(RESULTS, line.split("\t"), strict=True))
        row = {name: None if value == "null" else value for name, value in row.items()}
        for name in _NUMBERS:
            row[name] = None if row[name] is None else int(str(row[name]))
        row["score"] = np.float32(float(str(row["score"])))
        rows.append(row)
    return rows


def code_name(code: object, names: dict[str, str]) -> str:
    """Return a response code's name by the test's table."""
    if code in (None, "", "-"):
        return ""
    return names.get(str(code), f"Unknown ({code})")


def code_names(path: Path) -> dict[str, str]:
    """Read code -> name from a CSV file with the columns code and name."""
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def connection_hash(row: Row) -> str:
    """Return the contract's hash of a scored row."""
    named = f"{row['clientip']}{row['fulluri']}".encode()
    return hashlib.md5(named).hexdigest() + str(row["p_time"])[:2]


def edge_rows(raw: list[Row], scored: list[Row], names: dict[str, str]) -> list[tuple[object, ...]]:
    """Return the rows of proxy_edge: each scored connection's raw rows, the earliest 250 an hour."""
    connections = {(row["clientip"], row["fulluri"]) for row in scored}
    hours: dict[tuple[object, ...], list[tuple[object, ...]]] = defaultdict(list)
    for row in raw:
        if (row["clientip"], row["fulluri"]) not in connections:
            continue
        edge = {
            **row,
            "tdate": row["p_date"],
            "time": row["p_time"],
            "hh": int(str(row["h"])),
            "respcode_name": code_name(row["respcode"], names),
        }
        key = (row["clientip"], row["fulluri"], row["h"])
        hours[key].append(tuple(edge[name] for name in EDGE))
    kept = []
    for rows in hours.values():
        kept += sorted(rows, key=_earliest_first)[:250]
    return kept


def _earliest_first(edge: tuple[object, ...]) -> list[tuple[bool, object]]:
    """Order by time, then by the remaining columns, NULLs last."""
    ordered = (edge[1], edge[0], *edge[2:])
    return [(value is None, "" if value is None else value) for value in ordered]


def minutes(raw: list[Row]) -> Counter[str]:
    """Count the countable raw rows of each minute."""
    needed = ("p_date", "p_time", "clientip", "host", "fulluri")
    return Counter(
        f"{row['p_date']} {str(row['p_time'])[:5]}"
        for row in raw
        if all(row[name] is not None for name in needed) and row["p_time"] != ""
    )
