import datetime as dt
import re
import shutil
import time

import pytest
from support.results_site import YESTERDAY, ago

from proxy_oa_assets.defs.automation.new_results import OLDER_DAYS_PER_TICK, WINDOW, due_days
from proxy_oa_assets.model.errors import StorageError, StorageUnreachableError
from proxy_oa_assets.resources.local.local_hdfs import LocalHdfs


def test_results_in_parts_are_one_publication(site):
    """A folder of part-* files, as Spark writes it, counts with its newest part and all its bytes."""
    folder = site.home.results(YESTERDAY)
    site.write(folder / "part-00000", hours_ago=2)
    newest = site.write(folder / "part-00001", hours_ago=1)
    site.write(folder / "_SUCCESS", content="")
    (request,) = site.tick()
    site.start(request)
    modified = newest.stat().st_mtime_ns // 1_000_000
    assert request.run_key == f"{site.home.deployment.workspace.results(YESTERDAY)}:{modified}:12"
    site.write(folder / "_SUCCESS", content="marked again")
    assert site.days() == []
    site.write(folder / "part-00000")
    assert site.days() == [YESTERDAY.key]


def test_a_folder_without_parts_is_not_published(site):
    """While Spark writes, the folder has `_temporary` alone."""
    site.write(site.home.results(YESTERDAY) / "_temporary" / "part-00000")
    assert site.days() == []


def test_a_day_made_of_parts_by_hand_is_not_run_again(site):
    """What `proxy_results` records of a folder is what the sensor sees of it."""
    site.home.write_sample(YESTERDAY)
    results = site.home.results(YESTERDAY)
    lines = results.read_text().splitlines(keepends=True)
    results.unlink()
    site.write(results / "part-00000", hours_ago=2, content="".join(lines[:9]))
    site.write(results / "part-00001", hours_ago=1, content="".join(lines[9:]))
    site.materialize(YESTERDAY)
    assert site.days() == []


def test_empty_results_are_named_and_not_requested(site):
    """The ranking job is still writing or wrote nothing: the tick names the file and requests no run."""
    site.publish(YESTERDAY, content="")
    assert site.days() == []
    assert site.home.deployment.workspace.results(YESTERDAY) in site.skipped
    site.publish(ago(1))
    assert site.days() == [ago(1).key]
    assert site.home.deployment.workspace.results(YESTERDAY) in site.log[0]
    site.publish(YESTERDAY)
    assert site.days() == [YESTERDAY.key]


@pytest.mark.parametrize(
    "folder", ["20141231", "20260231", "backup", "2026-01-01", "202601011", "\u0662" * 8]
)
def test_folders_that_are_no_day_are_left_out(site, folder):
    """Before the first partition, off the calendar, or no date at all: not requested, and no error."""
    site.publish(YESTERDAY)
    scored = site.home.results(YESTERDAY).parents[2]
    site.write(scored / folder / "scores" / "proxy_results.csv")
    assert site.days() == [YESTERDAY.key]


def test_a_day_that_is_not_over_waits_until_it_is_a_partition(site):
    """Results of today and tomorrow are requested once their day has ended."""
    site.publish(YESTERDAY.plus(1))
    site.publish(YESTERDAY.plus(2))
    assert site.days() == []


def test_a_day_without_results_yet_is_left_out(site):
    """A folder with feedback alone has nothing to run."""
    site.home.results(YESTERDAY).parent.mkdir(parents=True)
    assert site.days() == []


@pytest.mark.parametrize(
    "cursor",
    [
        '{"since": 1763900000000, "months": {"2026-11": "0123abcd"}, "rounds": {"folders": {}, "turn": ""}}',
        "1700000000",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_a_cursor_of_another_form_is_ignored_with_one_line(site, cursor):
    """An older version's cursor or an edit: the last seven days are caught up on, and the log says so."""
    site.publish(ago(30), hours_ago=24 * 30)
    site.publish(YESTERDAY)
    site.cursor = cursor
    assert site.days() == [YESTERDAY.key]
    week_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=7)
    assert f"{week_ago:%Y-%m-%d}" in site.log[0]
    assert cursor[:20] in site.log[0]
    assert site.days() == []
    assert site.log == []
    assert f'"first":"{week_ago:%Y-%m-%d}' in site.cursor


class UnreachableHdfs(LocalHdfs):
    """A storage that lists folders but doesn't respond to requests for a file's status."""

    def status(self, path):
        """Fail as a time-out does."""
        raise StorageUnreachableError(f"{path}: no answer")


def test_storage_that_does_not_answer_fails_the_tick(site):
    """A time-out costs the tick, not the day: the next tick requests it."""
    site.publish(YESTERDAY)
    site.hdfs = UnreachableHdfs(root=str(site.home.root))
    with pytest.raises(StorageUnreachableError):
        site.tick()
    site.hdfs = None
    assert site.days() == [YESTERDAY.key]


def test_storage_that_cannot_be_read_fails_the_tick(site):
    """The tick shows the storage's message, which names the place."""
    scores = site.publish(YESTERDAY).parent
    shutil.rmtree(scores)
    # A link to itself can't be followed, not even by root.
    scores.symlink_to(scores)
    with pytest.raises(StorageError, match=re.escape(str(scores))):
        site.tick()


def test_a_day_that_cannot_be_read_costs_itself_alone(site):
    """The others are requested and the log names it; the next tick, with nothing to request, fails."""
    site.publish(YESTERDAY)
    scores = site.publish(ago(3)).parent
    shutil.rmtree(scores)
    scores.symlink_to(scores)
    assert site.days() == [YESTERDAY.key]
    assert str(scores) in site.log[0]
    with pytest.raises(StorageError, match=re.escape(str(scores))):
        site.tick()
    scores.unlink()
    site.publish(ago(3))
    assert site.days() == [ago(3).key]


def test_three_thousand_days_are_looked_through_in_seconds(site):
    """A tick of a site with eight years of days takes less than 5 s of work."""
    for number in range(3000):
        site.publish(ago(number), hours_ago=24 * (number + 1) - 1)
    for requested in (7, 0):
        start = time.process_time()
        requests = site.tick()
        assert time.process_time() - start < 5
        assert len(requests) == requested
        for request in requests:
            site.start(request)


NOW = dt.datetime.now(dt.UTC)
PAST = [ago(number) for number in range(3000)]


def test_a_tick_looks_at_a_bounded_number_of_days():
    """On a cluster each day costs a request, though every day's folder has just changed."""
    assert len(due_days(dict.fromkeys(PAST, 10**13), NOW)) <= 2 * OLDER_DAYS_PER_TICK + WINDOW.days + 1


def test_each_tick_looks_at_the_recent_days_and_at_the_folders_that_changed_last():
    """A day is new in the tick that lists its folder, and a recent day in each tick."""
    due = due_days({day: day == PAST[2500] for day in PAST}, NOW)
    assert {*PAST[: WINDOW.days], PAST[2500]} <= {*due}
    assert due == sorted(due)


def test_every_older_day_has_its_turn_within_an_hour():
    """A day whose results are replaced in an unchanged folder is found, too."""
    seen = set()
    for minute in range(60):
        seen.update(due_days(dict.fromkeys(PAST, 0), NOW + dt.timedelta(minutes=minute)))
    assert seen == {*PAST}
