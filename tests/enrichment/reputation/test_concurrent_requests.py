"""How many requests are under way at once."""

import threading
from collections import Counter

import pytest
from support.reputation_server import Asked, Reply, answering

CLEAN = Reply({"data": {"attributes": {"last_analysis_stats": {"malicious": 0, "suspicious": 0}}}})
FREE = {"service": "vt", "per_minute": None, "per_day": None, "attempts": 1}


def test_services_run_concurrently_with_at_most_four_requests_each(client_of):
    """The server answers only once eight requests are under way: four of each service, never a fifth."""
    under_way, most = Counter[str](), Counter[str]()
    lock, together = threading.Lock(), threading.Barrier(8, timeout=20)

    def respond(asked: Asked) -> Reply:
        key = asked.headers["x-apikey"]
        with lock:
            under_way[key] += 1
            most[key] = max(most[key], under_way[key])
        together.wait()
        with lock:
            under_way[key] -= 1
        return CLEAN

    with answering(respond) as server:
        client = client_of(
            *({**FREE, "name": name, "url": server.url, "key_env": name.upper()} for name in ("one", "two")),
            ONE="one",
            TWO="two",
        )
        found = client.look_up([f"{number}.example/" for number in range(40)])

    assert set(found.uri_rep.values()) == {"one:NONE:0::two:NONE:0"}
    assert most == {"one": 4, "two": 4}


@pytest.mark.parametrize("threads", [0, 5])
def test_another_number_is_refused(client_of, threads):
    """`threads` is 1 to 4."""
    with pytest.raises(ValueError, match="threads"):
        client_of({**FREE, "key_env": "K", "threads": threads}, K="k")
