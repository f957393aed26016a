"""The fields in which an analyst writes a story, and what is said once it is saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from proxy_oa_assets.investigation.incident_file import Incident
from proxy_oa_assets.investigation.notebook.messages import CommentMessage, understood
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.progressions import MOST_CLIENTS
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.investigation.storyboard import LONGEST_TEXT, LONGEST_TITLE, Comment
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ProxyOaError
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.resources.deployment import Deployment

_TITLE, _NAMED = 60, 3


class CommentForm(anywidget.AnyWidget):
    """Fields for title, text and the number of clients in the timeline, and Save, which calls `save`.

    ipywidgets' fields send their values as state, which a click can overtake while the kernel is busy: the
    story would lack the last words. `what` is the noun on the button.
    """

    _esm = Path(__file__).with_name("comment_form.js")
    _css = Path(__file__).with_name("comment_form.css")

    content = traitlets.Dict().tag(sync=True)
    what = traitlets.Unicode().tag(sync=True)
    longest = traitlets.Dict({"title": LONGEST_TITLE, "text": LONGEST_TEXT}).tag(sync=True)

    def __init__(self, save: Callable[[], None], clients: int = MOST_CLIENTS, *, what: str = "story") -> None:
        super().__init__(what=what)
        # The browser's part can write `content`.
        self._version = -1
        self.clients, self._save = clients, save
        self.show(Comment())
        self.on_msg(self._receive)

    def show(self, comment: Comment) -> None:
        """Show another comment in the fields."""
        self.written = comment
        self._version += 1
        self.content = {
            "version": self._version,
            "title": comment.title,
            "text": comment.text,
            "clients": self.clients,
        }

    def _receive(self, _widget: object, message: Mapping[str, Any], _buffers: object) -> None:
        """Apply what was written, unless it is about a threat that is no longer shown."""
        sent = understood(CommentMessage, message)
        if sent is None or sent.version != self._version:
            return
        self.written = Comment.of(sent.title, sent.text)
        self.clients = sent.clients
        if sent.saved:
            self._save()


def stories_in_words(stories: Iterable[Comment | None], others: Iterable[Incident]) -> str:
    """Return which stories URIs have, such as `'Kit' (18 URIs)`; those of `others` are called incidents."""
    of_incidents = {incident.comment for incident in others}
    counts = Counter(story for story in stories if story is not None).most_common()
    named = [
        f"{'the incident ' if story in of_incidents else ''}"
        f"'{printable(story.title or 'without a title', _TITLE)}' ({counted(uris, 'URI')})"
        for story, uris in counts[:_NAMED]
    ]
    more = [f"{len(counts) - _NAMED:,} more"] if len(counts) > _NAMED else []
    return ", ".join([*named, *more])


def page_updated(day: Day, deployment: Deployment, done: str, status: StatusLine) -> None:
    """Write the page of the day's stories again, after a change; say both, `done` first."""
    try:
        page = write_story(day, deployment=deployment).path
    except ProxyOaError as error:
        status.failed(f"{done}. The page of the day's stories wasn't updated: {error}")
    else:
        status.done(f"{done}. Page of the day's stories: {page}")
