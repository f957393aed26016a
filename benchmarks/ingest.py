"""Time of ingesting a log beside DuckDB's own reading of the file into one Parquet file, and peak memory.

    python -m benchmarks.ingest [--rows 500000] [--rounds 5]

DuckDB reads every field as text, of Squid's log without minding repeated blanks, and checks nothing. Ours
splits, converts and checks the fields, and stores rows by hour. The logs are a generated day's, in the order
of its time.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import duckdb

from benchmarks.figures import (
    ROUNDS,
    Figure,
    Group,
    Work,
    arguments,
    in_fresh_process,
    in_turn,
    of_rounds,
    peak_memory,
    ratio,
    show,
)
from benchmarks.generated_day import CACHE, DAY, generated_day
from proxy_oa_assets.ingest.ingesting import ingest_log
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings

_LIMIT, _MEMORY = 2.5, 1000
_EPOCH = "epoch(CAST(p_date || ' ' || p_time AS TIMESTAMP))"
_PATH = "coalesce(uripath, '/') || coalesce(uriquery, '')"
_ZEEK = {
    "ts": f"printf('%.6f', {_EPOCH})",
    "uid": "'C' || left(md5(fulluri), 17)",
    "id.orig_h": "clientip",
    "id.orig_p": "'50123'",
    "id.resp_h": "serverip",
    "id.resp_p": "'80'",
    "trans_depth": "'1'",
    "method": "reqmethod",
    "host": "host",
    "uri": _PATH,
    "referrer": "referer",
    "version": "'1.1'",
    "user_agent": "useragent",
    "origin": "NULL",
    "request_body_len": "csbytes",
    "response_body_len": "scbytes",
    "status_code": "respcode",
    "status_msg": "'OK'",
    "tags": "'(empty)'",
    "username": "NULL",
    "resp_fuids": "'F' || left(md5(fulluri), 17)",
    "resp_mime_types": "resconttype",
}
_W3C = {
    "date": "p_date",
    "time": "p_time",
    "time-taken": "duration",
    "c-ip": "clientip",
    "sc-status": "respcode",
    "s-action": "'TCP_NC_MISS'",
    "sc-bytes": "scbytes",
    "cs-bytes": "csbytes",
    "cs-method": "reqmethod",
    "cs-uri-scheme": "'http'",
    "cs-host": "host",
    "cs-uri-port": "'80'",
    "cs-uri-path": "uripath",
    "cs-uri-query": "uriquery",
    "cs-username": "username",
    "rs(Content-Type)": "resconttype",
    "cs(Referer)": "referer",
    "cs(User-Agent)": """'"' || useragent || '"'""",
    "sc-filter-result": "'OBSERVED'",
    "cs-categories": "'\"Technology/Internet\"'",
    "s-ip": "'10.0.0.1'",
}
# The time is that of the end.
_SQUID = (
    f"concat(printf('%.3f', {_EPOCH} + coalesce(duration, 0) / 1000), printf('%7d ', coalesce(duration, 0)), "
    f"clientip, ' TCP_MISS/', respcode, ' ', scbytes, ' ', reqmethod, ' http://', host, {_PATH}, "
    "' - HIER_DIRECT/', serverip, ' ', coalesce(resconttype, '-'))"
)


def _joined(columns: dict[str, str], separator: str) -> str:
    texts = ", ".join(f"coalesce(nullif(CAST({text} AS VARCHAR), ''), '-')" for text in columns.values())
    return f"concat_ws({separator}, {texts})"


def _json() -> str:
    pairs = ", ".join(f"'{name}', {text}" for name, text in _ZEEK.items() if text != "NULL")
    return f"CAST(json_object({pairs}) AS VARCHAR)"


_ZEEK_HEADER = ["#separator \\x09", "#path\thttp", "#fields\t" + "\t".join(_ZEEK)]


def _read_csv(columns: int, options: str) -> str:
    names = ", ".join(f"c{number}: TEXT" for number in range(columns))
    return (
        f"read_csv(?, columns={{{names}}}, header=false, auto_detect=false, escape='', "
        f"max_line_size=10000000, {options})"
    )


# The header and each line of a log, in SQL, and how DuckDB reads the file.
_LOGS: dict[str, tuple[list[str], str, str]] = {
    "Zeek TSV": (
        _ZEEK_HEADER,
        _joined(_ZEEK, "chr(9)"),
        _read_csv(len(_ZEEK), "delim='\t', quote='', skip=3"),
    ),
    "Squid native": (
        [],
        _SQUID,
        _read_csv(16, "delim=' ', quote='', null_padding=true, strict_mode=false"),
    ),
    "ELFF": (
        ["#Version: 1.0", "#Fields: " + " ".join(_W3C)],
        _joined(_W3C, "' '"),
        _read_csv(len(_W3C), "delim=' ', quote='\"', skip=2"),
    ),
    "JSON lines": ([], _json(), "read_json(?, format='newline_delimited')"),
}


def written_log(kind: str, rows: int, folder: Path) -> Path:
    """Return a log of a generated day with so many rows; it is written once."""
    (header, line, _), day = _LOGS[kind], generated_day(rows)
    recipe = hashlib.sha256(f"{day.base.name}{header}{line}".encode()).hexdigest()[:8]
    path = folder / f"{kind.replace(' ', '-').lower()}-{rows}-{recipe}.log"
    if path.exists():
        return path
    unfinished = path.with_suffix(".tmp")
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (SELECT {line} FROM read_parquet(?) ORDER BY p_date, p_time) TO '{unfinished}' "
            "(FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x07')",
            [day.files],
        )
    with path.with_suffix(".new").open("wb") as new, unfinished.open("rb") as body:
        new.write("".join(f"{each}\n" for each in header).encode())
        shutil.copyfileobj(body, new)
    unfinished.unlink()
    return path.with_suffix(".new").rename(path)


def read_by_duckdb(kind: str, log: Path, target: Path) -> None:
    """Read a log into one Parquet file."""
    with duckdb.connect() as connection:
        relation = _LOGS[kind][2].replace("?", f"'{log}'")
        connection.execute(f"COPY (SELECT * FROM {relation}) TO '{target}' (FORMAT parquet)")


def ingest(log: Path, home: Path, rows: int) -> None:
    """Ingest a log into an empty home."""
    configured = deployment(load_settings(home))
    ingest_log(log, deployment=configured)
    if (stored := configured.impala.row_count(PROXY, DAY)) != rows:
        raise AssertionError(f"{log}: {stored} rows instead of {rows}")


def figures_of(kind: str, rows: int, rounds: int, folder: Path = CACHE) -> list[Figure]:
    """Measure a format."""
    log = in_fresh_process(written_log, kind, rows, folder)
    home = folder / "home"
    forget: Callable[[], None] = partial(shutil.rmtree, home, ignore_errors=True)
    seconds = in_turn(
        rounds,
        {
            "duckdb": Work(lambda: read_by_duckdb(kind, log, folder / "one.parquet")),
            "ours": Work(lambda: ingest(log, home, rows), before=forget),
        },
    )
    return [
        ratio(f"{kind}: ingest / DuckDB's reading", seconds, "ours", "duckdb", _LIMIT),
        of_rounds(f"{kind}: lines a second", [rows / each for each in seconds["ours"]]),
    ]


def peak(log: Path, rows: int, folder: Path) -> float:
    """Ingest a log and return the process's peak memory in MB; call it in a fresh process."""
    with tempfile.TemporaryDirectory(dir=folder) as home:
        ingest(log, Path(home), rows)
    return peak_memory()


def peak_of(rows: int) -> Figure:
    """Measure the peak memory of that many lines; call it while this process is small."""
    CACHE.mkdir(parents=True, exist_ok=True)
    log = in_fresh_process(written_log, "Squid native", rows, CACHE)
    return Figure("Squid native: peak memory", in_fresh_process(peak, log, rows, CACHE), "MB", _MEMORY)


def figures(rows: int, rounds: int) -> list[Figure]:
    """Measure that many lines of each format."""
    return [peak_of(rows), *(each for kind in _LOGS for each in figures_of(kind, rows, rounds))]


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure the formats, and the memory of a large log."""
    large = 100_000 if quick else 20_000_000
    yield Group(f"{large:,} lines", [peak_of(large)])
    rows, rounds = (50_000, 1) if quick else (500_000, ROUNDS)
    yield Group(f"{rows:,} lines", figures(rows, rounds))


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__, rows=500_000).parse_args()
    show(Group(f"Ingest of {chosen.rows:,} lines", figures(chosen.rows, chosen.rounds)))


if __name__ == "__main__":
    main()
