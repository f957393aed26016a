"""The sensor `new_results` on an HDFS that has years of days."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import dagster as dg
import pytest
import requests
from support.cluster_home import ClusterHome
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
        return site.days(), len(requested)

    for _ in range(3):
        days, cost = tick()
        assert days == []
        assert cost < 150

    for day in (ago(3000), ago(0)):
        publish(home, day)
        days, cost = tick()
        assert days == [day.key]
        assert cost < 150
