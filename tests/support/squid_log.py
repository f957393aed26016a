"""Logs of a Squid: requests of its native access.log, and a sample day's."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

from support.home import Home, Rows, parquet_rows

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import RESULT_COLUMNS

_FULLURI = [column.name for column in RESULT_COLUMNS].index("fulluri")


def request(day: Day, hour: int = 12, number: int = 0, *, milliseconds: int = 20) -> str:
    """Return the line of a request that ended at an hour of the day, `number` seconds after it."""
    start = dt.datetime.combine(day.date, dt.time(hour), dt.UTC) + dt.timedelta(seconds=number)
    client, host = 10 + number % 7, number % 11
    return (
        f"{start.timestamp():.3f} {milliseconds:6d} 10.0.0.{client} TCP_MISS/200 1234 GET "
        f"http://site{host}.example/page/{number} - HIER_DIRECT/192.0.2.{host} text/html\n"
    )


def requests(day: Day, count: int = 30) -> list[str]:
    """Return lines of requests of a day, in the order of time, in each hour from 8 to 17."""
    return [request(day, 8 + number * 10 // count, number) for number in range(count)]


def write_log(path: Path, lines: Iterable[str]) -> Path:
    """Write a log, in a folder that is made where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def from_log(day: Day, home: Home, other: Home, log: Path) -> None:
    """Write another home's sample day as the log of a Squid, and its ranked results as a home's.

    Without the requests that no proxy logs: without a host, or with a blank in the URL.
    """
    rows = sample_log(day, other, log)
    logged = {str(row["fulluri"]).encode("utf-8") for row in rows}
    results = other.results(day).read_bytes().splitlines(keepends=True)
    home.results(day).parent.mkdir(parents=True)
    home.results(day).write_bytes(b"".join(line for line in results if line.split(b"\t")[_FULLURI] in logged))


def sample_log(day: Day, other: Home, log: Path) -> Rows:
    """Write another home's sample day as the log of a Squid; return the rows that it has."""
    rows = [row for file in other.raw_files(day) for row in parquet_rows(file) if _is_logged(row)]
    write_log(log, map(_recommended, sorted(rows, key=lambda row: str(row["p_time"]))))
    return rows


def _is_logged(row: dict[str, object]) -> bool:
    return row["duration"] is not None and row["host"] is not None and " " not in str(row["fulluri"])


def _recommended(row: dict[str, object]) -> str:
    start = dt.datetime.fromisoformat(f"{row['p_date']}T{row['p_time']}+00:00").timestamp()
    took = int(str(row["duration"] or 0))
    url = row["fulluri"] if row["reqmethod"] == "CONNECT" else f"{row['urischeme']}://{row['fulluri']}"
    referer, agent = (
        str(row[name] or "-").replace("\\", "\\\\").replace('"', '\\"') for name in ("referer", "useragent")
    )
    return (
        f"{start + took / 1000:.3f} {start:.3f} {took:6d} {row['clientip']} TCP_MISS/{row['respcode']} "
        f"{row['csbytes']} {row['scbytes']} {row['reqmethod']} {url} {row['username'] or '-'} "
        f'HIER_DIRECT/{row["serverip"]} {row["resconttype"] or "-"} "{referer}" "{agent}"\n'
    )
