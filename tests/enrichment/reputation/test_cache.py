import sqlite3
import threading
from dataclasses import replace

import pytest

from proxy_oa_assets.enrichment.reputation.cache import Keeping, VerdictCache
from proxy_oa_assets.enrichment.reputation.verdict import UNVERIFIED, Category, Status, Verdict
from proxy_oa_assets.model.errors import ReputationCacheError

HIT = Verdict("vt", "HIGH", 3, categories=(Category("a:b", "g|\u2028"), Category("c")))
CLEAN = Verdict("vt", "NONE", 0)
NEVER_SEEN = Verdict("vt", "UNVERIFIED", UNVERIFIED, Status.NO_DATA)
HOUR = 3600


@pytest.fixture
def cache(tmp_path):
    with VerdictCache(tmp_path / "state" / "verdicts.sqlite", Keeping()) as opened:
        yield opened


def _kept(cache, now):
    return set(cache.find("vt", ["hit", "clean", "never", "own"], now))


def test_hits_are_kept_for_a_day_and_misses_for_six_hours(cache):
    """A severity above 0 is a hit; 0 and "never seen" are misses; a service's own end goes before both."""
    own = replace(CLEAN, expires=100 * HOUR)
    cache.keep({"hit": HIT, "clean": CLEAN, "never": NEVER_SEEN, "own": own}, now=0)
    assert _kept(cache, 6 * HOUR - 1) == {"hit", "clean", "never", "own"}
    assert _kept(cache, 6 * HOUR) == {"hit", "own"}
    assert _kept(cache, 24 * HOUR) == {"own"}
    assert _kept(cache, 100 * HOUR) == set()


def test_a_verdict_comes_back_as_it_was(cache):
    """Label, value, status and categories, whatever is in them."""
    cache.keep({"x\0\ud7ff'\"": HIT}, now=0)
    (found,) = cache.find("vt", ["x\0\ud7ff'\""], 1).values()
    assert replace(found, expires=None) == HIT
    assert cache.find("other", ["x\0\ud7ff'\""], 1) == {}


def test_what_is_no_answer_is_not_kept(cache):
    """Failed, over quota, not sent, unsupported: asked again next time."""
    for status in set(Status) - {Status.OK, Status.NO_DATA}:
        cache.keep({"hit": Verdict("vt", "UNVERIFIED", UNVERIFIED, status)}, now=0)
    assert _kept(cache, 1) == set()


def test_thousands_of_values_are_found_at_once(cache):
    """More values than SQLite takes in a statement."""
    values = [str(number) for number in range(2500)]
    cache.keep(dict.fromkeys(values, CLEAN), now=0)
    assert set(cache.find("vt", ["missing", *values], 1)) == set(values)


def test_what_has_expired_is_removed(cache, tmp_path):
    """The file doesn't grow for ever, and values don't stay longer than they are of use."""
    cache.keep({"hit": HIT, "clean": CLEAN}, now=0)
    cache.forget_expired(7 * HOUR)
    with sqlite3.connect(tmp_path / "state" / "verdicts.sqlite") as connection:
        assert connection.execute("SELECT value FROM verdicts").fetchall() == [("hit",)]
    connection.close()


def test_several_writers_share_the_file(tmp_path):
    """Services side by side, each with a connection of its own: nothing is lost, nothing is locked out."""
    path = tmp_path / "verdicts.sqlite"

    def write(service: str) -> None:
        with VerdictCache(path, Keeping()) as opened:
            for number in range(100):
                opened.keep({str(number): replace(CLEAN, service=service)}, now=0)

    threads = [threading.Thread(target=write, args=(service,)) for service in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with VerdictCache(path, Keeping()) as opened:
        assert {len(opened.find(service, [str(n) for n in range(100)], 1)) for service in "abcd"} == {100}


def test_whoever_opens_a_new_file_waits_for_whoever_else_begins_it(tmp_path):
    """Two services that start at once, or two runs: SQLite itself refuses the second there and then."""
    path = tmp_path / "verdicts.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE other (x)")
    other.execute("BEGIN IMMEDIATE")
    ending = threading.Timer(0.3, other.execute, ["COMMIT"])
    ending.start()
    with VerdictCache(path, Keeping()) as opened:
        opened.keep({"hit": HIT}, now=0)
        assert _kept(opened, 1) == {"hit"}
    ending.join()
    other.close()


def test_a_file_that_is_no_cache_is_named(tmp_path):
    """Somebody's other file, or a folder: an error with the path and the remedy."""
    (tmp_path / "other").write_bytes(b"not SQLite, and longer than a header of it" * 100)
    for path in (tmp_path / "other", tmp_path):
        with pytest.raises(ReputationCacheError, match=rf"{path}.*remove it"):
            VerdictCache(path, Keeping())
