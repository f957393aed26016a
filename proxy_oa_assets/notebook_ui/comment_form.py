"""The form in which an analyst writes what happened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from proxy_oa_assets.investigation.storyboard import Comment


class CommentForm(anywidget.AnyWidget):
    """Title, text, how many clients the timeline shows, and Save; `save` is called by its click.

    ipywidgets' own fields would send their values as state, which a click can overtake while the kernel is
    busy: the story would be saved without the last words.
    """

    _esm = Path(__file__).with_name("comment_form.js")
    _css = Path(__file__).with_name("comment_form.css")

    content = traitlets.Dict().tag(sync=True)

    def __init__(self, save: Callable[[], None], clients: int = 20) -> None:
        super().__init__(content={"version": 0, "title": "", "text": "", "clients": clients})
        self.written = Comment()
        self.clients = clients
        self._save = save
        self.on_msg(self._receive)

    def show(self, comment: Comment) -> None:
        """Show another comment in the fields."""
        self.written = comment
        self.content = {
            "version": self.content["version"] + 1,
            "title": comment.title,
            "text": comment.text,
            "clients": self.clients,
        }

    def _receive(self, _widget: object, message: Mapping[str, Any], _buffers: object) -> None:
        """Take what was written, unless it is about a threat that is no longer shown."""
        if message["version"] != self.content["version"]:
            return
        self.written = Comment.of(message["title"], message["text"])
        self.clients = message["clients"]
        if message["saved"]:
            self._save()
