"""What the tabs of a day's investigation share: its status line, its changes, and its ways to other tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import ipywidgets

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.handover.write import write_hand_over
from proxy_oa_assets.investigation.journal import SeverityChanges
from proxy_oa_assets.investigation.listed import Connection
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.score import host_uris
from proxy_oa_assets.investigation.story.related import chain
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment

# A row of a list, by its columns' names.
Row = Mapping[str, object]


class Panel(Protocol):
    """What a tab shows."""

    widget: ipywidgets.Widget

    def load(self) -> None:
        """Read the shown lists again."""


@dataclass
class Desk:
    """A day on the screen. The screen sets the functions that lead from one tab to another."""

    day: Day
    deployment: Deployment
    status: StatusLine = field(default_factory=StatusLine)
    show_details: Callable[[Row | None], None] = lambda _row: None
    open_day_of: Callable[[str, str], None] = lambda _kind, _value: None
    add_to_incident: Callable[[Sequence[Connection]], None] = lambda _connections: None
    changed: Callable[[], None] = lambda: None
    # The format of a hand-over.
    format: Callable[[], str] = lambda: "text"

    def __post_init__(self) -> None:
        self._changes = SeverityChanges(self.day, self.deployment)

    def score(self, uris: Iterable[str], severity: int | None) -> None:
        """Set the severity of some URIs, or remove it with None; the lists follow."""
        if not (wanted := list(uris)):
            self.status.failed("Select a row first")
            return
        with self.status.during("Recording"):
            changed = counted(self._changes.apply(wanted, severity), "URI")
            self.changed()
            outcome = f"scored {Severity(severity).name.lower()}" if severity else "without a severity again"
            self.status.done(f"{changed} {outcome}")

    def undo(self) -> None:
        """Undo the last change, except for URIs that a colleague has changed since."""
        with self.status.during("Undoing"):
            undone = self._changes.undo()
            if undone is None:
                self.status.failed("Nothing to undo: you have scored nothing of this day")
                return
            ours, others = undone
            self.changed()
            kept = f"; {counted(others, 'URI')} kept: scored by others since" if others else ""
            self.status.done(f"{counted(ours, 'URI')} as before{kept}")

    def uris_of_hosts(self, hosts: Iterable[str]) -> list[str]:
        """Return the day's URIs of some hosts, those of the raw log as well."""
        found = (host_uris(self.day, host, deployment=self.deployment) for host in dict.fromkeys(hosts))
        return list(dict.fromkeys(uri for uris in found for uri in uris))

    def propose_chain(self, connections: Sequence[Connection]) -> None:
        """Put what belongs to the first connection's incident, as far as the log tells, into the incident."""
        with self.status.during("Looking for what led there and what followed"):
            if not connections:
                self.status.failed("Select a row first")
                return
            proposed = chain(self.day, *connections[0], deployment=self.deployment)
            self.add_to_incident(proposed)
            self.status.done(f"{counted(len(proposed), 'connection')} proposed: remove what doesn't belong")

    def hand_over(self, connections: Sequence[Connection], incident: str | None = None) -> None:
        """Write some connections, or the saved incident that they are, to a file of the chosen format."""
        with self.status.during("Writing the file"):
            if not connections:
                self.status.failed("Select a row first")
                return
            path = write_hand_over(
                self.day,
                self.format(),
                incident=incident,
                connections=None if incident else connections,
                deployment=self.deployment,
            )
            what = "the saved incident, " if incident else ""
            self.status.done(f"{what}{counted(len(connections), 'connection')} written to {path}")


class Tabs:
    """Tabs whose lists are read when they are first opened, and again after a change.

    `arrange` is called before a shown tab is read, and with `is_read` after it.
    """

    def __init__(self, panels: Mapping[str, Panel], arrange: Callable[..., None]) -> None:
        self._panels, self._arrange = dict(panels), arrange
        self._outdated = set(panels)
        self.widget = ipywidgets.Tab(
            [panel.widget for panel in panels.values()], titles=list(panels), selected_index=0
        )
        self.widget.observe(lambda _: self._load_shown(), "selected_index")

    @property
    def shown(self) -> str:
        """The title of the tab that is shown."""
        return list(self._panels)[self.widget.selected_index or 0]

    def show(self, title: str, *, changed: bool = False) -> None:
        """Show a tab; read it again if what it shows has `changed`."""
        if changed:
            self._outdated.add(title)
        if title == self.shown:
            self._load_shown()
        else:
            self.widget.selected_index = list(self._panels).index(title)

    def outdate(self, title: str) -> None:
        """Read a tab again when it is opened."""
        self._outdated.add(title)

    def reload(self) -> None:
        """Read the shown tab again now, and the others when they are opened."""
        self._outdated = set(self._panels)
        self._load_shown()

    def _load_shown(self) -> None:
        self._arrange(is_read=False)
        if self.shown in self._outdated:
            self._outdated.discard(self.shown)
            self._panels[self.shown].load()
        self._arrange(is_read=True)
