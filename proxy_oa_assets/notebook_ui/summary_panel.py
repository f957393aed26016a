"""What an analyst writes about a threat: a title and a text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.frames import records
from proxy_oa_assets.investigation.investigated import uri_text
from proxy_oa_assets.investigation.storyboard import save_storyboard, storyboard
from proxy_oa_assets.notebook_ui.status import Status

_WIDE = ipywidgets.Layout(width="98%")


@dataclass(frozen=True)
class _Comment:
    """A comment as it is stored."""

    title: str = ""
    text: str = ""


class SummaryPanel:
    """The fields and Save; `saved` is called when a story was saved."""

    def __init__(self, day: Day, at: Deployment, saved: Callable[[], None]) -> None:
        self._day, self._at, self._saved = day, at, saved
        self._fulluri = ""
        # What was written of other threats and not saved yet, and what was stored when it was begun.
        self._drafts: dict[str, _Comment] = {}
        self._stored = _Comment()
        self.title = ipywidgets.Text(description="Title", placeholder="What it is, in a line", layout=_WIDE)
        self.text = ipywidgets.Textarea(
            description="Text",
            placeholder="What happened, who is concerned, what to do",
            rows=6,
            layout=_WIDE,
        )
        self.top = ipywidgets.BoundedIntText(
            20,
            1,
            1000,
            description="Clients in the timeline",
            style={"description_width": "initial"},
            layout=ipywidgets.Layout(width="16em"),
        )
        self.save = ipywidgets.Button(description="Save story", icon="save", button_style="primary")
        self.save.on_click(lambda _: self._save())
        self.status = Status()
        heading = ipywidgets.HTML("<h3>Threat summary</h3>")
        bar = ipywidgets.HBox([self.top, self.save, self.status.widget])
        self.widget = ipywidgets.VBox([heading, self.title, self.text, bar])

    def load(self, fulluri: str) -> None:
        """Be about another threat: show its comment, or what was begun to write of it."""
        self._keep_draft()
        self._fulluri = fulluri
        with self.status.during("Reading the comment"):
            self._stored = self._read()
            draft = self._drafts.pop(fulluri, None)
            self._show(draft or self._stored)
            self.status.done("Not saved yet: what you wrote earlier" if draft else "")

    def _save(self) -> None:
        with self.status.during("Saving the story"):
            stored = self._read()
            if stored != self._stored:
                self._stored = stored
                self.status.failed(
                    f"Somebody else has saved a comment meanwhile. Its title: {stored.title!r}, its text: "
                    f"{stored.text!r}. Nothing was saved; Save story again replaces it"
                )
                return
            written = self._written()
            if not written.title.strip():
                self.status.failed("A story has a title: write one")
                return
            save_storyboard(
                self._day, self._fulluri, written.title, written.text, self.top.value, deployment=self._at
            )
            self._stored = written
            self._saved()
            self.status.done("Saved: the comment, the timeline and the incident progression")

    def _keep_draft(self) -> None:
        if self._written() != self._stored:
            self._drafts[self._fulluri] = self._written()

    def _read(self) -> _Comment:
        comments = storyboard(self._day, deployment=self._at)
        for threat, title, text in records(comments[["p_threat", "title", "text"]]):
            if uri_text(threat) == self._fulluri:
                return _Comment(str(title or ""), str(text or ""))
        return _Comment()

    def _written(self) -> _Comment:
        return _Comment(self.title.value, self.text.value)

    def _show(self, comment: _Comment) -> None:
        self.title.value, self.text.value = comment.title, comment.text
