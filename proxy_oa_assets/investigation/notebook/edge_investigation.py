"""The notebook Edge_Investigation: suspicious connections, what is behind them, and how severe they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import ipywidgets
import pandas as pd

from proxy_oa_assets.investigation import score as scoring
from proxy_oa_assets.investigation.day_context import uri_text
from proxy_oa_assets.investigation.notebook.session import Shown, open_day
from proxy_oa_assets.investigation.notebook.status import Status
from proxy_oa_assets.investigation.notebook.text_table import (
    EDGES,
    MOST_ROWS,
    SUSPICIOUS,
    THREATS,
    Action,
    Facts,
    TextTable,
    first_of,
    severity_actions,
)
from proxy_oa_assets.investigation.score import SEVERITIES, threats
from proxy_oa_assets.investigation.search import details, suspicious
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment


@dataclass(frozen=True)
class _Change:
    """What a click did: the severity of each URI before it (None: it had none) and after it."""

    before: dict[str, int | None]
    after: int | None


class GivenSeverities:
    """Gives severities, and takes back its own."""

    def __init__(self, day: Day, at: Deployment) -> None:
        self._day, self._at = day, at
        self._changes: list[_Change] = []

    def give(self, uris: Iterable[str], severity: int | None) -> int:
        """Record a severity for some URIs, or take theirs away with None; return how many they are."""
        before = scoring.change_severities(self._day, dict.fromkeys(uris, severity), deployment=self._at)
        self._changes.append(_Change(before, severity))
        return len(before)

    def undo(self) -> tuple[int, int] | None:
        """Take back what was done last; None if there is nothing.

        Returns how many URIs are as before, and how many somebody else has changed meanwhile: those stay.
        """
        if not self._changes:
            return None
        change = self._changes[-1]
        since = dict.fromkeys(change.before, change.after)
        ours = scoring.change_severities(self._day, change.before, since=since, deployment=self._at)
        # Only now: where recording failed, Undo can be pressed again.
        self._changes.pop()
        return len(ours), len(change.before) - len(ours)


class SuspiciousList:
    """The list and its filters; `chosen` is called when another row is selected."""

    def __init__(
        self, day: Day, at: Deployment, chosen: Callable[[], None], actions: Sequence[Action]
    ) -> None:
        self._day, self._at = day, at
        self._frame = pd.DataFrame()
        self.uri = _filter("URI contains", "a part of the URI")
        self.client = _filter("Client is", "a whole address")
        self.limit = ipywidgets.BoundedIntText(
            250, 1, MOST_ROWS, description="At most", layout=ipywidgets.Layout(width="12em")
        )
        self.status = Status()
        self.table = TextTable("Suspicious connections", selection="several", height="360px", actions=actions)
        for field in (self.uri, self.client, self.limit):
            field.observe(lambda _: self.load(), "value")
        self.table.observe(lambda _: chosen(), "selected")
        filters = ipywidgets.HBox([self.uri, self.client, self.limit])
        self.widget = ipywidgets.VBox([filters, self.status.widget, self.table])

    def load(self) -> None:
        """Read the list again, as the filters say."""
        with self.status.during("Reading the suspicious connections"):
            self._frame = suspicious(
                self._day, self.uri.value, self.client.value, self.limit.value, deployment=self._at
            )
            filtered = self.uri.value or self.client.value
            empty = (
                "No suspicious connection is like this"
                if filtered
                else f"Nothing is left to score on {self._day}, or the day wasn't materialized"
            )
            self.table.show(self._frame, SUSPICIOUS, empty=empty)
            full = ", and maybe more" if len(self._frame) == self.limit.value else ""
            listed = counted(len(self._frame), "connection")
            self.status.done(f"{listed} without a severity{full}, the most suspicious first")

    def selected(self) -> list[dict[str, object]]:
        """Return the selected rows of `suspicious`."""
        rows = list(records(self._frame.iloc[self.table.selected]))
        return [dict(zip(self._frame.columns, row, strict=True)) for row in rows]

    def uris_of_hosts(self, hosts: set[object]) -> list[str]:
        """Return the listed URIs of some hosts."""
        listed = records(self._frame[["fulluri", "host"]])
        return list(dict.fromkeys(uri_text(uri) for uri, host in listed if host in hosts))


def _filter(description: str, placeholder: str) -> ipywidgets.Text:
    # It filters when Enter is pressed or the field left: each letter would be a query.
    return ipywidgets.Text(
        description=description,
        placeholder=placeholder,
        continuous_update=False,
        style={"description_width": "initial"},
    )


# Headings, and the columns of `proxy_scores` that the list above has no room for in full.
_FACTS = {
    "URI": "fulluri",
    "verdicts": "uri_rep",
    "score": "ml_score",
    "client": "clientip",
    "network": "network_context",
    "user": "username",
    "request": "reqmethod",
    "response": "respcode_name",
    "referer": "referer",
    "user agent": "useragent",
    "content type": "resconttype",
    "category": "webcat",
}


class ConnectionDetails:
    """What is shown of the connection that is selected."""

    def __init__(self, day: Day, at: Deployment) -> None:
        self._day, self._at = day, at
        self.facts = Facts("The connection")
        self.requests = TextTable("Requests of the connection")
        self.status = Status()
        heading = ipywidgets.HTML("<h3>The connection and its requests</h3>")
        self.widget = ipywidgets.VBox(
            [heading, self.facts.widget, self.status.widget, self.requests],
            layout=ipywidgets.Layout(display="none"),
        )

    def hide(self) -> None:
        """Show no connection."""
        self.widget.layout.display = "none"

    def show(self, row: Mapping[str, object]) -> None:
        """Show a connection, a row of `suspicious`, and its rows of `proxy_edge`."""
        self.widget.layout.display = None
        with self.status.during("Reading its requests"):
            verdicts = str(row["uri_rep"] or "").replace("::", "   ")
            self.facts.show({name: row[column] for name, column in _FACTS.items()} | {"verdicts": verdicts})
            edges = details(
                self._day, uri_text(row["fulluri"]), uri_text(row["clientip"]), deployment=self._at
            )
            self.requests.show(edges, EDGES, empty="proxy_edge has no request of it")
            self.status.done(f"{counted(len(edges), 'request')}{first_of(len(edges))}")


class ScoredList:
    """The list and its buttons; `give` is called with the selected URIs and a severity, or None."""

    def __init__(self, day: Day, at: Deployment, give: Callable[[list[str], int | None], None]) -> None:
        self._day, self._at = day, at
        self._frame = pd.DataFrame()
        self.status = Status()
        again = severity_actions("Score again", lambda severity: give(self.selected(), severity))
        take_back = Action(
            line="Score again",
            text="Take back",
            title="The selected URIs have no severity then, and are suspicious again",
            do=lambda: give(self.selected(), None),
        )
        self.table = TextTable(
            "Scored URIs", selection="several", height="360px", actions=[*again, take_back]
        )
        self.widget = ipywidgets.VBox([self.status.widget, self.table])

    def load(self) -> None:
        """Read the list again."""
        with self.status.during("Reading the scored URIs"):
            self._frame = threats(self._day, deployment=self._at)
            self.table.show(self._frame, THREATS, empty=f"No URI of {self._day} has a severity")
            scored = len(self._frame)
            self.status.done(f"{counted(scored, 'URI')} with a severity, the gravest first{first_of(scored)}")

    def selected(self) -> list[str]:
        """Return the selected URIs."""
        return [uri_text(uri) for (uri,) in records(self._frame.iloc[self.table.selected][["fulluri"]])]


class EdgeInvestigation(Shown):
    """The suspicious connections of a day, to be looked into and scored.

    Example:
        >>> EdgeInvestigation("2016-09-12", "proxy_oa_home")

    """

    def __init__(self, day: Day | str, home: str | None = None) -> None:
        self.day, self.deployment = open_day(day, home)
        at = self.deployment
        self._given = GivenSeverities(self.day, at)
        actions = [
            *severity_actions("Selected URIs", self._score_uris),
            *severity_actions("Their whole hosts", self._score_hosts),
        ]
        self.suspicious = SuspiciousList(self.day, at, self._chosen, actions)
        self.details = ConnectionDetails(self.day, at)
        self.scored = ScoredList(self.day, at, self._give)
        self.undo = ipywidgets.Button(description="Undo", tooltip="Take back the last click", icon="undo")
        self.undo.on_click(lambda _: self._undo())
        self.reload = ipywidgets.Button(description="Reload", tooltip="See what colleagues have scored")
        self.reload.on_click(lambda _: self._load())
        self.status = Status()
        looking = ipywidgets.VBox([self.suspicious.widget, self.details.widget])
        tabs = ipywidgets.Tab([looking, self.scored.widget], titles=["Suspicious", "Scored"])
        heading = ipywidgets.HTML(f"<h2>Suspicious connections of {self.day}</h2>")
        bar = ipywidgets.HBox([self.undo, self.reload, self.status.widget])
        super().__init__([heading, bar, tabs])
        self._load()

    def _load(self) -> None:
        self.suspicious.load()
        self.scored.load()

    def _chosen(self) -> None:
        """Show the connection that is selected; of several, none."""
        rows = self.suspicious.selected()
        if len(rows) == 1:
            self.details.show(rows[0])
        else:
            self.details.hide()

    def _score_uris(self, severity: int) -> None:
        self._give([uri_text(row["fulluri"]) for row in self.suspicious.selected()], severity)

    def _score_hosts(self, severity: int) -> None:
        hosts = {row["host"] for row in self.suspicious.selected()}
        self._give(self.suspicious.uris_of_hosts(hosts), severity)

    def _give(self, uris: list[str], severity: int | None) -> None:
        if not uris:
            self.status.failed("Select a row first")
            return
        with self.status.during("Recording"):
            changed = counted(self._given.give(uris, severity), "URI")
            self._load()
            what = f"scored {SEVERITIES[severity]}" if severity else "without a severity again"
            self.status.done(f"{changed} {what}")

    def _undo(self) -> None:
        with self.status.during("Taking it back"):
            undone = self._given.undo()
            if undone is None:
                self.status.failed("This notebook has scored nothing that could be taken back")
                return
            ours, others = undone
            self._load()
            stay = f"; {counted(others, 'URI')} that somebody else has scored since stay" if others else ""
            self.status.done(f"{counted(ours, 'URI')} as before{stay}")
