"""What analysts and runs say when the disk refuses: a path and what to do, and never a defect."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.home import SAMPLE_DAY, Home, failures
from support.squid_log import request, requests, write_log

from proxy_oa_assets.ingest.ingesting import ingest_log
from proxy_oa_assets.ingest.open_log import LogFormat
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.investigation.storyboard import save_storyboard
from proxy_oa_assets.model.errors import ProxyOaError, disk_errors

DAY = SAMPLE_DAY.key
_LATER, _SQUID = SAMPLE_DAY.plus(5), LogFormat("squid")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A materialized day."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_sample(views=60)
    assert home.materialize(SAMPLE_DAY, limit=20).success
    return home


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """Let the system refuse to write further into a file, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _uri(home: Home) -> str:
    return str(suspicious(DAY, deployment=home.deployment).fulluri[0])


def _ingest(home: Home, lines: list[str]) -> object:
    log, first = home.path / "squid.log", home.path / "first.log"
    with small_files(resource.RLIM_INFINITY):
        write_log(log, lines)
        # Makes the file of known logs.
        ingest_log(write_log(first, [request(_LATER, 1)]), deployment=home.deployment, log_format=_SQUID)
    with disk_errors():  # as commands and runs have it
        return ingest_log(log, deployment=home.deployment, log_format=_SQUID)


ACTIONS: dict[str, Callable[[Home, str], object]] = {
    "score": lambda home, uri: score(DAY, 1, uri, deployment=home.deployment),
    "save": lambda home, uri: save_storyboard(DAY, uri, "title", "text" * 999, deployment=home.deployment),
    "story": lambda home, _: write_story(DAY, deployment=home.deployment),
    "raw day": lambda home, _: home.deployment.impala.replace_raw_day(
        SAMPLE_DAY, {1: home.raw_files(SAMPLE_DAY)[:1]}
    ),
    "ingest": lambda home, _: _ingest(home, requests(_LATER)),
    "ingest what is rejected": lambda home, _: _ingest(home, [request(_LATER), "no request\n" * 9]),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_what_analysts_do_says_where_and_what_to_do(home: Home, action: str) -> None:
    """Not only in notebooks: the functions themselves raise errors that the user can fix."""
    uri = _uri(home)
    with small_files(16), pytest.raises(ProxyOaError) as caught:
        ACTIONS[action](home, uri)
    assert str(home.path) in str(caught.value)
    assert os.strerror(errno.EFBIG) in str(caught.value)


def test_a_run_says_where_and_what_to_do(home: Home) -> None:
    """As the failure of the step, without the class of an error."""
    with small_files(2_000):
        failed = failures(home.materialize(SAMPLE_DAY, limit=20))
    assert failed
    for reason in failed.values():
        assert str(home.path) in reason
        assert "OSError" not in reason
        assert "File too large" in reason
        assert "ulimit -f" in reason or "the space there" in reason
    assert home.materialize(SAMPLE_DAY, limit=20).success


def test_a_notebook_s_line_says_where_and_what_to_do(tmp_path: Path) -> None:
    """Also for an error that no function of ours has met."""
    status = StatusLine()
    with status.during("Doing"):
        (tmp_path / ("n" * 300)).write_bytes(b"")
    assert "use a shorter path" in status.widget.value
    assert "a defect" not in status.widget.value


def test_a_read_that_fails_names_the_file(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's errors of reading have no path: a folder's bytes can't be read."""
    folder = home.path / "hdfs" / "user"
    monkeypatch.setattr(Path, "is_dir", lambda _: False)
    with pytest.raises(ProxyOaError, match=str(folder)):
        home.deployment.hdfs.open("/user").__enter__().read()


def test_a_reset_on_a_path_that_is_no_folder_says_so(tmp_path: Path) -> None:
    """A file stands where the lock's folder is."""
    home = Home(tmp_path)
    (tmp_path / "hdfs" / "user").mkdir(parents=True)
    (tmp_path / "hdfs" / "user" / "spot").write_bytes(b"")
    with pytest.raises(ProxyOaError, match="hdfs/user/spot"):
        reset_scored_connections(SAMPLE_DAY, deployment=home.deployment)
