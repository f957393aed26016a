import datetime as dt
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter

import pytest
from pydantic import SecretStr
from support.reputation_server import Reply, answering

from proxy_oa_assets.enrichment.reputation.limits import Clock, RequestLimiter
from proxy_oa_assets.enrichment.reputation.service_errors import QuotaExceededError, RefusedError
from proxy_oa_assets.enrichment.reputation.services.urlhaus import UrlHaus
from proxy_oa_assets.enrichment.reputation.verdict import Status

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC).timestamp()
DAY = 86400


class Turning:
    """A clock that waits advance; it can be set to another time."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now
        self.waited = 0.0
        self.clock = Clock(lambda: self.now, self.wait, elapsed=lambda: self.waited)

    def wait(self, seconds: float) -> bool:
        """Let the time pass."""
        self.now += seconds
        self.waited += seconds
        return False


def _service(name, **settings):
    """Return a service with these limits; without a named key, its name is its account."""
    patient = {"patience_minutes": 1e6, **settings}
    return UrlHaus(service="urlhaus", name=name, key_env=SecretStr("key"), **patient)


@pytest.fixture
def limits(tmp_path):
    """Return a function that makes limiters which share the files, as those of several processes do."""

    def made(turning, name="vt", **settings):
        return RequestLimiter(_service(name, **settings), tmp_path, turning.clock)

    return made


def test_a_rate_holds_in_any_minute(limits):
    """Four a minute: of any five in a row, the fifth comes at least a minute after the first."""
    turning, times = Turning(), []
    four = limits(turning, per_minute=4)
    for _ in range(21):
        four.acquire()
        times.append(turning.now)
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[4:], strict=False))
    assert times[-1] - NOON < 5 * 60 + 5


def test_a_budget_lasts_a_day_from_midnight_utc(limits):
    """Five a day: the sixth is refused until 00:00 UTC, and no longer."""
    turning = Turning()
    five = limits(turning, per_day=5)
    for _ in range(5):
        five.acquire()
    for now in (NOON, NOON + 12 * 3600 - 1):
        turning.now = now
        with pytest.raises(QuotaExceededError, match="budget"):
            five.acquire()
    turning.now = NOON + 12 * 3600
    five.acquire()


def test_limits_survive_a_restart_and_belong_to_an_account(limits):
    """The next limiter on the files continues the count; another account has its own."""
    turning = Turning()
    limits(turning, per_minute=3, per_day=3).acquire()
    again = limits(turning, per_minute=3, per_day=3)
    again.acquire()
    again.acquire()
    with pytest.raises(QuotaExceededError):
        limits(turning, per_minute=3, per_day=3).acquire()
    limits(turning, "other", per_day=3).acquire()
    turning.now += DAY
    began = turning.now
    limits(turning, per_minute=3, per_day=3).acquire()
    assert turning.now == began


def test_requests_counted_under_a_clock_far_ahead_block_nothing(limits):
    """Rate and budget would be used up until that time comes, in ten years."""
    turning = Turning(NOON + 3650 * DAY)
    settings = {"per_minute": 2, "per_day": 3, "patience_minutes": 60}
    for _ in range(2):
        limits(turning, **settings).acquire()
    turning.now = NOON
    limiter = limits(turning, **settings)
    for _ in range(3):
        limiter.acquire()
    assert turning.now <= NOON + 61
    with pytest.raises(QuotaExceededError):
        limiter.acquire()


def test_the_limiter_does_not_wait_beyond_patience(limits):
    """A request that would be allowed too late is refused at once."""
    turning = Turning()
    two = limits(turning, per_minute=2, patience_minutes=0.5)
    two.acquire()
    two.acquire()
    with pytest.raises(QuotaExceededError, match="patience_minutes"):
        two.acquire()
    assert turning.now == NOON


def test_a_pause_holds_for_all_requests(limits):
    """No request is allowed before its end; a shorter one doesn't cut it, one beyond patience is refused."""
    turning = Turning()
    limiter = limits(turning, patience_minutes=2)
    assert limiter.pause(60)
    assert limiter.pause(10)
    assert not limiter.pause(121)
    limiter.acquire()
    assert turning.now == NOON + 60


def test_an_interrupted_run_does_not_wait(limits):
    """A wait ends when the clock stops."""
    clock = Clock(lambda: NOON, lambda _: True)
    turning = Turning()
    turning.clock = clock
    one = limits(turning, per_minute=1)
    one.acquire()
    with pytest.raises(QuotaExceededError):
        one.acquire()


def test_a_request_that_the_rate_refuses_costs_no_budget(limits):
    """The day's second request is still available."""
    turning = Turning()
    one = limits(turning, per_minute=1, per_day=2, patience_minutes=0.5)
    one.acquire()
    with pytest.raises(QuotaExceededError, match="patience_minutes"):
        one.acquire()
    turning.now += 60
    limits(turning, per_minute=1, per_day=2).acquire()


def test_an_unusable_limit_file_is_named_and_stops_only_its_service(client_of, tmp_path):
    """Without its limit it gets no request; the other service has verdicts, and `doctor` reports the file."""
    with answering(lambda _: Reply({"query_status": "no_results"})) as server:
        limited = {"service": "urlhaus", "url": server.url, "key_env": "K", "per_day": 5}
        free = {"service": "urlhaus", "name": "free", "url": server.url, "key_env": "OTHER"}
        client = client_of(limited, free, K="k", OTHER="o")
        client.look_up(["evil.example/"])
        (budget,) = (tmp_path / "state").glob("budget-*.sqlite")
        budget.write_bytes(b"not SQLite, and longer than a header of it" * 100)
        found = client.look_up(["other.example/"])
        with pytest.raises(RefusedError, match=f"{budget}.*remove it"):
            client.probes()["urlhaus"]()
    assert found.uri_rep == {"other.example/": "urlhaus:UNVERIFIED:-1::free:NONE:0"}
    assert found.stats["urlhaus"].down
    assert str(budget) in found.stats["urlhaus"].errors[0]


@pytest.mark.parametrize("to_another_thread", [False, True])
def test_an_interrupted_lookup_sends_no_more_requests(client_of, to_another_thread):
    """Ctrl-C during 200 responses of 0.1 s each, on whichever thread the signal arrives."""
    eighth = threading.Semaphore()

    def slow(_):
        if len(server.asked) >= 8 and eighth.acquire(blocking=False):
            if to_another_thread:
                signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            else:
                os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
        return Reply({"query_status": "no_results"})

    with answering(slow) as server:
        client = client_of({"service": "urlhaus", "url": server.url, "key_env": "K"}, K="k")
        with pytest.raises(KeyboardInterrupt):
            client.look_up([f"{number}.example/" for number in range(200)])
        assert len(server.asked) < 100


def test_ctrl_c_ends_doctor_s_wait_for_the_rate(client_of):
    """The rate is used up for a minute; Ctrl-C ends that at once."""
    with answering(lambda _: Reply({"query_status": "no_results"})) as server:
        client = client_of({"service": "urlhaus", "url": server.url, "key_env": "K", "per_minute": 1}, K="k")
        probe = client.probes()["urlhaus"]
        probe()
        ending = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT])
        ending.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            probe()
        ending.join()
    assert time.monotonic() - began < 10


def _take(folder, number, taken):
    clock = Clock(lambda: NOON, lambda _: True)
    limiter = RequestLimiter(_service("vt", per_day=50), folder, clock)
    for _ in range(number):
        try:
            limiter.acquire()
        except QuotaExceededError:
            return
        taken.release()


def test_processes_and_threads_share_a_budget(tmp_path):
    """Two processes and two threads try 30 requests each on a budget of 50: 50 are allowed."""
    context = multiprocessing.get_context("spawn")
    taken = context.Semaphore(0)
    others = [
        *(context.Process(target=_take, args=(tmp_path, 30, taken)) for _ in range(2)),
        *(threading.Thread(target=_take, args=(tmp_path, 30, taken)) for _ in range(2)),
    ]
    for other in others:
        other.start()
    for other in others:
        other.join()
    assert sum(taken.acquire(block=False) for _ in range(120)) == 50


def test_a_budget_belongs_to_a_key(client_of):
    """Two entries with one variable share its three requests; another key has its own."""
    with answering(lambda _: Reply({"query_status": "no_results"})) as server:
        entry = {"service": "urlhaus", "url": server.url, "per_day": 3}
        client = client_of(
            {**entry, "key_env": "ONE"},
            {**entry, "name": "hosts", "key_env": "ONE", "send": "host"},
            {**entry, "name": "other", "key_env": "TWO"},
            ONE="one",
            TWO="two",
        )
        client.look_up([f"{number}.example/" for number in range(5)])
        with pytest.raises(QuotaExceededError):
            client.probes()["hosts"]()
    asked = Counter(asked.headers["Auth-Key"] for asked in server.asked)
    assert asked == {"one": 3, "two": 3}


def test_a_budget_goes_to_the_most_suspicious_and_the_rest_waits_for_the_next_day(client_of):
    """520 values, 4 a minute, 500 a day: exactly the first 500 are requested, the others the next day."""
    values = [f"{number}.example/" for number in range(520)]
    turning = Turning(NOON - 11 * 3600)
    report = {"data": {"attributes": {"last_analysis_stats": {"malicious": 0, "suspicious": 0}}}}
    with answering(lambda _: Reply(report)) as server:
        client = client_of({"service": "vt", "url": server.url, "key_env": "K"}, K="k")
        first = client.look_up(values, clock=turning.clock)
        assert len(server.asked) == 500
        assert [first.uri_rep[value] for value in values] == ["vt:NONE:0"] * 500 + ["vt:UNVERIFIED:-1"] * 20
        assert first.stats["vt"].statuses == {Status.OK: 500, Status.OVER_QUOTA: 20}
        assert first.stats["vt"].errors == ["the day's budget is used up"]
        # 500 at 4 a minute.
        assert 124 * 60 <= turning.now - (NOON - 11 * 3600) < 126 * 60
        assert not first.stats["vt"].down

        again = client.look_up(values, clock=turning.clock)
        assert (len(server.asked), again.stats["vt"].cached) == (500, 500)

        turning.now = NOON - 11 * 3600 + DAY
        client.look_up(values[500:], clock=turning.clock)
        assert len(server.asked) == 520


@pytest.mark.parametrize("jump", [-5 * 3600, 5 * 3600])
def test_a_clock_that_is_set_changes_neither_a_pause_nor_the_patience(limits, jump):
    """Set back by hours, the pause that a service asked for would last hours; forward, lookups would end."""
    turning = Turning()
    limiter = limits(turning, patience_minutes=10)
    assert limiter.pause(30)
    turning.now += jump
    limiter.acquire()
    assert turning.waited == 30
