import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from proxy_oa_assets.model.errors import LockedError, StorageError
from proxy_oa_assets.model.file_lock import file_lock

HOLDER = """
import sys
from pathlib import Path
from proxy_oa_assets.model.file_lock import file_lock
with file_lock(Path(sys.argv[1]), "scoring 2016-09-12"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def held(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Have another process hold the lock until it gets a line or the block ends."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], **pipes) as process:
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def wait_until_queued(lock: Path, number: int) -> None:
    """Wait until so many threads of this process wait in the kernel for the file."""
    until = time.monotonic() + 30
    waiting = re.compile(rf"-> FLOCK .*:{lock.stat().st_ino} ")
    while len(waiting.findall(Path("/proc/locks").read_text(encoding="ascii"))) < number:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_stopped_holder_is_named_with_what_it_does_and_others_go_on(tmp_path: Path) -> None:
    """Who, where, since when, and what to do; another lock is free, and so is this one once it has ended."""
    lock, waits = tmp_path / "locks" / "20160912", []
    with held(lock) as process:
        process.send_signal(signal.SIGSTOP)
        named = (
            rf"process {process.pid} on \S+, scoring 2016-09-12, since 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC"
        )
        with (
            pytest.raises(
                LockedError, match=rf"20160912 has been locked for 3 s by \S+'s {named}.* end that"
            ),
            file_lock(lock, "waiting", patience=3, on_wait=waits.append),
        ):
            pytest.fail("two hold the lock")
        with file_lock(lock.with_name("20160913"), "working", patience=0):
            pass
        process.kill()
        process.wait()
        with file_lock(lock, "working", patience=10):
            pass
    assert len(waits) == 1
    assert f"{lock} is locked by " in waits[0]
    assert f"process {process.pid} " in waits[0]


def test_waiting_threads_get_the_lock_in_turn_however_long_the_queue(tmp_path: Path) -> None:
    """First come, first served; together they wait for longer than the patience, which is for one holder."""
    lock, order = tmp_path / "lock", []

    def work(number: int) -> None:
        with file_lock(lock, f"work {number}", patience=1):
            order.append(number)
            time.sleep(0.4)

    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    with file_lock(lock, "first"):
        for number, thread in enumerate(threads):
            thread.start()
            wait_until_queued(lock, number + 1)
    for thread in threads:
        thread.join()
    assert order == list(range(6))


def test_ctrl_c_ends_the_waiting(tmp_path: Path) -> None:
    """At once, although the kernel's wait for a lock can't be interrupted."""
    lock = tmp_path / "lock"
    with (
        file_lock(lock, "working"),
        subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(lock)], stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        wait_until_queued(lock, 1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert errors.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP])
def test_a_file_system_without_locks_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Working without a lock would lose scores."""

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(StorageError, match=rf"^{tmp_path}/locks: .* no file locks .*PROXY_OA_HOME"),
        file_lock(tmp_path / "locks" / "lock", "working"),
    ):
        pytest.fail("held")


def test_a_holder_s_name_steers_no_terminal(tmp_path: Path) -> None:
    """Other users can write the file; one that isn't a record names no holder."""
    lock = tmp_path / "lock"
    for content, shown in (
        (
            b'{"user": "\\u001b[2J", "host": "h", "pid": 1, "doing": "d", "since": "now"}',
            r"\\x1b\[2J's process 1 on h",
        ),
        (b"\xff[1]", "another process"),
    ):
        with file_lock(lock, "working"):
            lock.write_bytes(content)
            with (
                pytest.raises(LockedError, match=f"by {shown}"),
                file_lock(lock, "waiting", patience=0),
            ):
                pytest.fail("two hold the lock")
