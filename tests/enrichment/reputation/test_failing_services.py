"""What can go wrong with a service: the run goes on, the row says -1, and it is asked again next time."""

import sqlite3
import time
from contextlib import closing

import pytest
import requests
from support.looking_up import says
from support.reputation_server import Reply, answering

from proxy_oa_assets.enrichment.reputation.service import ServiceError
from proxy_oa_assets.enrichment.reputation.verdict import Status

GOOD = {"data": {"attributes": {"last_analysis_stats": {"malicious": 5, "suspicious": 0}}}}
HIT, NOTHING = "vt:HIGH:3", "vt:UNVERIFIED:-1"
# Pauses pass at once.
pytestmark = pytest.mark.usefixtures("waits")
REMEDY = "if it is damaged, remove it"


def _raising(error):
    def read(*_):
        raise error

    return read


def test_a_service_that_is_down_is_left_alone_after_five_failures(vt):
    """Not a time-out for each of a thousand values; every value of them is -1."""
    with answering(lambda _: Reply(b"", 502)) as server:
        client = vt(server.url, threads=1, attempts=2)
        said, stats = says(client, *(f"{number}.example/" for number in range(1000)))
    assert (set(said), len(server.asked)) == ({NOTHING}, 5 * 2)
    assert stats.statuses == {Status.FAILED: 1000}
    assert stats.requested == 5
    assert stats.errors == ["it answered 502", "nothing more was asked after 5 failures in a row"]


def test_that_a_service_is_left_alone_is_said_once(vt):
    """Requests that were on their way fail, too, and have nothing to add."""

    def slowly_down(_):
        time.sleep(0.1)
        return Reply(b"", 502)

    with answering(slowly_down) as server:
        _, stats = says(vt(server.url, threads=4, attempts=1), *(f"{n}.example/" for n in range(20)))
    assert len(server.asked) > 5
    assert stats.errors == ["it answered 502", "nothing more was asked after 5 failures in a row"]


def test_odd_values_do_not_have_a_service_left_alone(vt):
    """Anybody can write ten URLs into a log that a service won't have; it is asked for the others."""
    replies = [*[Reply(b"", 400)] * 10, Reply(GOOD)]
    with answering(lambda _: replies.pop(0)) as server:
        said, stats = says(vt(server.url, threads=1), *(f"{number}.example/" for number in range(11)))
    assert (said, stats.down) == ([NOTHING] * 10 + [HIT], False)


def test_a_service_that_has_no_value_is_left_alone_in_the_end(vt):
    """A wrong address answers 404 or 400 to all: fifty of a thousand are asked."""
    with answering(lambda _: Reply(b"", 400)) as server:
        _, stats = says(vt(server.url, threads=1), *(f"{number}.example/" for number in range(1000)))
    assert (stats.requested, len(server.asked), stats.down) == (50, 50, True)


def test_one_service_s_trouble_is_not_another_s(asking_of):
    """One is down, one answers: each row has both, in the configured order."""
    free = {"service": "vt", "per_minute": None, "per_day": None, "key_env": "K"}
    with answering(lambda _: Reply(GOOD)) as up, answering(lambda _: Reply(b"", 401)) as down:
        client = asking_of(
            {**free, "name": "down", "url": down.url}, {**free, "name": "up", "url": up.url}, K="k"
        )
        found = client.look_up([f"{number}.example/" for number in range(20)])
    assert set(found.uri_rep.values()) == {"down:UNVERIFIED:-1::up:HIGH:3"}


@pytest.mark.parametrize("broken", [KeyError("the-key"), SystemExit("the-key")])
def test_a_service_whose_own_code_fails_stops_nobody(asking_of, monkeypatch, broken):
    """A third party's mistake is that service's trouble, and its words, which may hold a secret, stay out."""
    with answering(lambda _: Reply(GOOD)) as server:
        entry = {"service": "vt", "url": server.url, "key_env": "K", "per_minute": None}
        client = asking_of(entry, K="the-key")
        monkeypatch.setattr(
            "proxy_oa_assets.enrichment.reputation.services.vt.VirusTotal._judge", _raising(broken)
        )
        said, stats = says(client, "evil.example/")
    assert (said, stats.errors) == ([NOTHING], [f"its code failed ({type(broken).__name__})"])


def test_a_list_that_is_gone_stops_nobody(asking_of, tmp_path):
    """Its own rows are -1 and its trouble names the file; the other service answers."""
    domains = tmp_path / "domains.txt"
    domains.write_text("evil.example\n")
    free = {"service": "vt", "per_minute": None, "key_env": "K"}
    with answering(lambda _: Reply(GOOD)) as server:
        lists = {"service": "blocklist", "lists": [{"path": "domains.txt", "kind": "domains"}]}
        client = asking_of(lists, {**free, "url": server.url}, K="k")
        domains.unlink()
        found = client.look_up(["evil.example/"])
    assert found.uri_rep == {"evil.example/": f"blocklist:UNVERIFIED:-1::{HIT}"}
    stats = found.stats["blocklist"]
    assert (stats.statuses, stats.down) == ({Status.FAILED: 1}, True)
    assert str(domains) in stats.errors[0]


@pytest.mark.parametrize(
    ("judge", "error"), [(_raising(KeyError("the-key")), "KeyError"), (lambda *_: None, "AttributeError")]
)
def test_a_local_service_whose_own_code_fails_stops_nobody(asking_of, tmp_path, monkeypatch, judge, error):
    """The same for a third party's mistake, whose words stay out, and for answers that are none."""
    (tmp_path / "domains.txt").write_text("evil.example\n")
    client = asking_of({"service": "blocklist", "lists": [{"path": "domains.txt", "kind": "domains"}]})
    monkeypatch.setattr("proxy_oa_assets.enrichment.reputation.services.blocklist.Blocklist.look_up", judge)
    found = client.look_up(["evil.example/"])
    assert found.uri_rep == {"evil.example/": "blocklist:UNVERIFIED:-1"}
    assert found.stats["blocklist"].errors == [f"its code failed ({error})"]


@pytest.mark.parametrize(
    "broken", [KeyError("the-key"), requests.ConnectionError("/?key=the-key"), SystemExit("the-key")]
)
def test_doctor_goes_on_after_a_service_whose_own_code_fails(vt, monkeypatch, broken):
    """What it raised may hold a secret, an OSError of `requests` above all: our words are shown."""
    with answering(lambda _: Reply(GOOD)) as server:
        monkeypatch.setattr(
            "proxy_oa_assets.enrichment.reputation.services.vt.VirusTotal._judge", _raising(broken)
        )
        with pytest.raises(ServiceError) as caught:
            vt(server.url).probes()["vt"]()
    assert str(caught.value) == f"its code failed ({type(broken).__name__})"
    assert caught.value.__context__ is None


def test_answers_that_cannot_be_kept_are_told_and_end_asking(vt, tmp_path):
    """A full disk: what was answered counts, nothing more is asked, and the trouble names the file."""
    with answering(lambda _: Reply(GOOD)) as server:
        client = vt(server.url, threads=1)
        says(client, "first.example/")
        cache = tmp_path / "state" / "verdicts.sqlite"
        with closing(sqlite3.connect(cache)) as connection:
            full = "BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
            connection.execute(f"CREATE TRIGGER full BEFORE INSERT ON verdicts {full}")
        said, stats = says(client, *(f"{number}.example/" for number in range(20)))
        assert len(server.asked) < 5
    assert said[0] == HIT
    assert said[-1] == NOTHING
    assert stats.down
    assert stats.errors == [f"The verdict cache {cache} can't be used: database or disk is full; {REMEDY}"]
