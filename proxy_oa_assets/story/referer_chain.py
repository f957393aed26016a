"""Who led to a threat and where it led, from an incident's progression."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.tsv import NULL

if TYPE_CHECKING:
    from proxy_oa_assets.investigation.storyboard import IncidentProgression

# What logs write where a request has no referer.
_NO_REFERER = (None, "", "-", NULL)


@dataclass(frozen=True)
class Step:
    """One page on the way: its URI, or for requests that name no page they came from, None."""

    uri: str | None
    clients: int = 0

    @property
    def text(self) -> str:
        """The URI, or words in its place."""
        return "no page named" if self.uri is None else self.uri


def chain(progression: IncidentProgression) -> tuple[Sequence[Step], Sequence[Step]]:
    """Return the steps that led to a threat, those of most clients first, and the URIs that it led to."""
    clients = defaultdict[str | None, set[str | None]](set)
    for request in progression["requests"]:
        referer = request["referer"]
        clients[None if referer in _NO_REFERER else referer].add(request["clientip"])
    # Sorting keeps those of as many clients in the order of their time.
    came_from = sorted(
        (Step(uri, len(found)) for uri, found in clients.items()), key=lambda step: -step.clients
    )
    return came_from, [Step(NULL if uri is None else uri) for uri in progression["referer_for"]]
