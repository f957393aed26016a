"""The form in which connections become an incident with one story."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence

import ipywidgets
import pandas as pd

from proxy_oa_assets.investigation.day_context import uri_host
from proxy_oa_assets.investigation.incident_file import Incident
from proxy_oa_assets.investigation.incidents import incidents, save_incident, stories_without
from proxy_oa_assets.investigation.listed import Connection
from proxy_oa_assets.investigation.notebook.columns import columns
from proxy_oa_assets.investigation.notebook.comment_form import (
    CommentForm,
    page_updated,
    stories_in_words,
)
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.text_table import Action, TextTable
from proxy_oa_assets.investigation.requests import connections_seen
from proxy_oa_assets.investigation.storyboard import Comment
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import CommentChangedError
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.resources.deployment import Deployment

_CONNECTIONS = columns("first clientip host uri_sev requests fulluri")
_NEW = "New incident"
_SHOWN = 60


class IncidentForm:
    """Title, text and connections of a new or a saved incident, and Save; `on_save` is called with it.

    `selected_uri` is the URI of the connection that is selected in its table, or None; `actions` act on the
    selected connections.
    """

    def __init__(
        self,
        day: Day,
        deployment: Deployment,
        on_save: Callable[[Incident], None],
        *,
        on_select: Callable[[str | None], None] = lambda _uri: None,
        actions: Sequence[Action] = (),
        height: str = "160px",
    ) -> None:
        self._day, self._deployment, self._on_save = day, deployment, on_save
        # As it was read: saving replaces no other version.
        self._stored: Incident | None = None
        self._pairs: list[Connection] = []
        # A row of each, as far as it was read.
        self._seen: dict[Connection, tuple[object, ...]] = {}
        self._is_listing = False
        # What isn't saved of others, by key, with the version on which it is based.
        self._drafts: dict[str | None, tuple[Incident | None, Comment, Sequence[Connection]]] = {}
        self.which = ipywidgets.Dropdown(options=[_NEW], layout=ipywidgets.Layout(width="98%"))
        self.which.observe(lambda _: self._choose(), "index")
        remove = Action(
            line="Take out",
            text="Selected",
            title="Take the selected connections out of the incident",
            do=self._remove,
        )
        remove_hosts = Action(
            line="Take out",
            text="Their hosts",
            title="Take all connections to the hosts of the selected ones out of the incident",
            do=self._remove_hosts,
        )
        self.table = TextTable(
            "Connections of the incident",
            selection="several",
            height=height,
            actions=[remove, remove_hosts, *actions],
        )
        self.table.observe(lambda _: on_select(self.selected_uri()), "selected")
        self.form = CommentForm(self._save, what="incident")
        self.status = StatusLine()
        self.widget = ipywidgets.VBox([self.which, self.form, self.status.widget, self.table])
        self._listed: list[Incident] = []
        self.reload()

    @property
    def connections(self) -> list[Connection]:
        """The connections that are listed."""
        return list(self._pairs)

    @property
    def saved_key(self) -> str | None:
        """The key of the shown incident; None unless it is saved as it is shown."""
        return self._stored.key if self._stored and not self._is_changed() else None

    def selected(self, numbers: Sequence[int] | None = None) -> list[Connection]:
        """Return the connections with these numbers, by default the selected ones."""
        return [self._pairs[number] for number in (self.table.selected if numbers is None else numbers)]

    def add(self, connections: Iterable[Connection]) -> None:
        """Add connections; those that it has already stay where they are."""
        before = len(self._pairs)
        with self.status.during("Counting their requests"):
            self._show([*self._pairs, *connections])
            added = counted(len(self._pairs) - before, "connection")
            self.status.done(f"{added} added, {len(self._pairs):,} now. Save incident records them")

    def load(self, incident: Incident | None) -> None:
        """Show a saved incident, or a new one; what isn't saved of it comes back."""
        shown = self._stored.key if self._stored else None
        if self._is_changed():
            self._drafts[shown] = self._stored, self.form.written, self._pairs
        draft = self._drafts.pop(incident.key if incident else None, None)
        saved = (incident, incident.comment, incident.connections) if incident else (None, Comment(), ())
        self._stored, comment, pairs = draft or saved
        self.form.show(comment)
        self._list()
        with self.status.during("Counting its requests"):
            self._show(pairs)
            self.status.done("Your earlier draft, not saved yet" if draft else "")

    def reload(self) -> None:
        """Read the saved incidents, and severities, again; what is written stays."""
        with self.status.during("Reading the incidents"):
            self._listed = incidents(self._day, deployment=self._deployment)
            self._list()
            self._seen.clear()
            self._show(self._pairs)
            self.status.done("")

    def selected_uri(self) -> str | None:
        """Return the URI of the selected connection; None unless it is one."""
        chosen = self.selected()
        return chosen[0][1] if len(chosen) == 1 else None

    def _is_changed(self) -> bool:
        stored = self._stored
        saved = (stored.comment, list(stored.connections)) if stored else (Comment(), [])
        return (self.form.written, self._pairs) != saved

    def _list(self) -> None:
        keys = [each.key for each in self._listed]
        stored = self._stored.key if self._stored else None
        index = keys.index(stored) + 1 if stored in keys else 0
        titles = (f"{each.first_seen[11:]} {printable(each.title, _SHOWN)}" for each in self._listed)
        self._is_listing = True
        # By number: several can have one title.
        self.which.options = [(title, number) for number, title in enumerate((_NEW, *titles))]
        self.which.index = index
        self._is_listing = False

    def _choose(self) -> None:
        if self._is_listing:
            return
        number = self.which.index or 0
        chosen = self._listed[number - 1] if number else None
        if (chosen and chosen.key) != (self._stored and self._stored.key):
            self.load(chosen)

    def _show(self, connections: Iterable[Connection]) -> None:
        self._pairs = list(dict.fromkeys(connections))
        try:
            unseen = [pair for pair in self._pairs if pair not in self._seen]
            found = connections_seen(self._day, unseen, deployment=self._deployment)
            self._seen.update(zip(unseen, records(found), strict=True))
        finally:
            names = ["first", "clientip", "host", "fulluri", "requests", "uri_sev"]
            unread = ((None, client, None, uri, 0, 0) for client, uri in self._pairs)
            rows = [self._seen.get(pair, row) for pair, row in zip(self._pairs, unread, strict=True)]
            frame = pd.DataFrame(rows, columns=names)
            self.table.show(frame, _CONNECTIONS, empty="No connection yet: select rows and add them")

    def _remove(self) -> None:
        self._keep(set(self._pairs) - set(self.selected()))

    def _remove_hosts(self) -> None:
        hosts = {uri_host(uri).lower() for _, uri in self.selected()}
        self._keep({pair for pair in self._pairs if uri_host(pair[1]).lower() not in hosts})

    def _keep(self, kept: Container[Connection]) -> None:
        with self.status.during("Taking them out"):
            self._show(pair for pair in self._pairs if pair in kept)
            self.status.done(f"{counted(len(self._pairs), 'connection')} left. Save incident records it")

    def _save(self) -> None:
        with self.status.during("Saving the incident"):
            written, stored = self.form.written, self._stored
            try:
                saved = save_incident(
                    self._day,
                    written.title,
                    written.text,
                    self._pairs,
                    key=stored.key if stored else None,
                    top=self.form.clients,
                    over=stored,
                    deployment=self._deployment,
                )
            except CommentChangedError as error:
                self._replace_unseen(str(error))
                return
            self._stored = saved
            self._listed = incidents(self._day, deployment=self._deployment)
            self._list()
            self._on_save(saved)
            behind = stories_without(self._day, saved.key, deployment=self._deployment).values()
            hidden = [story for story in behind if story]
            named = stories_in_words(hidden, (each for each in self._listed if each != saved))
            also = (
                f"{counted(len(hidden), 'URI')} of it had another story, which comes back if this is "
                f"deleted: {named}"
            )
            said = (
                f"Saved: {counted(len(saved.connections), 'connection')}, "
                f"{counted(len(saved.uris), 'URI')}, {counted(len(saved.hosts), 'host')}, "
                f"{counted(len(saved.clients), 'client')}"
            )
            page_updated(self._day, self._deployment, f"{said}; {also}" if hidden else said, self.status)

    def _replace_unseen(self, changed: str) -> None:
        """Let the next Save replace what a colleague saved, once that is shown."""
        self._listed = incidents(self._day, deployment=self._deployment)
        key = self._stored.key if self._stored else None
        self._stored = next((each for each in self._listed if each.key == key), None)
        self._list()
        theirs = (
            f"by {self._stored.by}: title {self._stored.title!r}, text {self._stored.text!r}, "
            f"{counted(len(self._stored.connections), 'connection')}. Save incident again replaces it"
            if self._stored
            else "Save incident again saves a new one"
        )
        self.status.failed(f"{changed}: {theirs}")
