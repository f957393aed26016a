"""A week's backfill on a cluster while HDFS or the SQL engine fails in the middle of each day."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import dagster as dg
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.home import Home
from support.raw_server import handling, request_of
from support.relay import Relay, relaying

from proxy_oa_assets.cli.history import materialize_day, open_history
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records
from soak.children import Moment, preload, result_of, run
from soak.cluster_place import MADE, ReadyHome
from soak.counts import Counts
from soak.service_faults import WEEK
from soak.state import State, day_state, judged

_VIEWS, _LIMIT = 3, 20
_HOME = {"PROXY_OA_DEPLOYMENT": "cluster", "PROXY_OA_HUSER": "/user/spot/week", "PROXY_OA_DBNAME": "week"}
_KILLED = "killed, started again"
# How long a remote stays out of reach, within what is waited for, and of a refusal.
_OUTAGE_SECONDS = 8
# Of an error that no message of ours explains; one that does names an address of the remote.
_OBSCURE = ("Traceback", "KeyError", "AttributeError", "TypeError")
_ADDRESS = "127.0.0."
Line = tuple[str, str]


def fail_the_cluster(folder: Path, counts: Counts) -> None:
    """Materialize each day while a remote fails, then again while all are well."""
    dg.DagsterInstance.ephemeral().dispose()  # loads what each child would load
    undisturbed = _Week(folder / "undisturbed", {})
    undisturbed.preload()
    with Cluster(folder / "servers") as cluster, ExitStack() as before:
        week = _Week(folder / "week", {**cluster.variables, **_HOME})
        week.preload()
        gate = _Gate(cluster.hdfs.web_port)
        web = before.enter_context(relaying(int(before.enter_context(gate.open()).rpartition(":")[2])))
        sql = before.enter_context(relaying(cluster.sql.port))
        lines = dict[Day, Line]()
        for number, fault in enumerate(_faults(cluster, gate, web, sql)):
            day = WEEK[number % len(WEEK)]
            lines[day] = _run_disturbed(week, day, fault, counts, lambda: _wait_for(cluster))
        for day, line in lines.items():
            if other := undisturbed.run(day) or _other_tables(week, undisturbed, day):
                counts.fail(line, f"{day} run again is another one than undisturbed: {other}")


@dataclass(frozen=True)
class _Fault:
    """How a remote fails for a while, and the settings by which a run meets that."""

    remote: str
    how: str
    fail: Callable[[], object]
    variables: Mapping[str, str] = field(default_factory=dict)


def _faults(cluster: Cluster, gate: "_Gate", web: Relay, sql: Relay) -> list[_Fault]:
    hdfs, engine, datanode = cluster.hdfs, cluster.sql, cluster.hdfs.datanodes[0]
    by_web, by_sql = {"HDFS_URL": f"http://127.0.0.1:{web.port}"}, {"IMPALA_PORT": str(sql.port)}
    return [
        _Fault("NameNode", _KILLED, partial(_restart, hdfs.namenode.kill, hdfs.start_namenode)),
        _Fault("DataNode", _KILLED, partial(_restart, datanode.kill, datanode.start)),
        _Fault("NameNode", "hangs for a while", lambda: _wait_in(hdfs.namenode.hanging())),
        _Fault("WebHDFS", "connections reset", web.cut, by_web),
        _Fault("WebHDFS", "503 for a while", lambda: _wait_in(gate.answering(503, web)), by_web),
        _Fault("WebHDFS", "403 for a while", lambda: _wait_in(gate.answering(403, web)), by_web),
        _Fault("HiveServer2", "connections reset", sql.cut, by_sql),
        _Fault("HiveServer2", "hangs for a while", lambda: _wait_in(engine.hanging())),
        _Fault("HiveServer2", _KILLED, partial(_restart, engine.kill, engine.start)),
    ]


def _wait_for(cluster: Cluster) -> None:
    cluster.hdfs.wait_for_datanodes(len(cluster.hdfs.datanodes))
    cluster.sql.wait()


def _run_disturbed(
    week: "_Week", day: Day, fault: _Fault, counts: Counts, calm: Callable[[], object]
) -> Line:
    """Run a day while a remote fails in its middle, then again once all are calm; count what became of it."""
    line, others = (
        (fault.remote, fault.how),
        [each for each in week.days if each in (day.plus(-1), day.plus(1))],
    )
    before, elsewhere = week.state(day), week.state(*others, rows=False)
    failed = week.run_disturbed(day, fault)
    print(f"{day} {fault.remote} {fault.how}: {failed or 'done'}", flush=True)
    calm()
    found = week.state(day)
    counts.count(line, "failed" if failed else "done")
    if failed and (any(obscure in failed for obscure in _OBSCURE) or _ADDRESS not in failed):
        counts.fail(line, f"{day} failed obscurely: {failed}")
    if again := week.run(day):
        counts.fail(line, f"{day} run again: {again}")
        return line
    after = week.state(day)
    verdict = judged(found, before, after)
    if verdict.parts:
        counts.add(line, verdict, f"{day}: {failed or 'done'}")
    if not failed and found != after:
        counts.fail(line, f"{day} was done, and another one when run again")
    if elsewhere != week.state(*others, rows=False):
        counts.fail(line, f"{day} changed other days")
    counts.count(line, "done again")
    return line


def _other_tables(week: "_Week", undisturbed: "_Week", day: Day) -> str:
    """Return the names of the tables of which a cluster and a single machine have other rows."""
    ours, theirs = week.rows(day), undisturbed.rows(day)
    return ", ".join(name for name, rows in ours.items() if rows != theirs[name])


class _Week:
    """A home with the raw logs of a week."""

    def __init__(self, path: Path, variables: Mapping[str, str]) -> None:
        self._path = path
        self._log = path.with_suffix(".log")
        self._variables = dict(variables)
        # What a day's run takes that nothing disturbs.
        self._seconds = 0.0
        self.days = [WEEK[0].plus(-1), *WEEK]
        preload(self._prepare, environ=self._environ(), log=self._log)

    def preload(self) -> None:
        """Load what a day's run loads, by running the day before the week."""

        def materialize() -> None:
            if failed := self._materialize(self.days[0]):
                raise RuntimeError(f"{self.days[0]} failed undisturbed: {failed}")

        began = time.monotonic()
        preload(materialize, environ=self._environ(), log=self._log)
        self._seconds = time.monotonic() - began

    def run(self, day: Day) -> str:
        """Materialize a day in a child; return why it failed, empty if it didn't."""
        ended = run(lambda: self._materialize(day), environ=self._environ(), log=self._log)
        self._seconds = ended.wall
        return ended.error or str(ended.result)

    def run_disturbed(self, day: Day, fault: _Fault) -> str:
        """Materialize a day while a remote fails in its middle; return why it failed."""
        variables, share = {**self._variables, **fault.variables}, 1 / 2
        while True:
            ended = run(
                lambda: self._materialize(day, variables),
                environ=self._environ() | variables,
                log=self._log,
                moment=Moment(seconds=share * self._seconds, clock="wall"),
                instead=fault.fail,
            )
            if ended.reached:
                return ended.error or str(ended.result)
            share /= 2  # it was done before

    def state(self, *days: Day, rows: bool = True) -> State:
        """Read days, without `rows` the files of their tables alone."""

        def read() -> State:
            home = self._home(self._variables)
            parts = {
                part: digest
                for day in days
                for part, digest in day_state(home, day, tables=MADE, rows=rows).items()
            }
            return {part: digest for part, digest in parts.items() if not part.endswith("publication.json")}

        return result_of(read, environ=self._environ(), log=self._log)

    def rows(self, day: Day) -> dict[str, list[str]]:
        """Read the rows of a day by table."""

        def read() -> dict[str, list[str]]:
            impala = self._home(self._variables).deployment.impala
            return {table.name: sorted(map(repr, records(impala.read_day(table, day)))) for table in MADE}

        return result_of(read, environ=self._environ(), log=self._log)

    def _materialize(self, day: Day, variables: Mapping[str, str] | None = None) -> str:
        home = self._home(variables or self._variables)
        with open_history(home.settings) as instance:
            made = materialize_day(home.definitions, day, _LIMIT, instance)
        failed = {} if made.succeeded else made.failures or made.failed_checks
        return "; ".join(f"{name}: {why}" for name, why in failed.items())

    def _prepare(self) -> None:
        self._path.mkdir()
        home = ClusterHome(self._path, self._variables) if self._variables else Home(self._path)
        for day in self.days:
            home.write_sample(day, _VIEWS, ranked=False)

    def _home(self, variables: Mapping[str, str]) -> Home:
        return ReadyHome(self._path, **variables) if variables else Home(self._path)

    def _environ(self) -> dict[str, str]:
        return {**self._variables, "PROXY_OA_HOME": str(self._path)}


class _Gate:
    """Forwards connections to a port, or answers each request with a status."""

    def __init__(self, port: int) -> None:
        self._port, self._status = port, 0

    @contextmanager
    def open(self) -> Iterator[str]:
        """Serve while the block lasts; yield the address."""
        with handling(self._handle) as (url, _):
            yield url

    @contextmanager
    def answering(self, status: int, before: Relay) -> Iterator[None]:
        """Answer with a status while the block lasts; connections that are open at a relay are cut."""
        self._status = status
        before.cut()
        try:
            yield
        finally:
            self._status = 0

    def _handle(self, connection: socket.socket) -> None:
        if self._status:
            request_of(connection)
            connection.sendall(f"HTTP/1.1 {self._status} No\r\nContent-Length: 0\r\n\r\n".encode())
            return
        with socket.create_connection(("127.0.0.1", self._port)) as server:
            back = threading.Thread(target=_forward, args=(server, connection), daemon=True)
            back.start()
            _forward(connection, server)
            back.join()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while sent := source.recv(1 << 16):
            target.sendall(sent)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _restart(kill: Callable[[], object], start: Callable[[], object]) -> None:
    kill()
    time.sleep(_OUTAGE_SECONDS)
    start()


def _wait_in(outage: AbstractContextManager[None]) -> None:
    with outage:
        time.sleep(_OUTAGE_SECONDS)
