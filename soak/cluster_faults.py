"""A week's backfill on a cluster while HDFS or the SQL engine fails in the middle of each day."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.home import Home
from support.raw_server import handling, request_of
from support.relay import Relay, relaying

from proxy_oa_assets.cli.history import materialize_day, open_history
from proxy_oa_assets.model.day import Day
from soak.children import Moment, result_of, run
from soak.cluster_place import ReadyHome
from soak.counts import Counts
from soak.service_faults import WEEK
from soak.state import State, day_state, judged

_VIEWS, _LIMIT = 3, 20
_DATABASE = "week"
# How long a remote stays out of reach, within what is waited for, and of a refusal.
_OUTAGE_SECONDS = 8
# Of an error that no message of ours explains.
_OBSCURE = ("Traceback", "KeyError", "AttributeError", "TypeError")
Line = tuple[str, str]


def fail_the_cluster(folder: Path, counts: Counts) -> None:
    """Materialize each day while a remote fails, then again while all are well."""
    with Cluster(folder / "servers") as cluster, ExitStack() as before:
        gate = _Gate(cluster.hdfs.web_port)
        web = before.enter_context(relaying(int(before.enter_context(gate.open()).rpartition(":")[2])))
        sql = before.enter_context(relaying(cluster.sql.port))
        week = _Week(folder / "week", cluster, web, sql)
        began = time.monotonic()
        week.run(WEEK[0].plus(-1))
        seconds = time.monotonic() - began
        faults = _faults(cluster, gate, web, sql)
        for number, fault in enumerate(faults.items()):
            _run_disturbed(week, WEEK[number % len(WEEK)], fault, seconds, counts)


def _faults(cluster: Cluster, gate: "_Gate", web: Relay, sql: Relay) -> Mapping[Line, Callable[[], object]]:
    """Return what makes a remote fail for a while."""
    hdfs, engine = cluster.hdfs, cluster.sql
    return {
        ("NameNode", "killed, started again"): partial(_restart, hdfs.namenode.kill, hdfs.start_namenode),
        ("DataNode", "killed, started again"): partial(
            _restart, hdfs.datanodes[0].kill, hdfs.datanodes[0].start
        ),
        ("NameNode", "hangs for a while"): lambda: _wait_in(hdfs.namenode.hanging()),
        ("WebHDFS", "connections reset"): web.cut,
        ("WebHDFS", "503 for a while"): lambda: _wait_in(gate.answering(503, web)),
        ("WebHDFS", "403 for a while"): lambda: _wait_in(gate.answering(403, web)),
        ("HiveServer2", "connections reset"): sql.cut,
        ("HiveServer2", "hangs for a while"): lambda: _wait_in(engine.hanging()),
        ("HiveServer2", "killed, started again"): partial(_restart, engine.kill, engine.start),
    }


def _run_disturbed(
    week: "_Week", day: Day, fault: tuple[Line, Callable[[], object]], seconds: float, counts: Counts
) -> None:
    """Run a day while a remote fails in its middle, then again; count what became of it."""
    (line, fail), others = fault, [other for other in week.days if other != day]
    before, elsewhere = week.state(day), week.state(*others, rows=False)
    failed = week.run(day, Moment(seconds=seconds / 2, clock="wall"), fail)
    print(f"{day} {line[0]} {line[1]}: {failed or 'done'}", flush=True)
    found = week.state(day)
    counts.count(line, "failed" if failed else "done")
    if any(obscure in failed for obscure in _OBSCURE):
        counts.fail(line, f"{day} failed obscurely: {failed}")
    if again := week.run(day):
        counts.fail(line, f"{day} run again: {again}")
        return
    counts.count(line, "done again")
    after = week.state(day)
    verdict = judged(found, before, after)
    if verdict.parts:
        counts.add(line, verdict, f"{day}: {failed or 'done'}")
    if not failed and found != after:
        counts.fail(line, f"{day} was done, and another one when run again")
    if elsewhere != week.state(*others, rows=False):
        counts.fail(line, f"{day} changed other days")


class _Week:
    """A home on a cluster with the raw logs of a week, reached by relays."""

    def __init__(self, path: Path, cluster: Cluster, web: Relay, sql: Relay) -> None:
        self._path = path
        self._log = path.with_suffix(".log")
        self._variables = {
            **cluster.variables,
            "HDFS_URL": f"http://127.0.0.1:{web.port}",
            "IMPALA_PORT": str(sql.port),
            "PROXY_OA_DEPLOYMENT": "cluster",
            "PROXY_OA_HUSER": f"/user/spot/{_DATABASE}",
            "PROXY_OA_DBNAME": _DATABASE,
        }
        self.days = [WEEK[0].plus(-1), *WEEK]
        result_of(self._prepare, environ=self._environ(), log=self._log)

    def run(self, day: Day, moment: Moment | None = None, instead: Callable[[], object] | None = None) -> str:
        """Materialize a day in a child; return why it failed, empty if it didn't."""

        def materialize() -> str:
            home = self._home()
            with open_history(home.settings) as instance:
                made = materialize_day(home.definitions, day, _LIMIT, instance)
            failed = {} if made.succeeded else made.failures or made.failed_checks
            return "; ".join(f"{name}: {why}" for name, why in failed.items())

        ended = run(materialize, environ=self._environ(), log=self._log, moment=moment, instead=instead)
        return ended.error or str(ended.result)

    def state(self, *days: Day, rows: bool = True) -> State:
        """Read days, without `rows` the files of their tables alone."""

        def read() -> State:
            home = self._home()
            parts = {part: digest for day in days for part, digest in day_state(home, day, rows=rows).items()}
            return {part: digest for part, digest in parts.items() if not part.endswith("publication.json")}

        return result_of(read, environ=self._environ(), log=self._log)

    def _prepare(self) -> None:
        self._path.mkdir()
        home = ClusterHome(self._path, {}, **self._variables)
        for day in self.days:
            home.write_sample(day, _VIEWS, ranked=False)

    def _home(self) -> Home:
        return ReadyHome(self._path, **self._variables)

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
