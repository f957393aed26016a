from dataclasses import replace

from support.results_site import YESTERDAY, ago

from proxy_oa_assets.defs.automation.new_results import QUESTIONS_PER_TICK, RankedDay, Rounds, Seen, look


def ranked(count, modified=1):
    return [RankedDay(day, f"/{day}", modified, 10) for day in map(ago, range(count))]


def test_dagster_is_asked_about_a_bounded_number_of_days():
    """Where years of days are published anew and run by hand, looks of bounded length get through them."""
    asked = []

    def none_is_new(days):
        asked.append(len(days))
        return []

    seen, sizes, waiting = Seen(since=0), [], True
    while waiting:
        found = look(ranked(3000), seen, none_is_new)
        seen, waiting = found.seen, found.waiting
        sizes.append(sum(asked))
        asked.clear()
    assert sum(sizes) == 3000
    assert max(sizes) < QUESTIONS_PER_TICK + 31


def test_only_changed_months_are_asked_about():
    """A month whose days are as they were costs no question; one changed day costs its month."""
    seen = look(ranked(300), Seen(since=0), lambda _: []).seen
    questions = []
    changed = [*ranked(300)[1:], RankedDay(YESTERDAY, f"/{YESTERDAY}", 2, 10)]
    look(changed, seen, lambda days: questions.append(days) or [])
    (days,) = questions
    assert {found.month for found in days} == {YESTERDAY.key[:7]}


def test_history_is_not_asked_about():
    """What was published before the first look is passed over without a question."""

    def never(_days):
        raise AssertionError

    found = look(ranked(300), Seen(since=2), never)
    assert (found.requests, found.waiting) == ([], 0)


def test_a_month_that_is_not_looked_at_stays_and_one_without_days_goes():
    """No day of a month may mean that nobody looked; only a look that finds none forgets the month."""
    seen = look(ranked(300), Seen(since=0), lambda _: []).seen
    assert look([], seen, lambda _: [], seen.months.keys()).seen == seen
    assert look([], seen, lambda _: [], {YESTERDAY.month}).seen.months.keys() == {YESTERDAY.month}


def test_a_cursor_is_read_as_it_was_written():
    """The text of a cursor gives the same cursor."""
    seen = look(ranked(70), Seen(since=0), lambda _: []).seen
    assert Seen.parse(seen.cursor) == seen
    rounds = replace(seen, rounds=Rounds({YESTERDAY.month: "0123abcd"}, YESTERDAY.month))
    assert Seen.parse(rounds.cursor) == rounds
