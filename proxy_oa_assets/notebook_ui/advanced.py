"""The notebook Advanced_Mode: the day's tables as frames and by SQL, its minutes, and files to take along."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.display import SVG

from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import InvestigationError
from proxy_oa_assets.frames import records
from proxy_oa_assets.minutes import minute_of
from proxy_oa_assets.notebook_ui.session import open_day
from proxy_oa_assets.queries import Query
from proxy_oa_assets.story.plots import minutes_svg
from proxy_oa_assets.tables import PROXY_INGEST_SUMMARY, PROXY_SCORES, TABLES, Table

if TYPE_CHECKING:
    import pandas as pd

_MARKED = 10  # as many as the plot in Dagster's web UI marks


class AdvancedMode:
    """A day's tables, to be queried.

    Example:
        >>> advanced = AdvancedMode("2016-09-12", "proxy_oa_home")
        >>> advanced.table("proxy_scores").head()

    """

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)

    def table(self, name: str) -> pd.DataFrame:
        """Return the day's rows of a table; `proxy`, the raw log, can have millions: ask it by `sql`."""
        return self.deployment.impala.read_day(_table(name), self.day)

    def sql(self, text: str, *values: str | float | None, since: str | None = None) -> pd.DataFrame:
        """Return the rows of a SELECT over the day's tables, with a value for each `?`.

        Values are bound, never written into the text: data can't become SQL. Where the text is about earlier
        days, too, `since` names the first.
        """
        first = Day.parse(since) if since else self.day
        return self.deployment.impala.query(Query(text, values, (first, self.day)))

    def partition(self, name: str) -> tuple[str, str, str] | tuple[int, int, int]:
        """Return the day's y, m and d as a table has them: text in `proxy`, numbers in the others."""
        return _table(name).day_values(self.day)

    def minutes(self) -> SVG:
        """Return a plot of the day's requests per minute, those of the most suspicious connections marked."""
        times = records(self.table(PROXY_SCORES.name)[["time"]].head(_MARKED))
        marked = {minute for (time,) in times if (minute := minute_of(str(time))) is not None}
        summary = self.table(PROXY_INGEST_SUMMARY.name)
        return SVG(minutes_svg(summary, marked, marked_as="the most suspicious"))


def _table(name: str) -> Table:
    if name not in TABLES:
        raise InvestigationError(f"{name!r} is no table of the day; there are {', '.join(TABLES)}")
    return TABLES[name]
