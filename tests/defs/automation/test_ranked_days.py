import datetime as dt
import json
import re
import shutil
import time

import pytest
from support.results_site import YESTERDAY, ago

from proxy_oa_assets.model.errors import StorageError


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
    """The ranking job is still writing or wrote nothing: the tick says which file, and waits for rows."""
    site.publish(YESTERDAY, content="")
    assert site.days() == []
    assert site.home.deployment.workspace.results(YESTERDAY) in site.skipped
    assert site.log == [site.skipped]
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
    """Today's and tomorrow's results aren't looked at, so they are new once the day has ended."""
    site.publish(YESTERDAY.plus(1))
    site.publish(YESTERDAY.plus(2))
    assert site.days() == []
    assert json.loads(site.cursor)["months"] == {}


def test_a_day_without_results_yet_is_left_out(site):
    """A folder with feedback alone has nothing to run."""
    site.home.results(YESTERDAY).parent.mkdir(parents=True)
    assert site.days() == []


@pytest.mark.parametrize(
    "cursor",
    ["{", "1700000000", '"2026-11"', "[]", "{}", '{"since": "1"}', '{"since": 1, "months": {"2026-11": 1}}'],
)
def test_a_cursor_that_cannot_be_read_starts_anew_and_says_so(site, cursor):
    """Somebody's edit, or another version's form: as at first, with a line that says what follows from it."""
    site.publish(ago(30), hours_ago=24 * 30)
    site.publish(YESTERDAY)
    site.cursor = cursor
    assert site.days() == [YESTERDAY.key]
    week_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=7)
    assert "can't be read" in site.log[0]
    assert f"{week_ago:%Y-%m-%d}" in site.log[0]
    assert json.loads(site.cursor)["since"] > 1


def test_days_that_are_gone_leave_the_cursor(site):
    """A month whose folders were removed costs nothing, and is new if it comes back."""
    path = site.publish(ago(40), hours_ago=1)
    assert site.days() == [ago(40).key]
    path.unlink()
    assert site.days() == []
    assert json.loads(site.cursor)["months"] == {}


def test_storage_that_cannot_be_read_fails_the_tick(site):
    """No silence: the tick shows the storage's message, which names the place."""
    scores = site.publish(YESTERDAY).parent
    shutil.rmtree(scores)
    # A link to itself can't be followed, whoever the user is.
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
    """Eight years of days: a look takes less than 5 s of work, and the cursor stays below 4 KB."""
    for number in range(3000):
        site.publish(ago(number), hours_ago=24 * (number + 1) - 1)
    for requested in (7, 0):
        start = time.process_time()
        requests = site.tick()
        assert time.process_time() - start < 5
        assert len(requests) == requested
        for request in requests:
            site.start(request)
    assert len(site.cursor) < 4096
