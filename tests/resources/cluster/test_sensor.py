"""The sensor `new_results` on an HDFS that has years of days."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import dagster as dg
import pytest
import requests
from support.cluster_home import ClusterHome
from support.dagster_client import wait_until
from support.results_site import Site, ago

from proxy_oa_assets.model.day import Day

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

PAST = [ago(number) for number in range(3000)]
YEAR_AGO = int(time.time() - 365 * 24 * 3600) * 1000


@pytest.fixture
def site(home: ClusterHome) -> Iterator[Site]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Site(home, instance)


@pytest.fixture
def requested(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the URLs of requests, after redirects too."""
    addresses: list[str] = []
    send = requests.Session.send

    def noted(self: requests.Session, request: requests.PreparedRequest, **options) -> requests.Response:
        addresses.append(str(request.url))
        return send(self, request, **options)

    monkeypatch.setattr(requests.Session, "send", noted)
    return addresses


def publish(home: ClusterHome, day: Day, modified: int | None = None) -> None:
    """Write a day's results, as if at that time (milliseconds since 1970)."""
    path = home.deployment.workspace.results(day)
    home.deployment.hdfs.write(path, [b"a row\n"])
    if modified is not None:
        assert home.deployment.hdfs.touch(path, modified)


def test_new_results_are_found_among_three_thousand_days(
    home: ClusterHome, site: Site, requested: list[str]
) -> None:
    """No tick asks for each day, not even the first; a day before them all, and one again, are found."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda day: publish(home, day, YEAR_AGO), PAST))

    def tick() -> tuple[list[str], int]:
        requested.clear()
        requests = site.look()
        for request in requests:
            site.start(request)
        return [request.partition_key for request in requests], len(requested)

    for _ in range(3):
        days, cost = tick()
        assert days == []
        assert cost < 150

    for day in (ago(3000), ago(0)):
        publish(home, day, int(time.time() - 120) * 1000)
        for found in ([], [day.key]):
            days, cost = tick()
            assert days == found
            assert cost < 150


def test_a_file_that_is_being_written_is_not_requested(home: ClusterHome, site: Site) -> None:
    """HDFS shows a file that a client writes in place without a byte; closed and old enough, it counts."""
    path, finish = home.deployment.workspace.results(ago(0)), threading.Event()

    def rows() -> Iterator[bytes]:
        yield b"a row\n" * 1000
        finish.wait(60)
        yield b"a row\n" * 1000

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lambda: home.deployment.hdfs._connected().write(path, rows(), overwrite=True))
        wait_until(lambda: home.deployment.hdfs.status(path) is not None)
        assert site.days() == []
        assert f"empty, not requested until the ranking job has written rows: {path}" in site.skipped
        finish.set()
        writing.result()
    assert site.days() == []
    assert f"not requested until they stay unchanged: {path}" in site.skipped
    assert home.deployment.hdfs.touch(path, int(time.time() - 120) * 1000)
    assert site.days() == [ago(0).key]
