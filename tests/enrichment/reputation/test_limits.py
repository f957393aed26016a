import datetime as dt
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter

import pytest
from support.reputation_server import Reply, answering

from proxy_oa_assets.enrichment.reputation.limits import Clock, Limits
from proxy_oa_assets.enrichment.reputation.service_errors import QuotaSpentError, RefusedError
from proxy_oa_assets.enrichment.reputation.verdict import Status

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC).timestamp()
DAY = 86400


class Turning:
    """A clock that waiting turns on."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now
        self.clock = Clock(lambda: self.now, self.wait)

    def wait(self, seconds: float) -> bool:
        """Let the time pass."""
        self.now += seconds
        return False


@pytest.fixture
def limits(tmp_path):
    """Return what makes limits, each as another process would: by the files alone."""

    def made(turning, account="vt", *, per_minute=None, per_day=None, until=float("inf")):
        return Limits(
            *(tmp_path, account),
            per_minute=per_minute,
            per_day=per_day,
            until=until,
            clock=turning.clock,
        )

    return made


def test_a_rate_holds_in_any_minute(limits):
    """Four a minute: of any five in a row, the fifth comes at least a minute after the first."""
    turning, times = Turning(), []
    four = limits(turning, per_minute=4)
    for _ in range(21):
        four.take()
        times.append(turning.now)
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[4:], strict=False))
    assert times[-1] - NOON < 5 * 60 + 5


def test_a_budget_is_of_a_day_from_midnight_utc(limits):
    """Five a day: the sixth is refused until 00:00 UTC, and no longer."""
    turning = Turning()
    five = limits(turning, per_day=5)
    for _ in range(5):
        five.take()
    for now in (NOON, NOON + 12 * 3600 - 1):
        turning.now = now
        with pytest.raises(QuotaSpentError, match="budget"):
            five.take()
    turning.now = NOON + 12 * 3600
    five.take()


def test_limits_survive_a_restart_and_are_of_an_account(limits):
    """Whoever opens the files next goes on counting; another service has its own."""
    turning = Turning()
    limits(turning, per_minute=3, per_day=3).take()
    again = limits(turning, per_minute=3, per_day=3)
    again.take()
    again.take()
    with pytest.raises(QuotaSpentError):
        limits(turning, per_minute=3, per_day=3).take()
    limits(turning, "other", per_day=3).take()
    turning.now += DAY
    began = turning.now
    limits(turning, per_minute=3, per_day=3).take()
    assert turning.now == began


def test_nobody_waits_longer_than_a_run_may_take(limits):
    """Leave that would come too late is refused at once."""
    turning = Turning()
    two = limits(turning, per_minute=2, until=NOON + 30)
    two.take()
    two.take()
    with pytest.raises(QuotaSpentError, match="patience_minutes"):
        two.take()
    assert turning.now == NOON


def test_an_interrupted_run_does_not_wait(limits):
    """Waiting ends when the clock says so."""
    clock = Clock(lambda: NOON, lambda _: True)
    turning = Turning()
    turning.clock = clock
    one = limits(turning, per_minute=1)
    one.take()
    with pytest.raises(QuotaSpentError):
        one.take()


def test_giving_up_on_the_rate_leaves_the_budget_as_it_was(limits):
    """Nothing is asked, so nothing is counted: the day's second request is still there."""
    turning = Turning()
    one = limits(turning, per_minute=1, per_day=2, until=NOON + 30)
    one.take()
    with pytest.raises(QuotaSpentError, match="patience_minutes"):
        one.take()
    turning.now += 60
    limits(turning, per_minute=1, per_day=2).take()


def test_a_file_that_cannot_be_counted_in_is_named_and_costs_its_service_alone(asking_of, tmp_path):
    """Its limit can't be kept, so it isn't asked; the other one answers, and `doctor` says the same."""
    with answering(lambda _: Reply({"query_status": "no_results"})) as server:
        limited = {"service": "urlhaus", "url": server.url, "key_env": "K", "per_day": 5}
        free = {"service": "urlhaus", "name": "free", "url": server.url, "key_env": "OTHER"}
        panel = asking_of(limited, free, K="k", OTHER="o")
        panel.look_up(["evil.example/"])
        (budget,) = (tmp_path / "state").glob("budget-*.sqlite")
        budget.write_bytes(b"not SQLite, and longer than a header of it" * 100)
        found = panel.look_up(["other.example/"])
        with pytest.raises(RefusedError, match=f"{budget}.*remove it"):
            panel.probes()["urlhaus"]()
    assert found.uri_rep == {"other.example/": "urlhaus:UNVERIFIED:-1::free:NONE:0"}
    assert found.tallies["urlhaus"].down
    assert str(budget) in found.tallies["urlhaus"].troubles[0]


@pytest.mark.parametrize("to_another_thread", [False, True])
def test_what_is_interrupted_asks_no_more(asking_of, to_another_thread):
    """Ctrl-C amid 200 answers of 0.1 s each, whichever thread the system gives it to."""
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
        panel = asking_of({"service": "urlhaus", "url": server.url, "key_env": "K"}, K="k")
        with pytest.raises(KeyboardInterrupt):
            panel.look_up([f"{number}.example/" for number in range(200)])
        assert len(server.asked) < 100


def test_doctor_does_not_wait_for_leave_after_ctrl_c(asking_of):
    """The rate is used up for a minute; Ctrl-C ends that at once."""
    with answering(lambda _: Reply({"query_status": "no_results"})) as server:
        panel = asking_of({"service": "urlhaus", "url": server.url, "key_env": "K", "per_minute": 1}, K="k")
        trial = panel.probes()["urlhaus"]
        trial()
        ending = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT])
        ending.start()
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            trial()
        ending.join()
    assert time.monotonic() - began < 10


def _take(folder, number, taken):
    clock = Clock(lambda: NOON, lambda _: True)
    limits = Limits(folder, "vt", per_minute=None, per_day=50, until=NOON + 1, clock=clock)
    for _ in range(number):
        try:
            limits.take()
        except QuotaSpentError:
            return
        taken.release()


def test_processes_and_threads_share_a_budget(tmp_path):
    """Two processes and two threads want 30 each of a budget of 50: 50 get it."""
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


def test_a_budget_is_of_a_key(asking_of):
    """Two entries with one variable share its three requests; another key has its own."""
    with answering(lambda _: Reply({"query_status": "no_results"})) as server:
        entry = {"service": "urlhaus", "url": server.url, "per_day": 3}
        panel = asking_of(
            {**entry, "key_env": "ONE"},
            {**entry, "name": "hosts", "key_env": "ONE", "send": "host"},
            {**entry, "name": "other", "key_env": "TWO"},
            ONE="one",
            TWO="two",
        )
        panel.look_up([f"{number}.example/" for number in range(5)])
        with pytest.raises(QuotaSpentError):
            panel.probes()["hosts"]()
    asked = Counter(asked.headers["Auth-Key"] for asked in server.asked)
    assert asked == {"one": 3, "two": 3}


def test_a_budget_goes_to_the_most_suspicious_and_the_rest_waits_for_the_next_day(asking_of):
    """520 values, 4 a minute, 500 a day: exactly the first 500 are asked, the others the next day."""
    values = [f"{number}.example/" for number in range(520)]
    turning = Turning(NOON - 11 * 3600)
    report = {"data": {"attributes": {"last_analysis_stats": {"malicious": 0, "suspicious": 0}}}}
    with answering(lambda _: Reply(report)) as server:
        panel = asking_of({"service": "vt", "url": server.url, "key_env": "K"}, K="k")
        first = panel.look_up(values, clock=turning.clock)
        assert len(server.asked) == 500
        assert [first.uri_rep[value] for value in values] == ["vt:NONE:0"] * 500 + ["vt:UNVERIFIED:-1"] * 20
        assert first.tallies["vt"].statuses == {Status.OK: 500, Status.OVER_QUOTA: 20}
        assert first.tallies["vt"].troubles == ["the day's budget is used up"]
        # 500 at 4 a minute.
        assert 124 * 60 <= turning.now - (NOON - 11 * 3600) < 126 * 60
        assert not first.tallies["vt"].down

        again = panel.look_up(values, clock=turning.clock)
        assert (len(server.asked), again.tallies["vt"].cached) == (500, 500)

        turning.now = NOON - 11 * 3600 + DAY
        panel.look_up(values[500:], clock=turning.clock)
        assert len(server.asked) == 520
