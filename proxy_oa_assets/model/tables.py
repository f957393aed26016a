"""Every table's name, columns, types, folder and partition columns.

Names, order and types are those of Apache Spot's proxy pipeline, so that clusters keep their existing tables.
Locations are below HUSER.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Literal

from proxy_oa_assets.model.day import Day

if TYPE_CHECKING:
    import pandas as pd

SqlType = Literal["STRING", "INT", "BIGINT", "FLOAT", "SMALLINT", "TINYINT"]


@dataclass(frozen=True)
class Column:
    """A column: its name, its Hive type, and what it holds."""

    name: str
    type: SqlType
    description: str


_OUR_PARTITIONS = (
    Column("y", "SMALLINT", "Year"),
    Column("m", "TINYINT", "Month"),
    Column("d", "TINYINT", "Day of the month"),
)


@dataclass(frozen=True)
class Table:
    """A partitioned Parquet table. `partitions` are the partition columns, outermost first."""

    name: str
    location: str
    description: str
    columns: tuple[Column, ...]
    partitions: tuple[Column, ...] = _OUR_PARTITIONS

    @property
    def column_names(self) -> tuple[str, ...]:
        """The data columns' names, in the table's order."""
        return tuple(column.name for column in self.columns)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The data columns and the partition columns, as an engine lists them."""
        return (*self.columns, *self.partitions)

    @property
    def hourly(self) -> bool:
        """Whether a day is stored in a folder per hour."""
        return self.partitions[-1].name == "h"

    def day_values(self, day: Day) -> tuple[str, str, str] | tuple[int, int, int]:
        """Return the day's y, m and d as this table's partition columns hold them."""
        if self.partitions[0].type == "STRING":
            return (f"{day.y:04d}", f"{day.m:02d}", f"{day.d:02d}")
        return (day.y, day.m, day.d)

    def day_spellings(self, day: Day) -> list[tuple[str | int, ...]]:
        """Return the day's y, m and d in each way that other systems write them, ours first."""
        ours = self.day_values(day)
        if self.partitions[0].type != "STRING":
            return [ours]
        months, days = (f"{day.m:02d}", f"{day.m}"), (f"{day.d:02d}", f"{day.d}")
        return list(dict.fromkeys((ours[0], m, d) for m in months for d in days))

    def day_folder(self, day: Day, root: str | None = None) -> str:
        """Return the day's folder, relative to HUSER: `proxy/hive/oa/edge/y=2016/m=9/d=12`.

        `root` replaces the table's location.
        """
        return self.spelled_folder(self.day_values(day), root)

    def spelled_folder(self, values: tuple[str | int, ...], root: str | None = None) -> str:
        """Return the folder of a day whose y, m and d are written so."""
        y, m, d = values
        return f"{root or self.location}/y={y}/m={m}/d={d}"


# A column has one type and meaning in all tables.
_MEANING: dict[str, tuple[SqlType, str]] = {
    "p_date": ("STRING", "Date of the request, YYYY-MM-DD"),
    "p_time": ("STRING", "Time of the request, HH:MM:SS"),
    "tdate": ("STRING", "Date of the request, YYYY-MM-DD"),
    "time": ("STRING", "Time of the request, HH:MM:SS"),
    "clientip": ("STRING", "Address of the client behind the proxy"),
    "host": ("STRING", "Host of the request"),
    "reqmethod": ("STRING", "HTTP method of the request"),
    "useragent": ("STRING", "User agent as the client sent it"),
    "resconttype": ("STRING", "Content type of the response"),
    "duration": ("INT", "Duration of the request, milliseconds"),
    "username": ("STRING", "Authenticated user"),
    "authgroup": ("STRING", "Group of the authenticated user"),
    "exceptionid": ("STRING", "Exception that the proxy raised"),
    "filterresult": ("STRING", "The proxy's filter decision"),
    "webcat": ("STRING", "Web category that the proxy gave the host"),
    "referer": ("STRING", "Referer as the client sent it"),
    "respcode": ("STRING", "HTTP status code of the response"),
    "action": ("STRING", "What the proxy did, such as TCP_HIT"),
    "urischeme": ("STRING", "Scheme of the URI"),
    "uriport": ("STRING", "Port of the URI"),
    "uripath": ("STRING", "Path of the URI"),
    "uriquery": ("STRING", "Query of the URI, with its question mark"),
    "uriextension": ("STRING", "File extension of the path"),
    "serverip": ("STRING", "Address of the server that answered"),
    "scbytes": ("INT", "Bytes from server to client"),
    "csbytes": ("INT", "Bytes from client to server"),
    "virusid": ("STRING", "Virus that the proxy's scanner named"),
    "bcappname": ("STRING", "Web application that the proxy recognized"),
    "bcappoper": ("STRING", "Operation in that web application"),
    "fulluri": ("STRING", "Host, path and query, without scheme"),
    "word": ("STRING", "The ranking's reasons, or the word of another system's ranking"),
    "score": ("FLOAT", "The ranking's score; the lower, the more suspicious"),
    "ml_score": ("FLOAT", "The ranking's score; the lower, the more suspicious"),
    "uri_rep": ("STRING", "Reputation verdicts, service:LABEL:value[:categories], joined by ::"),
    "respcode_name": ("STRING", "The response code in words"),
    "network_context": ("STRING", "What the network context file says of the client"),
    "hh": ("INT", "Hour of the day, 0 to 23"),
    "uri_sev": ("INT", "Severity that an analyst gave: 1 high, 2 medium, 3 low"),
    "p_threat": ("STRING", "The threat: a full URI"),
    "title": ("STRING", "Title of the analyst's comment"),
    "text": ("STRING", "The analyst's comment"),
    "tstart": ("STRING", "First request of the client to the threat"),
    "tend": ("STRING", "Last request of the client to the threat"),
    "respcodename": ("STRING", "The response code in words"),
    "first_second": ("INT", "Second of the day, 0 to 86399, of the earliest request that has a time"),
    "last_second": ("INT", "Second of the day of the latest one"),
    "requests": ("BIGINT", "Requests of the client to the host with that user agent"),
    "posts": ("BIGINT", "How many of them are POST or PUT"),
    "sent": ("BIGINT", "Bytes from client to server"),
    "received": ("BIGINT", "Bytes from server to client"),
}


def _columns(names: str, **changed: tuple[SqlType, str]) -> tuple[Column, ...]:
    return tuple(Column(name, *(changed.get(name) or _MEANING[name])) for name in names.split())


# The 21 fields of proxy_results.csv, which spot-ml writes; a site may reorder them and add its own.
RESULT_COLUMNS = _columns(
    "p_date p_time clientip host reqmethod useragent resconttype duration username webcat referer respcode "
    "uriport uripath uriquery serverip scbytes csbytes fulluri word score"
)

PROXY = Table(
    "proxy",
    "proxy/hive",
    "Raw proxy requests, as ingest wrote them",
    _columns(
        "p_date p_time clientip host reqmethod useragent resconttype duration username authgroup "
        "exceptionid filterresult webcat referer respcode action urischeme uriport uripath uriquery "
        "uriextension serverip scbytes csbytes virusid bcappname bcappoper fulluri"
    ),
    (
        Column("y", "STRING", "Year"),
        Column("m", "STRING", "Month, two digits"),
        Column("d", "STRING", "Day, two digits"),
        Column("h", "STRING", "Hour"),
    ),
)
PROXY_SCORES = Table(
    "proxy_scores",
    "proxy/hive/oa/suspicious",
    "The day's most suspicious requests, enriched",
    _columns(
        "tdate time clientip host reqmethod useragent resconttype duration username webcat referer respcode "
        "uriport uripath uriquery serverip scbytes csbytes fulluri word ml_score uri_rep respcode_name "
        "network_context"
    ),
)
ROWS_PER_CONNECTION_HOUR = 250
PROXY_EDGE = Table(
    "proxy_edge",
    "proxy/hive/oa/edge",
    "The raw requests behind each scored connection, "
    f"at most {ROWS_PER_CONNECTION_HOUR} per connection and hour",
    _columns(
        "tdate time clientip host webcat respcode reqmethod useragent resconttype referer uriport serverip "
        "scbytes csbytes fulluri hh respcode_name"
    ),
)
PROXY_INGEST_SUMMARY = Table(
    "proxy_ingest_summary",
    "proxy/hive/oa/summary",
    "Raw requests per minute",
    _columns(
        "tdate total",
        tdate=("STRING", "Minute, YYYY-MM-DD HH:MM"),
        total=("BIGINT", "Raw requests in that minute"),
    ),
)
PROXY_HISTORY = Table(
    "proxy_history",
    "proxy/hive/oa/history",
    "Which client asked which host with which user agent, when and how much",
    _columns("clientip host useragent first_second last_second requests posts sent received"),
)
PROXY_THREAT_INVESTIGATION = Table(
    "proxy_threat_investigation",
    "proxy/hive/oa/threat_investigation",
    "Severities that analysts gave",
    _columns("tdate fulluri uri_sev"),
)
PROXY_STORYBOARD = Table(
    "proxy_storyboard",
    "proxy/hive/oa/storyboard",
    "Analysts' comments on threats",
    _columns("p_threat title text"),
)
PROXY_TIMELINE = Table(
    "proxy_timeline",
    "proxy/hive/oa/timeline",
    "When each client met a threat",
    _columns(
        "p_threat tstart tend duration clientip respcode respcodename",
        duration=("BIGINT", "Total duration of the client's requests, milliseconds"),
    ),
)

# Filled by analysts, never by a materialization.
ANALYST_TABLES = (PROXY_THREAT_INVESTIGATION, PROXY_STORYBOARD, PROXY_TIMELINE)
TABLES = {
    table.name: table
    for table in (PROXY, PROXY_SCORES, PROXY_EDGE, PROXY_INGEST_SUMMARY, *ANALYST_TABLES, PROXY_HISTORY)
}

# An hour of the raw table's day; folders of other names, such as a backup, are ignored.
RAW_HOUR_FOLDER = re.compile(r"h=([0-9]{1,2})", re.ASCII)
# The folder of rows whose partition value is NULL, as Hive, Spark and Impala name it.
NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"

# Names and Hive types, in order.
ColumnTypes = list[tuple[str, str]]


def declared(columns: Iterable[Column]) -> ColumnTypes:
    """Return the names and types of a table's columns."""
    return [(column.name, column.type) for column in columns]


def differences(ours: Sequence[tuple[str, str]], found: Sequence[tuple[str, str]]) -> list[str]:
    """Return how the found columns differ from ours, a text for each difference.

    A name may be found more than once, because a day's files can differ among themselves.
    """
    types, names = dict(ours), {name for name, _ in found}
    texts = [f"{name} {kind} is missing" for name, kind in ours if name not in names]
    texts += [f"{name} {kind} isn't ours" for name, kind in found if name not in types]
    texts += [
        f"{name} is {kind} instead of {types[name]}" for name, kind in found if types.get(name, kind) != kind
    ]
    if not texts and list(found) != list(ours):
        texts.append("the columns are in another order")
    return texts


def records(frame: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Yield a frame's rows as tuples of Python values, NULL as None."""
    # By position: two columns can have the same name.
    series = (frame.iloc[:, position] for position in range(frame.shape[1]))
    columns = (column.astype(object).where(column.notna(), None).tolist() for column in series)
    return zip(*columns, strict=True) if frame.shape[1] else repeat((), len(frame))
