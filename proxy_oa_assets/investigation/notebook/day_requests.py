"""The tab Requests: raw requests in time order, all of a day's, a client's or a host's."""

from __future__ import annotations

from dataclasses import dataclass

import ipywidgets
import pandas as pd

from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.filters import exactly
from proxy_oa_assets.investigation.listed import Listed
from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.desk import Desk
from proxy_oa_assets.investigation.notebook.filter_box import FilterBox
from proxy_oa_assets.investigation.notebook.row_table import RowTable, connections_of
from proxy_oa_assets.investigation.notebook.session import StatusLine, button
from proxy_oa_assets.investigation.notebook.text_table import MOST_ROWS, Action, TextTable
from proxy_oa_assets.investigation.requests import client_requests, found_requests, host_requests
from proxy_oa_assets.investigation.summaries import client_summaries, host_summaries
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted, printable

_PAGE = 250
# So many requests at once are drawn or go into an incident: more, a person can't look through.
MOST_REQUESTS = 10_000
_REQUESTS = columns(
    "p_time clientip fulluri uri_sev word reqmethod respcode resconttype host? csbytes? scbytes? referer? "
    "useragent? username? webcat? serverip? uriport? duration? ml_score? uri_rep?"
)
_BESIDE = {
    "client": columns("host requests ml_score uri_sev? first last? scbytes? csbytes?"),
    "host": columns("clientip requests ml_score uri_sev? first last? scbytes? csbytes?"),
}


@dataclass(frozen=True)
class Subject:
    """Whose requests are shown: a client's, a host's, or with no kind all; `time` is of a window's middle."""

    kind: str = ""
    value: str = ""
    time: str | None = None


class DayRequests:
    """The requests of a subject, filtered, page by page; beside them a client's hosts or a host's clients."""

    def __init__(self, desk: Desk, height: str, beside_height: str) -> None:
        self._desk = desk
        self.subject, self._before = Subject(), list[tuple[Subject, str]]()
        self._total = self._offset = 0
        # The host or client that was clicked beside the list.
        self._beside, self._only = pd.DataFrame(), ""
        self.filter = FilterBox(self._show_first)
        self.status = StatusLine()
        self.table = RowTable(
            desk,
            "Requests",
            _REQUESTS,
            height=height,
            on_page=self._show_page,
            actions=[self._add_all_action()],
        )
        self.back = button("Back", "The requests that were shown before", self._go_back, icon="arrow-left")
        self.all = button("Whole day", "All requests of the day", self._open_all)
        self.minutes = ipywidgets.BoundedIntText(2, 0, 1440, description="±", layout={"width": "6em"})
        self.minutes.style.description_width = "1em"
        self.around = button(
            "min around",
            "What the selected row's client did, so many minutes before and after",
            self._open_around,
        )
        self.beside = TextTable("Beside", selection="one", height=beside_height, on_pivot=self._open_beside)
        self.beside.observe(lambda _: self._narrow(), "selected")
        self._about_beside = StatusLine()
        self.side = ipywidgets.VBox([self._about_beside.widget, self.beside])
        head = ipywidgets.HBox([self.back, self.all, self.status.widget])
        head.add_class("desk-bar")
        self.status.widget.add_class("desk-status")
        line = ipywidgets.HBox([self.filter.text, self.filter.question, self.minutes, self.around])
        self.widget = ipywidgets.VBox([head, line, self.filter.help, self.table.widget])

    def choose(self, subject: Subject, filters: str = "") -> None:
        """Choose another subject, with another filter, for the next `load`."""
        self._before.append((self.subject, self.filter.value))
        self._change(subject, filters)

    def _change(self, subject: Subject, filters: str) -> None:
        self.subject, self._only, self._offset = subject, "", 0
        self.beside.selected = []
        self.filter.write(filters)

    def all_listed(self) -> tuple[pd.DataFrame, str]:
        """Return all requests that the filter lets through, on every page, and what they are."""
        found = self._listed(0, MOST_REQUESTS)
        missing = found.total - len(found.frame)
        cut = f", and {missing:,} more: filter the list" if missing else ""
        return found.frame, f"{self._named()}: {counted(len(found.frame), 'request')}{cut}"

    def load(self) -> None:
        """Read the shown page again, and what is beside it."""
        self._show_beside()
        self._show_page(self._offset)
        # What stands beside them can be of another subject now.
        self.table.show_selected()

    def _show_first(self) -> None:
        self._offset, self._only = 0, ""
        self.load()

    def _go_back(self) -> None:
        if self._before:
            self._change(*self._before.pop())
            self.load()

    def _open_all(self) -> None:
        self.choose(Subject())
        self.load()

    def _open_around(self) -> None:
        rows = self.table.rows()
        if len(rows) != 1:
            self._desk.status.failed("Select a row first: the window is around its time")
            return
        (row,) = rows
        self.choose(Subject("client", uri_text(row["clientip"]), uri_text(row["p_time"])))
        self.load()

    def _show_page(self, offset: int) -> None:
        self._offset = offset
        self._total = 0
        with self.status.during("Reading the requests"), self.filter.applied_to(self.table.widget):
            listed = self._listed(offset, _PAGE)
            if offset and listed.frame.empty:
                # With a filter by severity, all of the last page can leave the list.
                self._show_page(max(0, offset - _PAGE))
                return
            self._total = listed.total
            self.table.show(
                listed.frame,
                empty=f"The raw log of {self._desk.day} has no such request",
                total=listed.total,
                offset=listed.offset,
                around=_place(listed.frame, self.subject.time),
            )
            self.status.done(f"{self._named()}: {counted(listed.total, 'request')}")

    def _add_all_action(self) -> Action:
        return Action(
            line="Whole hosts",
            text="Add all to incident",
            title="Add the connections of all these requests, on every page, to the incident",
            do=self._add_all,
            confirm=lambda _: self._ask_for_many(),
        )

    def _ask_for_many(self) -> str | None:
        if self._total <= _PAGE:
            return None
        return f"Add the connections of all {self._total:,} requests? Click again"

    def _add_all(self) -> None:
        with self.status.during("Reading all requests"):
            found, what = self.all_listed()
            self._desk.add_to_incident(connections_of(found))
            self.status.done(what)

    def _named(self) -> str:
        subject = self.subject
        window = f", ± {self.minutes.value} min around {subject.time}" if subject.time else ""
        whose = "All clients"
        if subject.kind:
            whose = f"{subject.kind.capitalize()} {printable(subject.value, 80)}"
        return f"{whose}{window}"

    def _listed(self, offset: int, limit: int) -> Listed:
        day, subject = self._desk.day, self.subject
        narrowed = {"client": "host", "host": "client"}.get(subject.kind, "")
        only = exactly(narrowed, self._only) if self._only else ""
        filters = f"{self.filter.value} {only}".strip()
        deployment = self._desk.deployment
        if not subject.kind:
            return found_requests(day, filters, offset=offset, limit=limit, deployment=deployment)
        requests = client_requests if subject.kind == "client" else host_requests
        return requests(
            day,
            subject.value,
            filters=filters,
            around=subject.time,
            minutes=self.minutes.value,
            offset=offset,
            limit=limit,
            deployment=deployment,
        )

    def _show_beside(self) -> None:
        kind = self.subject.kind
        if not kind:
            return
        summaries = host_summaries if kind == "client" else client_summaries
        what = "host" if kind == "client" else "client"
        with self._about_beside.during(f"Reading its {what}s"), self.filter.applied_to(self.beside):
            filters = f"{exactly(kind, self.subject.value)} {self.filter.value}"
            listed = summaries(
                self._desk.day, filters=filters, limit=MOST_ROWS, deployment=self._desk.deployment
            )
            self._beside = listed.frame
            selected = [at for at, value in enumerate(self._beside_values()) if value == self._only]
            self.beside.show(self._beside, _BESIDE[kind], selected=selected, empty="none", total=listed.total)
            self._about_beside.done(f"{counted(listed.total, what)}; a click on one filters the requests")

    def _narrow(self) -> None:
        """Show only the requests of the host or client that was clicked, or all again."""
        chosen = self._beside_values()[self.beside.selected[0]] if self.beside.selected else ""
        if chosen != self._only:
            self._only = chosen
            self._show_page(0)

    def _beside_values(self) -> list[str]:
        column = "host" if self.subject.kind == "client" else "clientip"
        return [uri_text(value) for value in self._beside[column]]

    def _open_beside(self, kind: str, number: int) -> None:
        self._desk.open_day_of(kind, self._beside_values()[number])


def _place(frame: pd.DataFrame, time: str | None) -> int | None:
    """Return the number of the first row of a time; None for none."""
    times = [value for (value,) in records(frame[["p_time"]])]
    return times.index(time) if time in times else None
