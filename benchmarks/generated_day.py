"""A generated raw day of the table `proxy`, as large as asked for, and ranked rows picked from it.

The same size gives the same day. Sites, pages and clients follow Zipf's law; one row in `one_in` belongs to a
suspicious connection, of which the busiest beacon: in two hours they have more rows than `proxy_edge` keeps.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.resources.local.snapshot import day_files

DAY = Day.parse("2016-09-12")
CACHE = Path(tempfile.gettempdir()) / "proxy-oa-benchmarks"

# A working day's share of each hour.
_HOURS = (8, 6, 5, 5, 7, 14, 28, 52, 76, 84, 82, 76, 64, 74, 84, 82, 74, 58, 36, 26, 20, 16, 13, 10)
_BEACONING_HOURS = (9, 14)
_NETWORK = {"clients": 3000, "sites": 40000, "connections": 8000}
# The hosts of suspicious connections, and of no other.
SUSPICIOUS = "host LIKE '%.top'"

_ROWS = Path(__file__).with_name("raw_rows.sql").read_text(encoding="utf-8")
_MACROS = """
CREATE MACRO uniform(i, salt) AS (hash(i, salt) % 1073741824) / 1073741824.0;
CREATE MACRO zipf(i, salt, n) AS CAST(floor(pow(n, uniform(i, salt))) AS BIGINT);
CREATE MACRO letters(i, salt, n) AS substr(md5(concat(i, salt)), 1, n);
CREATE MACRO one_of(words, number) AS words[1 + CAST(number % len(words) AS BIGINT)];
CREATE MACRO address(number) AS concat('10.', number % 7, '.', number // 7 % 250, '.', 1 + number % 251);
CREATE MACRO browser(number) AS concat('Mozilla/5.0 ',
    one_of(['(Windows NT 10.0; Win64; x64)', '(X11; Linux x86_64)',
        '(Macintosh; Intel Mac OS X 10_11_6)', '(Windows NT 6.1; WOW64)'], number),
    one_of([' AppleWebKit/537.36 (KHTML, like Gecko) Chrome/', ' Gecko/20100101 Firefox/'], number // 4),
    30 + number // 8, '.0');
"""
_RANKED = """
SELECT {raw}, concat('top_8_18_', position) AS word, position * 1e-7 AS score
FROM (
    SELECT *, row_number() OVER (
        ORDER BY {suspicious} DESC, occurrence, busy DESC, clientip, fulluri, p_time, scbytes, csbytes
    ) AS position
    FROM (
        SELECT *, count(*) OVER same AS busy,
            row_number() OVER (same ORDER BY p_time, scbytes, csbytes) AS occurrence
        FROM read_parquet(?) WHERE {among} WINDOW same AS (PARTITION BY clientip, fulluri)
    )
)
WHERE position <= ?
ORDER BY position
"""


@dataclass(frozen=True)
class GeneratedDay:
    """A day whose raw rows are below `base`, a folder that stands for HUSER."""

    base: Path

    @property
    def files(self) -> list[str]:
        """The hours' Parquet files."""
        return [str(file) for file in day_files(self.base / PROXY.day_folder(DAY), PROXY)]

    def warehouse(self) -> DuckDBWarehouse:
        """Return a new warehouse over the day."""
        return DuckDBWarehouse(base=str(self.base))

    def ranked_rows(self, count: int, among: str = SUSPICIOUS) -> pd.DataFrame:
        """Pick raw rows as a ranking would, columns as `RESULT_FIELDS`, the lowest score first.

        Suspicious ones come first, and every connection once, the busiest first, before any comes again.
        `among` is a SQL condition on the raw rows. Raises ValueError if there are fewer rows.
        """
        raw = ", ".join(name for name in RESULT_FIELDS if name not in ("word", "score"))
        with connected() as connection:
            text = _RANKED.format(raw=raw, suspicious=SUSPICIOUS, among=among)
            frame = connection.execute(text, [self.files, count]).df()
        if len(frame) < count:
            raise ValueError(
                f"{self.base} has {len(frame)} rows to rank instead of {count}; generate a day of more rows"
            )
        return frame

    def busy(self, column: str, place: int, among: str = "TRUE") -> tuple[str, int]:
        """Return the value of a column in that place by requests, and their number.

        Raises ValueError if there is none.
        """
        text = f"""SELECT {column}, count(*) AS requests FROM read_parquet(?) WHERE {among}
            GROUP BY {column} ORDER BY requests DESC, {column} LIMIT 1 OFFSET ?"""
        with connected() as connection:
            found = connection.execute(text, [self.files, place - 1]).fetchone()
        if found is None:
            raise ValueError(f"{self.base} has fewer than {place} such values; generate a day of more rows")
        value, requests = found
        return value, requests


def generated_day(rows: int, cache: Path = CACHE, *, one_in: int = 100, network: float = 1) -> GeneratedDay:
    """Return a day of that many raw rows, generated below `cache` unless it is there already.

    A `network` of 2 has twice the clients, sites and suspicious connections of that of 1.
    """
    select = _ROWS.format(**{name: int(count * network) for name, count in _NETWORK.items()})
    recipe = f"{duckdb.__version__}{_MACROS}{select}{_HOURS}{_BEACONING_HOURS}"
    base = cache / f"day-{rows}-{one_in}-{hashlib.sha256(recipe.encode()).hexdigest()[:8]}"
    if not base.is_dir():
        unfinished = base.with_name(f".{base.name}.{os.getpid()}")
        try:
            _write(unfinished, select, rows, one_in)
            unfinished.rename(base)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return GeneratedDay(base)


def write_scores(warehouse: DuckDBWarehouse, ranked: pd.DataFrame) -> int:
    """Make ranked rows the day of `proxy_scores`; return their number."""
    return warehouse.replace_day_with_frame(PROXY_SCORES, DAY, enriched(ranked))


def enriched(ranked: pd.DataFrame) -> pd.DataFrame:
    """Return ranked rows with the columns of `proxy_scores`."""
    scores = ranked.rename(columns={"p_date": "tdate", "p_time": "time", "score": "ml_score"})
    return scores.assign(uri_rep="", respcode_name="", network_context="")


def connected() -> duckdb.DuckDBPyConnection:
    """Open DuckDB without its progress bar, which would stand in the middle of the figures."""
    connection = duckdb.connect()
    connection.execute("SET enable_progress_bar = false")
    return connection


def _write(base: Path, hour_rows: str, rows: int, one_in: int) -> None:
    """Write the hours' files, Snappy, in the layout that ingest writes."""
    shares = [rows * share // sum(_HOURS) for share in _HOURS]
    shares[-1] += rows - sum(shares)
    first = 0
    with connected() as connection:
        connection.execute(_MACROS)
        for hour, share in enumerate(shares):
            folder = base / PROXY.day_folder(DAY) / f"h={hour:02d}"
            folder.mkdir(parents=True)
            values = {
                "date": DAY.key,
                "hour": f"{hour:02d}",
                "first": first,
                "beyond": first + share,
                "one_in": one_in,
                # A smaller spread leaves only the busiest connections.
                "spread": 0.25 if hour in _BEACONING_HOURS else 1.0,
            }
            select = connection.sql(hour_rows, params=values)
            select.write_parquet(str(folder / "part-00000.snappy.parquet"), compression="snappy")
            first += share
