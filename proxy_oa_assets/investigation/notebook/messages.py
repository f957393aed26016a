"""What the browser's part of a widget sends.

A message of another form, or about rows that aren't there, is left out: the browser's part can be broken, of
another version, or another program with the kernel's key.
"""

import logging
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from proxy_oa_assets.investigation.notebook.columns import Pivot

Place = Annotated[int, Field(ge=0)]


class Message(BaseModel):
    """A message about the content of a version."""

    model_config = ConfigDict(strict=True, frozen=True)

    version: int


class ViewMessage(Message):
    """The `number`th message of a view, with the places of what it selects."""

    view: str = ""
    number: int = 0
    selected: list[Place] = []


class TableMessage(ViewMessage):
    """A table's: a selection, an action on it, or a call about a row, a page or a column."""

    action: Place | None = None
    confirmed: str | None = None
    then: list[Place] | None = None
    call: Literal["open", "pivot", "page", "sort"] | None = None
    kind: Pivot | None = None
    row: Place = 0
    offset: Place = 0
    column: str | None = None
    descending: bool = False
    columns: list[str] = []

    @property
    def rows(self) -> set[int]:
        """The numbers of all rows that it is about."""
        return {*self.selected, *(self.then or ()), *([self.row] if self.call in ("open", "pivot") else ())}


class CommentMessage(Message):
    """A form's: what was written, and whether it is to be saved."""

    title: str | None
    text: str | None
    clients: Annotated[int, Field(ge=1)] = 1
    saved: bool


AnyMessage = TypeVar("AnyMessage", bound=Message)


def understood(form: type[AnyMessage], message: Mapping[str, Any]) -> AnyMessage | None:
    """Return a message, or None for one that has another form, which is logged without its content."""
    try:
        return form.model_validate(message)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))[:80]
        _leave_out(f"its {where!r} has another form" if where else "it has another form")
        return None


def has_places(places: Collection[int], number: int) -> bool:
    """Return whether all places are below a number; log if they aren't."""
    if all(place < number for place in places):
        return True
    _leave_out(f"it is about place {max(places):,} of {number:,}")
    return False


def _leave_out(reason: str) -> None:
    logging.getLogger(__name__).warning("Ignored a message from the browser: %s; reload the page", reason)
