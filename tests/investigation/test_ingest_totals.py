import pandas as pd
import pytest
from support.analysts_day import AnalystsDay

from proxy_oa_assets.investigation.ingest_totals import Unit, ingest_totals
from proxy_oa_assets.investigation.search import ingest_summary
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY_INGEST_SUMMARY


def test_minutes_of_several_days_are_added_up_by_minute_hour_and_day(today: AnalystsDay) -> None:
    """A range has its first and last day; a time without requests has no row, a day without totals a name."""
    first, minutes = (
        today.day,
        {0: [("00:00", 3), ("09:41", 2), ("09:42", 5)], 2: [("23:59", 7)], 3: [("00:00", 9)]},
    )
    for later, counts in minutes.items():
        day = first.plus(later)
        frame = pd.DataFrame([(f"{day} {time}", total) for time, total in counts], columns=["tdate", "total"])
        today.deployment.impala.replace_day_with_frame(PROXY_INGEST_SUMMARY, day, frame)
    for later in (1, 2):
        AnalystsDay(today.home, first.plus(later)).write_raw({"host": "a.example"})
    last = first.plus(2)

    def totals(unit: Unit) -> list[list[object]]:
        return ingest_totals(first, last, unit, deployment=today.deployment).to_numpy().tolist()

    assert totals("day") == [[first.key, 10], [last.key, 7]]
    assert totals("hour") == [[f"{first} 00", 3], [f"{first} 09", 7], [f"{last} 23", 7]]
    assert [total for _, total in totals("minute")] == [3, 2, 5, 7]
    for found in (
        ingest_totals(first, last, "day", deployment=today.deployment),
        ingest_summary(first, last, deployment=today.deployment),
    ):
        assert found.attrs["uncounted_days"] == [first.plus(1).key]


def test_a_range_that_is_reversed_or_too_long_is_refused(embedded_day: AnalystsDay) -> None:
    """The message says what to do."""
    day, deployment = embedded_day.day, embedded_day.deployment
    with pytest.raises(InvestigationError, match="swap them"):
        ingest_totals(day, day.plus(-1), "day", deployment=deployment)
    with pytest.raises(InvestigationError, match="fewer days or a longer unit"):
        ingest_totals(day, day.plus(7), "minute", deployment=deployment)
