"""The lock in HDFS, which excludes other machines."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from cluster_servers.running import Cluster

from proxy_oa_assets.model.errors import LockedError, LockLostError, StorageError
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

pytestmark = pytest.mark.cluster

EXPIRY = 3

# Holds a lock until it gets a line.
HOLDER = """
import sys
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

url, path, expiry = sys.argv[1:]
with WebHdfs(url=url, lock_expiry=float(expiry)).lock(path, "scoring 2016-09-12") as still_held:
    print("held", flush=True)
    sys.stdin.readline()
    still_held()
"""

# Adds one to a number in a file, over and over, under the lock.
COUNTER = """
import sys
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

url, path, file, times = sys.argv[1:]
hdfs = WebHdfs(url=url)
for _ in range(int(times)):
    with hdfs.lock(path) as still_held:
        with hdfs.open(file) as stream:
            number = int(stream.read())
        still_held()
        hdfs.write(file, [str(number + 1).encode()])
"""


@pytest.fixture
def lock_path() -> str:
    return f"/user/spot/{uuid.uuid4().hex}/20160912"


@pytest.fixture
def hdfs(cluster: Cluster) -> Callable[..., WebHdfs]:
    """Return a function that creates a client, as on another machine."""

    def make(expiry: float = EXPIRY, patience: float = 30) -> WebHdfs:
        return WebHdfs(url=cluster.hdfs.url, lock_expiry=expiry, lock_patience=patience)

    return make


@contextmanager
def running(cluster: Cluster, program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", "-c", program, cluster.hdfs.url, *arguments]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=variables, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def names(hdfs: WebHdfs, path: str) -> list[str]:
    return [entry.name for entry in hdfs.list_folder(path)]


def tickets(hdfs: WebHdfs, path: str) -> list[str]:
    return [name for name in names(hdfs, path) if name.startswith("waiting-")]


def test_increments_under_a_lock_aren_t_lost(cluster: Cluster, lock_path: str) -> None:
    """Four processes start without a lock folder; each adds ten."""
    hdfs, file = WebHdfs(url=cluster.hdfs.url), f"{lock_path}.number"
    hdfs.write(file, [b"0"])

    def count(_: int) -> int:
        with running(cluster, COUNTER, lock_path, file, "10") as process:
            return process.wait()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(count, range(4))) == [0] * 4

    with hdfs.open(file) as stream:
        assert stream.read() == b"40"
    assert names(hdfs, lock_path) == ["free"]
    assert names(hdfs, lock_path.rpartition("/")[0]) == ["20160912", "20160912.number"]


def test_a_holder_that_lives_keeps_the_lock_beyond_the_expiry(
    cluster: Cluster, hdfs: Callable[..., WebHdfs], lock_path: str
) -> None:
    """It sends heartbeats; the error of a process that waits too long names it."""
    with running(cluster, HOLDER, lock_path, str(EXPIRY)) as process:
        assert process.stdout.readline() == "held\n"
        with (
            pytest.raises(
                LockedError,
                match=rf"20160912 .* 5 s by \S+'s process {process.pid} on .*scoring 2016-09-12, since",
            ),
            hdfs(patience=5).lock(lock_path),
        ):
            pytest.fail("two hold the lock")
        process.stdin.write("\n")
        process.stdin.flush()
        assert process.wait() == 0
    assert names(hdfs(), lock_path) == ["free"]


def test_patience_and_on_wait_are_the_caller_s(hdfs: Callable[..., WebHdfs], lock_path: str) -> None:
    """`on_wait` is called once, with the holder's name; the error comes after the caller's patience."""
    waits: list[str] = []
    holder = f"process {os.getpid()} on "
    with hdfs(expiry=60).lock(lock_path):
        began = time.monotonic()
        with (
            pytest.raises(LockedError, match=holder),
            hdfs(expiry=60, patience=600).lock(lock_path, patience=4, on_wait=waits.append),
        ):
            pytest.fail("two hold the lock")
        assert 4 <= time.monotonic() - began < 15
    assert len(waits) == 1
    assert holder in waits[0]
    with hdfs().lock(lock_path, on_wait=waits.append):
        assert len(waits) == 1


def test_a_dead_holder_s_lock_is_taken_over(
    cluster: Cluster, hdfs: Callable[..., WebHdfs], lock_path: str
) -> None:
    """Waiting processes get it one at a time, after the expiry."""
    with running(cluster, HOLDER, lock_path, str(EXPIRY)) as process:
        assert process.stdout.readline() == "held\n"
        process.kill()
        process.wait()
    inside, began = [], time.monotonic()

    def enter(_: int) -> float:
        with hdfs().lock(lock_path) as still_held:
            entered = time.monotonic() - began
            inside.append(True)
            assert len(inside) == 1
            time.sleep(0.2)
            still_held()
            inside.pop()
        return entered

    with ThreadPoolExecutor(4) as pool:
        waited = list(pool.map(enter, range(4)))

    assert EXPIRY <= min(waited) < EXPIRY + 15
    assert names(hdfs(), lock_path) == ["free"]


def test_waiting_processes_get_the_lock_in_turn_however_long_the_queue(
    hdfs: Callable[..., WebHdfs], lock_path: str
) -> None:
    """First come, first served; together they wait for longer than the patience, which is for one holder."""
    order: list[int] = []

    def work(number: int) -> None:
        with hdfs(expiry=30, patience=2).lock(lock_path):
            order.append(number)
            time.sleep(0.7)

    with ThreadPoolExecutor(5) as pool:
        with hdfs(expiry=30).lock(lock_path):
            done = []
            for number in range(5):
                done.append(pool.submit(work, number))
                while len(tickets(hdfs(), lock_path)) <= number:
                    time.sleep(0.05)
        for future in done:
            future.result()

    assert order == list(range(5))
    assert names(hdfs(), lock_path) == ["free"]


def test_a_killed_waiting_process_keeps_no_place_in_the_queue(
    cluster: Cluster, hdfs: Callable[..., WebHdfs], lock_path: str
) -> None:
    """The next one passes it after the expiry, and removes its ticket."""
    with hdfs().lock(lock_path), running(cluster, HOLDER, lock_path, str(EXPIRY)) as process:
        while not tickets(hdfs(), lock_path):
            time.sleep(0.05)
        process.kill()
        process.wait()
    with hdfs().lock(lock_path):
        assert tickets(hdfs(), lock_path) == []


def test_a_holder_that_was_suspended_must_not_write(
    cluster: Cluster, hdfs: Callable[..., WebHdfs], lock_path: str
) -> None:
    """Another process has taken its lock: it gets an error before its write, and the other keeps the lock."""
    with running(cluster, HOLDER, lock_path, str(EXPIRY)) as process:
        assert process.stdout.readline() == "held\n"
        process.send_signal(signal.SIGSTOP)
        with hdfs().lock(lock_path) as still_held:
            process.send_signal(signal.SIGCONT)
            _, _ = process.communicate("\n")
            assert process.returncode == 1
            still_held()
    assert names(hdfs(), lock_path) == ["free"]


def test_a_lock_that_was_taken_away_is_lost(hdfs: Callable[..., WebHdfs], lock_path: str) -> None:
    """The error comes before anything is written."""
    other = hdfs()
    with hdfs(expiry=60).lock(lock_path) as still_held:
        still_held()
        (mine,) = other.list_folder(lock_path)
        assert other.move(mine.path, f"{lock_path}/another")
        with pytest.raises(LockLostError, match="20160912: the lock was lost"):
            still_held()
    assert names(other, lock_path) == ["another"]


def test_the_lock_is_freed_when_the_work_fails(hdfs: Callable[..., WebHdfs], lock_path: str) -> None:
    """The error is the block's own."""
    with pytest.raises(ZeroDivisionError), hdfs().lock(lock_path):
        _ = 1 / 0
    with hdfs(patience=0).lock(lock_path):
        pass


def test_a_folder_without_its_file_is_named(hdfs: Callable[..., WebHdfs], lock_path: str) -> None:
    """An error at once: if the file were created again, two might hold the lock."""
    hdfs().make_folder(lock_path)
    with (
        pytest.raises(StorageError, match="remove the folder"),
        hdfs().lock(lock_path),
    ):
        pytest.fail("held")
    assert names(hdfs(), lock_path) == []
