import sqlite3
import threading
from contextlib import closing
from dataclasses import replace

import pytest
from support.looking_up import says
from support.reputation_server import Reply, answering

from proxy_oa_assets.enrichment.reputation.cache import CacheLifetimes, VerdictCache
from proxy_oa_assets.enrichment.reputation.registry import service_class
from proxy_oa_assets.enrichment.reputation.verdict import Category, Risk, Status, Verdict
from proxy_oa_assets.model.errors import ReputationCacheError

HIT = Verdict("vt", "HIGH", Risk.HIGH, categories=(Category("a:b", "g|\u2028"), Category("c")))
CLEAN = Verdict("vt", "NONE", Risk.NONE)
NEVER_SEEN = Verdict("vt", "UNVERIFIED", Risk.UNVERIFIED, Status.NO_DATA)
HOUR = 3600


def _opened(path, name="vt", **settings):
    """Open the cache of a VirusTotal entry with these settings."""
    entry = {"service": "vt", "name": name, "key_env": "K", **settings}
    service = service_class("vt").model_validate(entry, context={"environ": {"K": "k"}})
    return VerdictCache(path, service, CacheLifetimes())


@pytest.fixture
def cache(tmp_path):
    with _opened(tmp_path / "state" / "verdicts.sqlite") as opened:
        yield opened


def _cached(cache, now):
    return set(cache.find(["hit", "clean", "never", "own"], now))


def test_hits_are_cached_for_a_day_and_misses_for_six_hours(cache):
    """A risk above 0 is a hit; 0 and "never seen" are misses; a service's own end takes precedence."""
    own = replace(CLEAN, expires=100 * HOUR)
    cache.store({"hit": HIT, "clean": CLEAN, "never": NEVER_SEEN, "own": own}, now=0)
    assert _cached(cache, 6 * HOUR - 1) == {"hit", "clean", "never", "own"}
    assert _cached(cache, 6 * HOUR) == {"hit", "own"}
    assert _cached(cache, 24 * HOUR) == {"own"}
    assert _cached(cache, 100 * HOUR) == set()


def test_a_verdict_comes_back_as_it_was(cache, tmp_path):
    """Label, risk, status and categories with any characters; only for its own service."""
    cache.store({"x\0\ud7ff'\"": HIT}, now=0)
    (found,) = cache.find(["x\0\ud7ff'\""], 1).values()
    assert replace(found, expires=None) == HIT
    assert isinstance(found.risk, Risk)
    with _opened(tmp_path / "state" / "verdicts.sqlite", name="other") as other:
        assert other.find(["x\0\ud7ff'\""], 1) == {}


def test_failures_are_not_cached(cache):
    """Failed, over quota, not sent, unsupported: looked up again next time."""
    for status in set(Status) - {Status.OK, Status.NO_DATA}:
        cache.store({"hit": Verdict("vt", "UNVERIFIED", Risk.UNVERIFIED, status)}, now=0)
    assert _cached(cache, 1) == set()


def test_thousands_of_values_are_found_at_once(cache):
    """More values than a statement of SQLite takes."""
    values = [str(number) for number in range(2500)]
    cache.store(dict.fromkeys(values, CLEAN), now=0)
    assert set(cache.find(["missing", *values], 1)) == set(values)


def test_expired_verdicts_are_removed(cache, tmp_path):
    """The file doesn't grow without end, and values don't stay longer than they are of use."""
    cache.store({"hit": HIT, "clean": CLEAN}, now=0)
    cache.remove_expired(7 * HOUR)
    with closing(sqlite3.connect(tmp_path / "state" / "verdicts.sqlite")) as connection:
        assert connection.execute("SELECT value FROM verdicts").fetchall() == [("hit",)]


def test_several_writers_share_the_file(tmp_path):
    """Services side by side, each with its own connection: no verdict is lost, no writer is locked out."""
    path = tmp_path / "verdicts.sqlite"

    def write(name: str) -> None:
        with _opened(path, name) as opened:
            for number in range(100):
                opened.store({str(number): replace(CLEAN, service=name)}, now=0)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name in "abcd":
        with _opened(path, name) as opened:
            assert len(opened.find([str(n) for n in range(100)], 1)) == 100


def test_opening_waits_for_another_process_that_creates_the_file(tmp_path):
    """Two services or runs start at once: SQLite itself refuses the second one immediately."""
    path = tmp_path / "verdicts.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE other (x)")
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.3, other.execute, ["COMMIT"])
    ending.start()
    with _opened(path) as opened:
        opened.store({"hit": HIT}, now=0)
        assert _cached(opened, 1) == {"hit"}
    ending.join()
    other.close()


def test_a_file_that_is_no_cache_is_named(tmp_path):
    """Another program's file, or a folder: an error with the path and the remedy."""
    (tmp_path / "other").write_bytes(b"not SQLite, and longer than a header of it" * 100)
    for path in (tmp_path / "other", tmp_path):
        with pytest.raises(ReputationCacheError, match=rf"{path}.*remove it"):
            _opened(path)


def test_a_file_of_an_earlier_version_stays_usable(tmp_path):
    """Its verdicts, cached by the service's name alone, aren't found; new ones go into the same table."""
    path = tmp_path / "verdicts.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            """
            CREATE TABLE verdicts (
                service TEXT NOT NULL, value TEXT NOT NULL, label TEXT NOT NULL, severity INTEGER NOT NULL,
                status TEXT NOT NULL, categories TEXT NOT NULL, expires REAL NOT NULL,
                PRIMARY KEY (service, value)
            ) WITHOUT ROWID
            """
        )
        connection.execute("INSERT INTO verdicts VALUES ('vt', 'hit', 'HIGH', 3, 'ok', '[]', 1e12)")
    with _opened(path) as opened:
        assert _cached(opened, 1) == set()
        opened.store({"hit": CLEAN}, now=0)
        assert opened.find(["hit"], 1)["hit"].risk is Risk.NONE


def test_a_verdict_from_the_future_is_not_believed(cache):
    """Cached while the clock was ten years ahead, it would count for ten years; a new one replaces it."""
    ahead = 10 * 365 * 24 * HOUR
    cache.store({"hit": HIT}, now=ahead)
    assert _cached(cache, 0) == set()
    cache.store({"hit": CLEAN}, now=0)
    assert cache.find(["hit"], HOUR)["hit"].risk is Risk.NONE


@pytest.mark.parametrize("end", [1e18, float("inf"), 1e300])
def test_a_service_s_own_end_is_a_week_ahead_at_most(cache, end):
    """A year 9999 in an answer would keep its verdict for good."""
    cache.store({"own": replace(HIT, expires=end)}, now=0)
    assert _cached(cache, 7 * 24 * HOUR - 1) == {"own"}
    assert _cached(cache, 7 * 24 * HOUR) == set()


@pytest.mark.parametrize(
    "column",
    [
        *("severity = 7", "severity = 'x'", "severity = 2.5", "status = 'failed'", "categories = '[1]'"),
        *("expires = 'never'", f"categories = '{'[' * 10_000}'", "categories = 'x'", "label = x'ff'"),
    ],
)
def test_a_row_that_the_cache_cannot_have_written_is_not_believed(cache, tmp_path, column):
    """Another program's or a damaged one: it is looked up again, and costs no other row."""
    cache.store({"hit": HIT, "clean": CLEAN}, now=0)
    with closing(sqlite3.connect(tmp_path / "state" / "verdicts.sqlite")) as connection, connection:
        connection.execute(f"UPDATE verdicts SET {column} WHERE value = 'hit'")
    assert _cached(cache, 1) == {"clean"}


def test_a_file_with_another_table_is_named(tmp_path):
    """A later version's columns: an error with the path and the remedy."""
    path = tmp_path / "verdicts.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE verdicts (service TEXT, value TEXT, verdict BLOB)")
    with _opened(path) as opened, pytest.raises(ReputationCacheError, match=rf"{path}.*remove it"):
        opened.find(["hit"], 1)


@pytest.mark.parametrize(
    ("changed", "requested"),
    [
        ({}, 0),
        ({"malicious_high": 6}, 1),
        ({"url": "/other"}, 1),
        ({"send": "host"}, 1),
        ({"name": "vt", "threads": 1, "timeout": 5, "attempts": 1, "patience_minutes": 1}, 0),
        ({"per_minute": 100, "per_day": 1000}, 0),
        ({"key_env": "OTHER"}, 0),
        ({"ca_cert": "authorities.pem"}, 0),
    ],
)
def test_settings_that_shape_verdicts_look_up_again(vt, tmp_path, changed, requested):
    """A changed threshold, address or `send` doesn't find old verdicts; limits and secrets do."""
    (tmp_path / "authorities.pem").touch()
    report = {"data": {"attributes": {"last_analysis_stats": {"malicious": 5, "suspicious": 0}}}}
    with answering(lambda _: Reply(report)) as server:
        assert says(vt(server.url), "evil.example/a")[0] == ["vt:HIGH:3"]
        entry = {**changed, **({"url": server.url + changed["url"]} if "url" in changed else {})}
        stats = says(vt(**{"url": server.url, **entry}), "evil.example/a")[1]
    assert (stats.requested, stats.cached) == (requested, 1 - requested)
