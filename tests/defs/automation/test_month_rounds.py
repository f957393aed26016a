import json
import shutil
import time
from itertools import chain
from typing import ClassVar

import pytest
from support.results_site import YESTERDAY, ago

from proxy_oa_assets.defs.automation.new_results import MONTHS_PER_TICK
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs
from proxy_oa_assets.resources.local.local_hdfs import LocalHdfs


class RemoteHdfs(LocalHdfs):
    """A local folder that counts what would be requests."""

    over_network: ClassVar[bool] = True
    asked: ClassVar[list[str]] = []

    def status(self, path):
        """Count a request."""
        self.asked.append(path)
        return super().status(path)

    def list_folder(self, path):
        """Count a request."""
        self.asked.append(path)
        return super().list_folder(path)


@pytest.fixture
def remote(site):
    """The site, on a cluster; nothing is published yet."""
    site.hdfs = RemoteHdfs(root=str(site.home.root))
    return site


def tick(site):
    """Return the days that a tick starts, and how many requests it costs."""
    RemoteHdfs.asked.clear()
    return site.days(), len(RemoteHdfs.asked)


def history(site, days):
    """Publish days that were there before the sensor."""
    for day in days:
        site.publish(day, hours_ago=24 * 400)
    return {day.month for day in days}


def settled(site, months):
    """Let ticks look at every month; return the requests of each."""
    costs = []
    while len(json.loads(site.cursor)["months"] if site.cursor else ()) < len(months):
        assert len(costs) < len(months)
        requested, cost = tick(site)
        assert requested == []
        costs.append(cost)
    return costs


def test_three_thousand_past_days_cost_few_requests(remote):
    """No tick, not even the first, asks for each day; once all were seen, less than 150 requests do."""
    months = history(remote, [ago(number) for number in range(3000)])
    assert max(settled(remote, months)) <= MONTHS_PER_TICK * 31 + 1
    costs = [tick(remote)[1] for _ in range(5)]
    assert max(costs) < 150
    assert len(remote.cursor) < 8192
    remote.publish(ago(3000))
    requested, cost = tick(remote)
    assert requested == [ago(3000).key]
    assert cost < 150


def test_a_day_is_new_in_the_tick_that_lists_its_folder(remote):
    """A day in the middle of old ones, and one before them all, are found at once."""
    settled(remote, history(remote, [ago(number) for number in range(400) if number != 200]))
    remote.publish(ago(200))
    assert remote.days() == [ago(200).key]
    remote.publish(ago(900))
    assert remote.days() == [ago(900).key]
    assert remote.days() == []


def test_a_recent_day_that_is_published_again_runs_in_the_same_tick(remote):
    """Two weeks are looked at by each tick, though no folder of a day changes."""
    settled(remote, history(remote, [ago(number) for number in range(400)]))
    for number in (13, 0):
        remote.publish(ago(number))
        assert remote.days() == [ago(number).key]


def test_an_old_day_that_is_published_again_runs_when_its_month_has_its_turn(remote):
    """After as many ticks as there are months each has had its turn, and then it starts over."""
    months = history(remote, [ago(number) for number in range(400)])
    settled(remote, months)
    for number in (390, 300, 100):
        remote.publish(ago(number), content="another row\n")
        portions = [remote.days() for _ in months]
        assert list(chain.from_iterable(portions)) == [ago(number).key]


def test_a_month_that_waits_is_taken_up_by_the_next_tick(remote):
    """A whole old month is published again: its turn requests 25 days, and the next tick the others."""
    days = [ago(number) for number in range(400) if ago(number).month == ago(200).month]
    months = history(remote, [ago(number) for number in range(400)])
    settled(remote, months)
    for day in days:
        remote.publish(day, hours_ago=1)
    portions = [remote.days() for _ in range(len(months) + 2)]
    first = next(number for number, portion in enumerate(portions) if portion)
    assert [len(portion) for portion in portions[first : first + 3]] == [25, len(days) - 25, 0]
    assert sorted(chain.from_iterable(portions)) == sorted(day.key for day in days)


def test_ticks_catch_up_on_old_days_in_portions(remote):
    """Sixty days that appear among old ones are requested by three ticks, oldest first."""
    settled(remote, history(remote, [ago(number) for number in range(300)]))
    days = [ago(number) for number in range(459, 399, -1)]
    for day in days:
        remote.publish(day, hours_ago=1)
    portions = [remote.days() for _ in range(4)]
    assert [len(portion) for portion in portions] == [25, 25, 10, 0]
    assert list(chain.from_iterable(portions)) == [day.key for day in days]


def test_days_that_are_removed_leave_the_cursor(remote):
    """A removed folder is noticed at once; results that are removed from a folder, in their month's turn."""
    months = history(remote, [YESTERDAY, ago(100), ago(200)])
    settled(remote, months)
    shutil.rmtree(remote.home.results(ago(100)).parents[1])
    remote.home.results(ago(200)).unlink()
    remote.tick()
    kept = json.loads(remote.cursor)
    assert ago(100).month not in {*kept["months"], *kept["rounds"]["folders"]}
    remote.tick()
    assert json.loads(remote.cursor)["months"].keys() == {YESTERDAY.month}


@pytest.mark.parametrize("rounds", [{}, {"rounds": 1}, {"rounds": {"folders": [], "turn": ""}}])
def test_a_cursor_without_rounds_keeps_what_it_has(remote, rounds):
    """An older version's cursor, or somebody's edit: every month is looked at anew, from the same `since`."""
    remote.publish(ago(30), hours_ago=24 * 30)
    since = int((time.time() - 40 * 24 * 3600) * 1000)
    remote.cursor = json.dumps({"since": since, "months": {}, **rounds})
    assert remote.days() == [ago(30).key]
    assert remote.log == ["1 day requested"]
    after = json.loads(remote.cursor)
    assert after["since"] == since
    assert after["rounds"]["folders"].keys() == after["months"].keys() == {ago(30).month}


def test_only_the_cluster_form_makes_rounds(site):
    """Where a look costs microseconds, every day is looked at, and the cursor has no rounds."""
    assert (LocalHdfs.over_network, WebHdfs.over_network) == (False, True)
    site.publish(ago(100), hours_ago=24 * 400)
    site.tick()
    assert json.loads(site.cursor).keys() == {"since", "months"}
