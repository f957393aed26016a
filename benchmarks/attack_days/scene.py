"""A day without known attacks, and made requests that are moved into it."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from proxy_oa_assets.ingest.sample.browsing import browse
from proxy_oa_assets.model.clock import clock_with_seconds, second_of
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.parquet import arrow_schema

Pair = tuple[str, str]
Row = dict[str, str | int | None]
Columns = dict[str, str | int]

_SCHEMA = arrow_schema(PROXY)
_SAMPLE = "sample"
_FEW = 100  # A client with fewer requests hardly browses.


@dataclass(frozen=True)
class CleanDay:
    """A day's raw rows, the table `proxy`, without a known attack."""

    day: Day
    rows: pa.Table

    @functools.cached_property
    def clients(self) -> list[str]:
        """The clients that browse, the busiest first."""
        counts = Counter(self.rows["clientip"].to_pylist())
        busy = [client for client, count in counts.most_common() if count >= _FEW and client]
        return busy or [client for client, _ in counts.most_common() if client]

    @functools.cached_property
    def agent(self) -> str:
        """The user agent of most requests."""
        ((agent, _),) = Counter(self.rows["useragent"].to_pylist()).most_common(1)
        return str(agent)

    @functools.cached_property
    def span(self) -> tuple[int, int]:
        """The first and the last second of the day that have requests."""
        times = pc.min_max(self.rows["p_time"])
        first, last = (second_of(times[name].as_py()) for name in ("min", "max"))
        return first or 0, last or 86_399

    @functools.cached_property
    def examples(self) -> dict[str, Row]:
        """A row of each client: what its log leaves out, made rows leave out, too."""
        names = self.rows["clientip"].to_pylist()
        first = {client: number for number, client in reversed(list(enumerate(names)))}
        return {client: self.rows.slice(number, 1).to_pylist()[0] for client, number in first.items()}

    @functools.cached_property
    def bodies_only(self) -> bool:
        """Whether the sizes are those of the bodies: most GET requests sent nothing."""
        sent = self.rows.filter(pc.equal(self.rows["reqmethod"], "GET"))["csbytes"]
        return bool(pc.mean(pc.equal(sent, 0)).as_py() > 0.5)


@dataclass
class Scene:
    """Made requests in a clean day.

    `bad` has the (client, host) pairs of the attack, `background` the other rows of the day, and `before` all
    rows of earlier days, by how many days ago.
    """

    clean: CleanDay
    random: Random
    made: list[Row] = field(default_factory=list)
    bad: set[Pair] = field(default_factory=set)
    before: dict[int, pa.Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start with the clean day's own rows."""
        self.background = self.clean.rows

    def client(self) -> str:
        """Return a client that browses."""
        return self.random.choice(self.clean.clients)

    def moment(self, needed: int = 0) -> int:
        """Return a second of the day after which `needed` seconds are left."""
        first, last = self.clean.span
        return self.random.randrange(first, max(first + 1, last - needed))

    def every(self, seconds: float, jitter: float = 0.0, most: int = 100_000) -> list[int]:
        """Return the seconds of requests at an interval over the whole span, each interval jittered."""
        first, last = self.clean.span
        found: list[int] = []
        time = first + self.random.random() * min(seconds, (last - first) / 4)
        while time <= last and len(found) < most:
            found.append(int(time))
            time += seconds * self.random.uniform(1 - jitter, 1 + jitter)
        return found

    def ask(self, second: int, client: str, host: str, path: str = "/", **columns: str | int) -> None:
        """Add a request of the attack; what `columns` leaves out is as in the client's own rows."""
        self.see(second, client, host, path, **columns)
        self.bad.add((client, host))

    def see(self, second: int, client: str, host: str, path: str = "/", **columns: str | int) -> None:
        """Add a request to a host that isn't the attacker's."""
        self.made.append(self.row(second, client, host, path, **columns))

    def row(self, second: int, client: str, host: str, path: str = "/", **columns: str | int) -> Row:
        """Return the row of a request. `query` in `columns` has its question mark."""
        examples = self.clean.examples
        like = examples.get(client) or examples[self.clean.clients[0]]
        uripath, query = path, str(columns.pop("query", ""))
        name = uripath.rpartition("/")[2]
        method = str(columns.get("reqmethod", "GET"))
        rest = "".join(part for part in (uripath, query) if len(part) > 1)
        headers = 0 if self.clean.bodies_only else 420
        row: Row = {
            **like,
            "p_time": clock_with_seconds(min(max(second, 0), 86_399)),
            "clientip": client,
            "host": host,
            "reqmethod": method,
            "useragent": self.clean.agent,
            "resconttype": "text/html",
            "webcat": "-",
            "referer": "-",
            "respcode": "200",
            "uripath": uripath,
            "uriquery": query or "-",
            "uriextension": name.rpartition(".")[2] if "." in name else "-",
            "serverip": host if host.replace(".", "").isdigit() else self._server(host),
            "scbytes": self.random.randrange(180, 900),
            "csbytes": 0,
            "duration": None if like["duration"] is None else self.random.randrange(20, 400),
            "fulluri": f"{host}{rest}",
            **columns,
        }
        row["csbytes"] = int(row["csbytes"] or 0) + headers
        return row

    def _server(self, host: str) -> str:
        own = Random(host)
        return f"185.{own.randrange(1, 255)}.{own.randrange(1, 255)}.{own.randrange(2, 254)}"


@dataclass(frozen=True)
class Scenario:
    """An attack in a day, and how the ranking must find it.

    `first_by` is the place by which its first pair must stand, `all_by` the last one, and `share` how much of
    min(20, bad) must stand in the first 20.
    """

    name: str
    base: str
    make: Callable[[Scene], None]
    first_by: int | None = None
    all_by: int | None = None
    share: float = 0.85
    seed: int = 0


@dataclass(frozen=True)
class MadeDay:
    """A day's raw rows in a folder that stands for HUSER, and its bad pairs.

    `before` says which earlier days are there, by how many days ago.
    """

    folder: Path
    day: Day
    bad: frozenset[Pair]
    confirmed: frozenset[Pair] = frozenset()
    before: tuple[int, ...] = ()


def clean_day(name: str, data: Path | None) -> CleanDay:
    """Return a day without known attacks: `sample`, or the date of one of the real days below `data`."""
    return _clean_day(name, data)


@functools.cache
def _clean_day(name: str, data: Path | None) -> CleanDay:
    if name == _SAMPLE:
        day = Day.parse("2016-09-12")
        requests = browse(Random("clean day"), 1_100)
        rows = [request.row(day) for request in sorted(requests, key=lambda request: request.second)]
        return CleanDay(day, pa.Table.from_pylist(rows, schema=_SCHEMA))
    day = Day.parse(name)
    if data is None:
        raise ValueError(f"{name}: the real days need PROXY_OA_TEST_DATA")
    return CleanDay(day, raw_rows(data / "hdfs/user/spot", day))


def raw_rows(huser: Path, day: Day) -> pa.Table:
    """Return a day's raw rows below a folder that stands for HUSER."""
    files = sorted((huser / PROXY.day_folder(day)).glob("h=*/*.parquet"))
    return pa.concat_tables(pq.ParquetFile(file).read().select(_SCHEMA.names).cast(_SCHEMA) for file in files)


def table_of(rows: list[Row]) -> pa.Table:
    """Return rows as an Arrow table with the columns of `proxy`."""
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


def made_day(scenario: Scenario, data: Path | None, folder: Path) -> MadeDay:
    """Write a scenario's day, and the days before it that it needs, below `folder`."""
    clean = clean_day(scenario.base, data)
    scene = Scene(clean, Random(f"{scenario.name} {scenario.seed}"))
    scenario.make(scene)
    write_day(folder, clean.day, [scene.background, table_of(scene.made)])
    for days_ago, rows in scene.before.items():
        write_day(folder, clean.day.plus(-days_ago), [rows])
    return MadeDay(folder, clean.day, frozenset(scene.bad), before=tuple(scene.before))


def write_day(huser: Path, day: Day, tables: Iterable[pa.Table]) -> None:
    """Write raw rows as a day of the table `proxy`, a file per hour."""
    rows = pa.concat_tables(tables)
    rows = rows.set_column(0, "p_date", pa.array([day.key] * len(rows))).cast(_SCHEMA)
    hours = pc.utf8_slice_codeunits(rows["p_time"], 0, 2)
    for hour in pc.unique(hours).to_pylist():
        folder = huser / PROXY.day_folder(day) / f"h={hour}"
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows.filter(pc.equal(hours, hour)), folder / "made.parquet")
