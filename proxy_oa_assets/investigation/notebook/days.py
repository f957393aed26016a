"""The tab Days: a search over several days, and the requests of a range of days as a plot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import ipywidgets
import pandas as pd

from proxy_oa_assets.investigation.ingest_totals import MOST_DAYS, Unit, ingest_totals
from proxy_oa_assets.investigation.materialized_days import materialized_days
from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.filter_box import FilterBox
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import TextTable
from proxy_oa_assets.investigation.several_days import search_days
from proxy_oa_assets.investigation.story.range_plot import counts_of, moment, range_svg
from proxy_oa_assets.model.day import Day, spans
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment

_FOUND = columns("day requests clients hosts first last")
_DAYS = columns("day requests")
_AROUND = 29  # days before and after the shown one, at first
_MOST_SPANS = 5


class Days:
    """The days around one, to search and to look over.

    A click on a day calls `on_open` with it and the filter that was searched for, empty for none.
    """

    def __init__(
        self, day: Day, deployment: Deployment, on_open: Callable[[Day, str], None], height: str
    ) -> None:
        self._day, self._deployment, self._on_open = day, deployment, on_open
        self._frame, self._searched = pd.DataFrame(), ("", "", "")
        self._replot = lambda _: self._plot()
        self.first, self.last = _date("From"), _date("to")
        self.filter = FilterBox(self.search)
        self.button = ipywidgets.Button(description="Search", icon="search", layout={"width": "7em"})
        self.button.on_click(lambda _: self._search_once())
        self.status, self.summary = StatusLine(), StatusLine()
        self.table = TextTable("Days", selection="one", height=height)
        self.table.observe(lambda _: self._open(), "selected")
        self.unit = ipywidgets.ToggleButtons(
            options={"per minute": "minute", "per hour": "hour", "per day": "day"},
            value="hour",
            style={"button_width": "7em"},
        )
        for widget in (self.unit, self.first, self.last):
            widget.observe(self._replot, "value")
        self.plot = ipywidgets.Image(format="svg+xml", layout={"width": "100%", "display": "none"})
        line = ipywidgets.HBox([self.first, self.last, self.filter.text, self.filter.question, self.button])
        found = ipywidgets.VBox(
            [self.status.widget, self.table], layout={"flex": "1 1 45%", "min_width": "0"}
        )
        plot = ipywidgets.VBox(
            [self.unit, self.summary.widget, self.plot],
            layout={"flex": "1 1 55%", "min_width": "0"},
        )
        self.widget = ipywidgets.VBox([line, self.filter.help, ipywidgets.HBox([found, plot])])
        self.widget.add_class("days")

    def load(self) -> None:
        """Set the range, if none is set yet; read what is shown again."""
        with self.status.during("Looking for days"):
            if self.first.value is None or self.last.value is None:
                days = materialized_days(self._deployment)
                self._set(self.first, max(min(days[-1], self._day), self._day.plus(-_AROUND)).date)
                self._set(self.last, min(max(days[0], self._day), self._day.plus(_AROUND)).date)
            self.status.done("A search counts the requests of each day with a log; a click on a day opens it")
        self._plot()

    def search(self) -> None:
        """Count the requests of each day that match the filter."""
        with self.status.during("Searching the days"), self.filter.applied_to(self.table):
            first, last = self._range()
            self._searched = (first.key, last.key, self.filter.value)
            found = search_days(*self._searched, deployment=self._deployment)
            hit = found[found["requests"] > 0].reset_index(drop=True)
            self._frame = hit
            self.table.show(hit, _FOUND, empty="No log has such a request")
            requests = counted(int(hit["requests"].sum()), "request")
            missing = (last.date - first.date).days + 1 - len(found)
            without = f"; {counted(missing, 'day')} of the range without a log" if missing else ""
            self.status.done(
                f"{requests} on {len(hit):,} of {counted(len(found), 'day')} with a log{without}"
            )

    def _search_once(self) -> None:
        """Search, unless leaving the filter for the button has done so."""
        if (str(self.first.value), str(self.last.value), self.filter.value) != self._searched:
            self.search()

    def _open(self) -> None:
        for place in self.table.selected:
            with self.status.during("Opening the day"):
                self._on_open(Day.parse(str(self._frame["day"].iloc[place])), self._searched[-1])

    def _plot(self) -> None:
        if self.first.value is None or self.last.value is None:
            return
        with self.summary.during("Counting"):
            first, last = self._range()
            unit = self._unit(first, last)
            totals = ingest_totals(first, last, unit, deployment=self._deployment)
            counts = counts_of(totals, first, last, unit)
            self.plot.value = range_svg(counts, first, last, unit).encode("utf-8")
            self.plot.layout.display = None
            if not any(self._searched):
                self._list_days(first, last)
            most = max(counts)
            busiest = (
                f"; most in the {unit} {moment(first, unit, counts.index(most))}: {most:,}" if most else ""
            )
            uncounted = _uncounted([Day.parse(key) for key in totals.attrs["uncounted_days"]])
            self.summary.done(f"{counted(sum(counts), 'request')}{busiest}{uncounted}")

    def _list_days(self, first: Day, last: Day) -> None:
        """List the days that have requests, as long as nothing was searched."""
        totals = ingest_totals(first, last, "day", deployment=self._deployment)
        self._frame = totals.rename(columns={"counted_at": "day", "total": "requests"})
        self.table.show(self._frame, _DAYS, empty="No materialized day has a request")

    def _unit(self, first: Day, last: Day) -> Unit:
        """Return the chosen unit, or choose the next longer one if the days are too many for it."""
        days = (last.date - first.date).days + 1
        units: list[Unit] = list(MOST_DAYS)
        longer = units[units.index(self.unit.value) :]
        unit = next((unit for unit in longer if days <= MOST_DAYS[unit]), longer[-1])
        self._set(self.unit, unit)
        return unit

    def _set(self, widget: ipywidgets.Widget, value: object) -> None:
        """Set a widget's value without drawing the plot again."""
        widget.unobserve(self._replot, "value")
        widget.value = value
        widget.observe(self._replot, "value")

    def _range(self) -> tuple[Day, Day]:
        dates = (self.first.value, self.last.value)
        if not all(isinstance(date, dt.date) for date in dates):
            raise InvestigationError("choose the first and the last day")
        first, last = map(Day, dates)
        return first, last


def _uncounted(days: list[Day]) -> str:
    """Return which days a plot doesn't count, the first of them by name."""
    if not days:
        return ""
    named = spans(days).split(", ")
    more = ", …" if len(named) > _MOST_SPANS else ""
    which = "has a log and isn't" if len(days) == 1 else "have a log and aren't"
    return (
        f". {counted(len(days), 'day')} of the range {which} materialized: not counted "
        f"({', '.join(named[:_MOST_SPANS])}{more})"
    )


def _date(description: str) -> ipywidgets.DatePicker:
    return ipywidgets.DatePicker(
        description=description, style={"description_width": "initial"}, layout={"width": "13em"}
    )
