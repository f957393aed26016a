"""Results of an engine that, like Impala, doesn't check text for UTF-8, and interrupted queries."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.hive_server import Rows, serving
from support.reached import reached

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.sql.query import Query

QUERY = Query("SELECT fulluri FROM proxy_scores")
STORED = [b"evil.example/\xff\xfe", b"plain.example/", "caf\u00e9".encode()]
REPAIRED = ["evil.example/\ufffd\ufffd", "plain.example/", "caf\u00e9"]


def test_text_that_is_not_utf_8_is_repaired(tmp_path: Path) -> None:
    """Both in a frame and in rows one by one, invalid bytes become U+FFFD."""
    with _answering(STORED) as port, reaching(tmp_path, port) as warehouse:
        assert list(warehouse.query(QUERY)["fulluri"]) == REPAIRED
        assert list(warehouse.rows(QUERY)) == [(text,) for text in REPAIRED]


def test_half_a_surrogate_pair_is_refused_and_the_connection_goes_on(tmp_path: Path) -> None:
    """UTF-8 can't encode it; the next statement succeeds on the same connection."""
    with _answering(STORED) as port, reaching(tmp_path, port) as warehouse:
        with pytest.raises(WarehouseError, match="surrogates not allowed"):
            warehouse.query(Query("SELECT fulluri FROM proxy_scores WHERE fulluri = ?", ("a\ud83d",)))
        assert list(warehouse.query(QUERY)["fulluri"]) == REPAIRED


@pytest.mark.parametrize("slow", ["OpenSession", "ExecuteStatement", "FetchResults"])
def test_an_interrupted_query_spoils_none_that_follows(tmp_path: Path, slow: str) -> None:
    """An interrupt, as of a notebook's cell, in the middle of a message doesn't corrupt the next result."""
    with _answering(STORED, slow) as port, reaching(tmp_path, port) as warehouse:
        with interrupting(after=0.2), pytest.raises(KeyboardInterrupt):
            warehouse.query(QUERY)
        time.sleep(0.6)
        for _ in range(3):
            assert list(warehouse.query(QUERY)["fulluri"]) == REPAIRED


@contextmanager
def interrupting(after: float) -> Iterator[None]:
    """Interrupt the block after so many seconds, as by Ctrl-C."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, after)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def reaching(home: Path, port: int) -> Iterator[Warehouse]:
    """Yield a warehouse whose engine has that port."""
    warehouse = reached(home, IMPALA_HOST="127.0.0.1", IMPALA_PORT=str(port)).impala
    yield warehouse
    warehouse.close()


@contextmanager
def _answering(values: list[bytes], slow: str = "") -> Iterator[int]:
    """Serve an engine that returns one column for every statement; yield its port."""
    with serving(lambda _: Rows(("fulluri",), [(value,) for value in values]), slow) as served:
        yield served.port
