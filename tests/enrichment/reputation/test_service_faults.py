"""Faults of a service: the run goes on, the verdict is -1, and the value is looked up again next time."""

import socket
import struct
import time
from concurrent.futures import wait

import pytest
from support.looking_up import says
from support.raw_server import handling, request_of
from support.reputation_server import Reply, answering

from proxy_oa_assets.enrichment.reputation.verdict import Status

GOOD = {"data": {"attributes": {"last_analysis_stats": {"malicious": 5, "suspicious": 0}}}}
HIT, NOTHING = "vt:HIGH:3", "vt:UNVERIFIED:-1"
# Waits pass at once.
pytestmark = pytest.mark.usefixtures("waits")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def test_a_refused_connection_costs_only_its_verdict(vt):
    """No server listens: -1; once one does, the same value is looked up again."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    said, stats = says(vt(url), "evil.example/")
    assert (said, stats.statuses) == ([NOTHING], {Status.FAILED: 1})
    assert stats.errors == ["it can't be reached, or closed the connection"]
    with answering(lambda _: Reply(GOOD)) as server:
        assert says(vt(server.url), "evil.example/")[0] == [HIT]


def test_a_reset_connection_is_retried(vt):
    """The first attempt is reset within the response; the second gets all of it."""

    def handle(connection):
        request_of(connection)
        if len(connections) == 1:
            connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n{")
            # No lingering: closing sends a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        body = b'{"data": {"attributes": {"last_analysis_stats": {"malicious": 3, "suspicious": 0}}}}'
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    with handling(handle) as (url, connections):
        assert says(vt(url), "evil.example/")[0] == [HIT]
    assert len(connections) == 2


def test_a_silent_server_costs_the_timeout(vt):
    """A server that accepts and never responds costs `timeout` an attempt."""

    def handle(connection):
        request_of(connection)
        # Until the client hangs up; a client that waited longer would report another error.
        connection.settimeout(30)
        connection.recv(1)

    with handling(handle) as (url, connections):
        said, stats = says(vt(url, timeout=0.2, attempts=2), "evil.example/")
    assert (said, len(connections)) == ([NOTHING], 2)
    assert stats.errors == ["it gave no answer, or not all of it, within 0.2 s (`timeout`)"]


def test_a_read_that_times_out_before_the_deadline_is_reported_alike(vt, monkeypatch):
    """The socket's timeout and the deadline end at the same time; a busy machine notices either first."""

    def handle(connection):
        request_of(connection)
        connection.settimeout(30)
        connection.recv(1)

    # The deadline's own clock never runs out.
    monkeypatch.setattr("proxy_oa_assets.enrichment.reputation.http.wait", lambda results, _: wait(results))
    with handling(handle) as (url, _):
        _, stats = says(vt(url, timeout=0.2, attempts=1), "evil.example/")
    assert stats.errors == ["it gave no answer, or not all of it, within 0.2 s (`timeout`)"]


@pytest.mark.parametrize(
    "begun", [b"HTTP/1.1 200 OK\r\nX: ", HEAD + b"Content-Length: 1000\r\n\r\n"], ids=["head", "body"]
)
def test_a_dripping_response_ends_at_the_deadline(vt, begun):
    """A byte now and then keeps every read within the timeout; the deadline is the whole response's."""

    def handle(connection):
        request_of(connection)
        connection.sendall(begun)
        # Half a minute, and half of the promised length: another error.
        for _ in range(600):
            connection.sendall(b" ")
            time.sleep(0.05)

    with handling(handle) as (url, _):
        said, stats = says(vt(url, timeout=0.4, attempts=1), "evil.example/")
    assert (said, stats.errors) == (
        [NOTHING],
        ["it gave no answer, or not all of it, within 0.4 s (`timeout`)"],
    )


@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize(
    "length", [b"Content-Length: 1000\r\n\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n5\r\n"]
)
def test_a_response_that_stalls_late_ends_at_the_deadline(vt, certificate, length, secured):
    """The deadline is the whole response's: bytes sent shortly before don't extend it."""

    def handle(connection):
        request_of(connection)
        time.sleep(2.5)
        connection.sendall(HEAD + length + b"     ")
        time.sleep(10)

    file, shown = certificate
    with handling(handle, shown if secured else None) as (url, _):
        began = time.monotonic()
        trusted = {"ca_cert": str(file)} if secured else {}
        said, stats = says(vt(url, timeout=3, attempts=1, **trusted), "evil.example/")
    # Counted from the last byte, it would be 5.5 s.
    assert time.monotonic() - began < 5
    assert (said, stats.errors) == (
        [NOTHING],
        ["it gave no answer, or not all of it, within 3 s (`timeout`)"],
    )


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "pause"), [("7", 7), ("60", 60), ("600", 600), ("0", None), (None, None), ("soon", None)]
)
def test_a_requested_pause_is_waited_for(vt, waits, status, retry_after, pause):
    """429 or 503, then a verdict: after Retry-After, or after a growing pause where there is none."""
    replies = [Reply({"error": {"code": "TooManyRequestsError"}}, status, _header(retry_after)), Reply(GOOD)]
    with answering(lambda _: replies.pop(0)) as server:
        assert says(vt(server.url), "evil.example/")[0] == [HIT]
    if pause is not None:
        assert sum(waits) == pytest.approx(pause, abs=2)
    elif retry_after == "0":
        assert waits == []
    else:
        assert len(waits) == 1
        assert 0 < waits[0] <= 30


def test_the_whole_service_waits_for_a_requested_pause(vt, waits):
    """Other batches aren't sent before its end, either: one pause, after which all are answered."""
    asked_at = []

    def respond(_):
        asked_at.append(sum(waits))
        return Reply({}, 429, _header("60")) if len(asked_at) == 1 else Reply(GOOD)

    with answering(respond) as server:
        said, stats = says(vt(server.url, threads=1), *(f"{number}.example/" for number in range(5)))
    assert (set(said), stats.down, stats.errors) == ({HIT}, False, [])
    assert asked_at[0] == 0
    assert min(asked_at[1:]) == pytest.approx(60, abs=2)
    assert sum(waits) == pytest.approx(60, abs=2)


def test_a_proxy_s_429_is_retried_as_well(vt):
    """429 with a page in place of the service's own error, then a verdict."""
    replies = [Reply(b"<html>slow down</html>", 429), Reply(GOOD)]
    with answering(lambda _: replies.pop(0)) as server:
        assert says(vt(server.url), "evil.example/")[0] == [HIT]


def test_plain_http_bypasses_proxies(vt, monkeypatch):
    """It is only for this machine; a company's proxy would read the key, and can't reach the service."""
    with answering(lambda _: Reply(GOOD)) as server, answering(lambda _: Reply(b"", 502)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert says(vt(server.url), "evil.example/")[0] == [HIT]
    assert proxy.asked == []


@pytest.mark.parametrize(("status", "how"), [(429, Status.OVER_QUOTA), (503, Status.FAILED)])
def test_a_pause_beyond_patience_ends_the_lookup(vt, waits, status, how):
    """Retry-After an hour, `patience_minutes` 30: no further request in this run, and the error says why."""
    reply = Reply({}, status, _header("3600"))
    with answering(lambda _: reply) as server:
        client = vt(server.url, threads=1, patience_minutes=30)
        said, stats = says(client, "a.example/", "b.example/", "c.example/")
    assert (said, waits, len(server.asked)) == ([NOTHING] * 3, [], 1)
    assert (stats.statuses, stats.down) == ({how: 3}, True)
    (error,) = stats.errors
    for part in (str(status), "3600 s", "`patience_minutes`"):
        assert part in error


def test_a_server_error_is_retried(vt):
    """500, then a verdict."""
    replies = [Reply(b"oops", 500), Reply(GOOD)]
    with answering(lambda _: replies.pop(0)) as server:
        assert says(vt(server.url), "evil.example/")[0] == [HIT]


def test_a_wrong_key_ends_the_lookup(vt):
    """401: no further request in this run; the next run sends one."""
    with answering(lambda _: Reply({"error": {"code": "WrongCredentialsError"}}, 401)) as server:
        client = vt(server.url, threads=1)
        said, stats = says(client, "a.example/", "b.example/")
        assert (said, len(server.asked), stats.down) == ([NOTHING] * 2, 1, True)
        assert stats.errors == ["it answered 401: the key is wrong, or may not ask this"]
        says(client, "a.example/")
        assert len(server.asked) == 2


@pytest.mark.parametrize("key", ["the-key\n", " the-key", "\u043a\u043b\u044e\u0447"])
def test_a_key_that_no_header_can_have_ends_the_lookup(client_of, key):
    """A variable filled from a file can end in a line break: one attempt, an error without the key."""
    with answering(lambda _: Reply(GOOD)) as server:
        client = client_of({"service": "vt", "url": server.url, "key_env": "K", "threads": 1}, K=key)
        said, stats = says(client, "a.example/", "b.example/")
    assert (said, server.asked, stats.requested, stats.down) == ([NOTHING] * 2, [], 1, True)
    (error,) = stats.errors
    assert "the key can't stand in a header" in error
    assert key.strip() not in error


@pytest.mark.parametrize(
    "body", [b"<html>", b'{"data": {"attributes": {"last_anal', b"[]", b"null", b"\xff\xfe", b""]
)
def test_garbage_is_no_verdict(vt, body):
    """Not JSON, half of it, or another shape: -1, and not cached."""
    with answering(lambda _: Reply(body)) as server:
        client = vt(server.url)
        said, stats = says(client, "evil.example/")
        assert (said, stats.statuses) == ([NOTHING], {Status.FAILED: 1})
        assert stats.errors[0].startswith("its answer isn't as documented")
        assert says(client, "evil.example/")[1].requested == 1


def test_a_body_without_end_is_cut(vt):
    """1 GB is offered; 8 MB are read, without a retry."""
    sent = []

    def handle(connection):
        request_of(connection)
        connection.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
        for _ in range(1024):
            connection.sendall(b" " * 1024**2)
            sent.append(1)

    with handling(handle) as (url, connections):
        said, stats = says(vt(url), "evil.example/")
    assert (said, len(connections)) == ([NOTHING], 1)
    assert stats.errors == ["its answer is longer than 8 MB"]
    # What the sockets hold comes on top.
    assert len(sent) < 100


def test_a_redirect_is_not_followed_and_the_key_stays(vt):
    """The redirect names another host, which gets no request."""
    with answering(lambda _: Reply(GOOD)) as elsewhere:
        there = {"Location": f"{elsewhere.url.replace('127.0.0.1', 'localhost')}/urls/x"}
        with answering(lambda _: Reply(b"", 302, there)) as server:
            said, stats = says(vt(server.url), "evil.example/")
    assert (said, elsewhere.asked) == ([NOTHING], [])
    assert stats.errors == ["it answered 302, a redirect, which isn't followed; check `url`"]


def test_an_untrusted_certificate_is_refused(vt, untrusted):
    """A server whose certificate no authority signed learns nothing."""
    heard = []
    with handling(lambda connection: heard.append(request_of(connection)), untrusted) as (url, _):
        said, stats = says(vt(url), "evil.example/")
    assert (said, heard) == ([NOTHING], [])
    assert "isn't trusted" in stats.errors[0]
    assert "`ca_cert`" in stats.errors[0]


def _header(retry_after):
    return {} if retry_after is None else {"Retry-After": retry_after}


def test_two_lengths_of_an_answer_are_not_blamed_on_the_key(vt):
    """A broken proxy sends them; the message says so, and the service is asked again in the next run."""

    def handle(connection: socket.socket) -> None:
        request_of(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}")

    with handling(handle) as (url, connections):
        (stats,) = vt(url).look_up(["evil.example/"]).stats.values()
    assert connections
    assert "two lengths" in stats.errors[0]
    assert "key" not in stats.errors[0]
