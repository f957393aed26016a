from proxy_oa_assets.defs.checks.summary import gaps, volume
from proxy_oa_assets.model.clock import MINUTES

BUSY = [5] * MINUTES


def silent(start: int, end: int) -> list[int]:
    """A busy day with a silence from one minute up to another."""
    return [0 if start <= minute < end else 5 for minute in range(MINUTES)]


def test_a_long_silence_is_named_with_its_times() -> None:
    """45 minutes without traffic after busy days fail the check, which names the first and last minute."""
    result = gaps(silent(600, 645), [BUSY] * 7)

    assert not result.passed
    assert "no traffic from 10:00 to 10:44" in result.description
    assert result.metadata["minutes_without_traffic"] == 45
    assert result.metadata["longest_gap"] == 45


def test_a_short_silence_is_no_gap() -> None:
    """Quiet minutes are counted, and pass the check."""
    result = gaps(silent(600, 629), [BUSY] * 7)

    assert result.passed
    assert result.metadata["minutes_without_traffic"] == 29


def test_a_silence_that_is_usual_is_no_gap() -> None:
    """Silence that most of the days before have passes: an office that is empty every night."""
    night = silent(0, 360)

    assert gaps(night, [night] * 4 + [BUSY] * 3).passed
    assert not gaps(night, [night] * 3 + [BUSY] * 4).passed


def test_without_earlier_days_every_silence_is_unusual() -> None:
    """Without a day to compare with, no silence is usual."""
    assert not gaps(silent(100, 200), []).passed


def test_a_day_without_any_traffic_is_one_gap() -> None:
    """The gap runs from the first to the last minute."""
    assert "from 00:00 to 23:59" in gaps([0] * MINUTES, [BUSY]).description


def test_many_gaps_are_cut_short() -> None:
    """At most five gaps are named, so that the description stays readable."""
    holes = [0 if minute % 60 < 35 else 1 for minute in range(MINUTES)]

    assert gaps(holes, [BUSY]).description.count(" to ") == 5
    assert "and more" in gaps(holes, [BUSY]).description


def test_volume_far_off_the_trailing_days_is_found() -> None:
    """Half the least and twice the most of the days before are the bounds, and still within them."""
    before = [1000, 1200, 90, 80, 1100]

    assert volume(40, before).passed
    assert not volume(39, before).passed
    assert volume(2400, before).passed
    assert not volume(2401, before).passed


def test_volume_is_not_judged_by_fewer_than_three_days() -> None:
    """A new installation isn't warned before there is anything to compare with."""
    result = volume(1, [1000, 1000])

    assert result.passed
    assert "2 of the 7 days before are known" in result.description
