"""The notebook Advanced_Mode: a day's tables as frames and by SQL, a plot of its minutes, CSV export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
from IPython.display import HTML, SVG

from proxy_oa_assets.investigation.notebook.session import error_html, open_day
from proxy_oa_assets.investigation.story.plots import minutes_svg
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.model.spreadsheet import spreadsheet
from proxy_oa_assets.model.tables import PROXY_INGEST_SUMMARY, PROXY_SCORES, TABLES, Table, records
from proxy_oa_assets.sql.query import Query


def export_csv(frame: pd.DataFrame, path: str | Path) -> Path:
    """Write a frame, and its index if that has a name, to a CSV file at once; return its absolute path.

    Texts are safe as `safe_cell` makes them.
    """
    if any(name is not None for name in frame.index.names):
        # Index and column can have the same name.
        frame = frame.reset_index(allow_duplicates=True)
    target = Path(path).absolute()
    with replacing(target) as file:
        file.write(spreadsheet(list(map(str, frame.columns)), records(frame)))
    return target


class AdvancedMode:
    """Queries of a day's tables.

    Example:
        >>> advanced = AdvancedMode("2016-09-12", "proxy_oa_home")
        >>> advanced.table("proxy_scores").head()

    """

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)

    def table(self, name: str) -> pd.DataFrame:
        """Return the day's rows of a table; query the raw log `proxy`, which can have millions, by `sql`."""
        return self.deployment.impala.read_day(_table(name), self.day)

    def sql(self, text: str, *values: str | float | None, since: str | None = None) -> pd.DataFrame:
        """Return the rows of a SELECT over the day's tables, with a bound value for each `?`.

        `since` is the first day that the text reads, if that is an earlier one.
        """
        first = Day.parse(since) if since else self.day
        return self.deployment.impala.query(Query(text, values, (first, self.day)))

    def found(self, find: Callable[[], pd.DataFrame]) -> pd.DataFrame | HTML:
        """Return what a search finds; the message of its InvestigationError, so that the next cells run."""
        try:
            return find()
        except InvestigationError as error:
            return error_html(error)

    def partition(self, name: str) -> tuple[str, str, str] | tuple[int, int, int]:
        """Return the day's y, m and d as a table holds them: text in `proxy`, numbers in the others."""
        return _table(name).day_values(self.day)

    def minutes(self) -> SVG:
        """Return a plot of the day's requests per minute: the scored ones are red, the first ten marked."""
        summary, scores = self.table(PROXY_INGEST_SUMMARY.name), self.table(PROXY_SCORES.name)
        return SVG(minutes_svg(summary, scored=scores["time"].tolist()))


def _table(name: str) -> Table:
    if name not in TABLES:
        raise InvestigationError(f"there is no table {name!r}; name one of {', '.join(TABLES)}")
    return TABLES[name]
