"""Faults of a service: the run goes on, the verdict is -1, and the value is looked up again next time."""

import sqlite3
import time
from contextlib import closing

import pytest
import requests
from support.looking_up import says
from support.reputation_server import Reply, answering

from proxy_oa_assets.enrichment.reputation.service_errors import ServiceError
from proxy_oa_assets.enrichment.reputation.verdict import Status

GOOD = {"data": {"attributes": {"last_analysis_stats": {"malicious": 5, "suspicious": 0}}}}
HIT, NOTHING = "vt:HIGH:3", "vt:UNVERIFIED:-1"
# Waits pass at once.
pytestmark = pytest.mark.usefixtures("waits")
REMEDY = "check its permissions and the space there, or remove it if it is damaged"


def _raising(error):
    def read(*_):
        raise error

    return read


def test_a_service_that_is_down_gets_no_request_after_five_failures(vt):
    """Not a timeout for each of a thousand values; all of them are -1."""
    with answering(lambda _: Reply(b"", 502)) as server:
        client = vt(server.url, threads=1, attempts=2)
        said, stats = says(client, *(f"{number}.example/" for number in range(1000)))
    assert (set(said), len(server.asked)) == ({NOTHING}, 5 * 2)
    assert stats.statuses == {Status.FAILED: 1000}
    assert stats.requested == 5
    assert stats.errors == ["it answered 502", "nothing more was asked after 5 failures in a row"]


def test_the_end_of_a_lookup_is_reported_once(vt):
    """Requests under way fail as well, and report nothing more."""

    def slowly_down(_):
        time.sleep(0.1)
        return Reply(b"", 502)

    with answering(slowly_down) as server:
        _, stats = says(vt(server.url, threads=4, attempts=1), *(f"{n}.example/" for n in range(20)))
    assert len(server.asked) > 5
    assert stats.errors == ["it answered 502", "nothing more was asked after 5 failures in a row"]


def test_rejected_values_do_not_end_the_lookup(vt):
    """Anyone can write ten URLs into a log that a service rejects; the others are looked up."""
    replies = [*[Reply(b"", 400)] * 10, Reply(GOOD)]
    with answering(lambda _: replies.pop(0)) as server:
        said, stats = says(vt(server.url, threads=1), *(f"{number}.example/" for number in range(11)))
    assert (said, stats.down) == ([NOTHING] * 10 + [HIT], False)


def test_fifty_rejected_values_in_a_row_end_the_lookup(vt):
    """A wrong address answers 404 or 400 to all values: fifty of a thousand are requested."""
    with answering(lambda _: Reply(b"", 400)) as server:
        _, stats = says(vt(server.url, threads=1), *(f"{number}.example/" for number in range(1000)))
    assert (stats.requested, len(server.asked), stats.down) == (50, 50, True)


def test_a_failing_service_does_not_affect_another(client_of):
    """One is down, one answers: each row has both, in the configured order."""
    free = {"service": "vt", "per_minute": None, "per_day": None, "key_env": "K"}
    with answering(lambda _: Reply(GOOD)) as up, answering(lambda _: Reply(b"", 401)) as down:
        client = client_of(
            {**free, "name": "down", "url": down.url}, {**free, "name": "up", "url": up.url}, K="k"
        )
        found = client.look_up([f"{number}.example/" for number in range(20)])
    assert set(found.uri_rep.values()) == {"down:UNVERIFIED:-1::up:HIGH:3"}


@pytest.mark.parametrize("broken", [KeyError("the-key"), SystemExit("the-key")])
def test_a_service_whose_own_code_fails_stops_no_other_service(client_of, monkeypatch, broken):
    """A plugin's bug is that service's error; its message, which may hold a secret, isn't shown."""
    with answering(lambda _: Reply(GOOD)) as server:
        entry = {"service": "vt", "url": server.url, "key_env": "K", "per_minute": None}
        client = client_of(entry, K="the-key")
        monkeypatch.setattr(
            "proxy_oa_assets.enrichment.reputation.services.vt.VirusTotal._judge", _raising(broken)
        )
        said, stats = says(client, "evil.example/")
    assert (said, stats.errors) == ([NOTHING], [f"its code failed ({type(broken).__name__})"])


def test_a_list_that_is_gone_stops_no_other_service(client_of, tmp_path):
    """Its verdicts are -1 and its error names the file; the other service has verdicts."""
    domains = tmp_path / "domains.txt"
    domains.write_text("evil.example\n")
    free = {"service": "vt", "per_minute": None, "key_env": "K"}
    with answering(lambda _: Reply(GOOD)) as server:
        lists = {"service": "blocklist", "lists": [{"path": "domains.txt", "kind": "domains"}]}
        client = client_of(lists, {**free, "url": server.url}, K="k")
        domains.unlink()
        found = client.look_up(["evil.example/"])
    assert found.uri_rep == {"evil.example/": f"blocklist:UNVERIFIED:-1::{HIT}"}
    stats = found.stats["blocklist"]
    assert (stats.statuses, stats.down) == ({Status.FAILED: 1}, True)
    assert str(domains) in stats.errors[0]


@pytest.mark.parametrize(
    ("judge", "error"), [(_raising(KeyError("the-key")), "KeyError"), (lambda *_: None, "AttributeError")]
)
def test_a_local_service_whose_own_code_fails_stops_no_other_service(
    client_of, tmp_path, monkeypatch, judge, error
):
    """A plugin's bug, whose message isn't shown, or a result that is no mapping."""
    (tmp_path / "domains.txt").write_text("evil.example\n")
    client = client_of({"service": "blocklist", "lists": [{"path": "domains.txt", "kind": "domains"}]})
    monkeypatch.setattr("proxy_oa_assets.enrichment.reputation.services.blocklist.Blocklist.look_up", judge)
    found = client.look_up(["evil.example/"])
    assert found.uri_rep == {"evil.example/": "blocklist:UNVERIFIED:-1"}
    assert found.stats["blocklist"].errors == [f"its code failed ({error})"]


@pytest.mark.parametrize(
    "broken", [KeyError("the-key"), requests.ConnectionError("/?key=the-key"), SystemExit("the-key")]
)
def test_doctor_goes_on_after_a_service_whose_own_code_fails(vt, monkeypatch, broken):
    """Its exception can hold a secret, as an OSError of `requests` does: only its class is shown."""
    with answering(lambda _: Reply(GOOD)) as server:
        monkeypatch.setattr(
            "proxy_oa_assets.enrichment.reputation.services.vt.VirusTotal._judge", _raising(broken)
        )
        with pytest.raises(ServiceError) as caught:
            vt(server.url).probes()["vt"]()
    assert str(caught.value) == f"its code failed ({type(broken).__name__})"
    assert caught.value.__context__ is None


@pytest.mark.parametrize("damage", ["not SQLite", "another table", "a folder"])
def test_an_unusable_cache_costs_only_what_is_asked_over_the_network(client_of, tmp_path, damage):
    """Local lists have their verdicts; the service gets no request that each run would repeat."""
    (tmp_path / "list.txt").write_text("evil.example\n")
    cache = tmp_path / "state" / "verdicts.sqlite"
    cache.parent.mkdir()
    if damage == "a folder":
        cache.mkdir()
    elif damage == "not SQLite":
        cache.write_bytes(b"not SQLite, and longer than a header of it" * 100)
    else:
        with closing(sqlite3.connect(cache)) as connection, connection:
            connection.execute("CREATE TABLE verdicts (service TEXT, value TEXT, verdict BLOB)")
    with answering(lambda _: Reply(GOOD)) as server:
        local = {"service": "blocklist", "lists": [{"path": "list.txt", "kind": "domains"}]}
        client = client_of(local, {"service": "vt", "url": server.url, "key_env": "K"}, K="k")
        found = client.look_up(["evil.example/"])
    assert found.uri_rep == {"evil.example/": f"blocklist:HIGH:3:list::{NOTHING}"}
    assert (server.asked, found.stats["vt"].down) == ([], True)
    (error,) = found.stats["vt"].errors
    assert error.startswith(f"The verdict cache {cache} can't be used: ")
    assert error.endswith(REMEDY)


def test_verdicts_that_cannot_be_cached_are_reported_and_end_the_lookup(vt, tmp_path):
    """A full disk: these verdicts count, no further request is sent, and the error names the file."""
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
