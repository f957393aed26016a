"""The severities that this notebook gave, newest last, and how they are taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.frames import records
from proxy_oa_assets.investigation import scoring
from proxy_oa_assets.investigation.investigated import uri_text


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
        chosen = list(dict.fromkeys(uris))
        before = self._now()
        self._record(chosen, severity)
        self._changes.append(_Change({uri: before.get(uri) for uri in chosen}, severity))
        return len(chosen)

    def undo(self) -> tuple[int, int] | None:
        """Take back what was done last; None if there is nothing.

        Returns how many URIs are as before, and how many somebody else has changed meanwhile: those stay.
        """
        if not self._changes:
            return None
        change, now = self._changes[-1], self._now()
        ours = [uri for uri in change.before if now.get(uri) == change.after]
        for severity in (None, *scoring.SEVERITIES):
            self._record([uri for uri in ours if change.before[uri] == severity], severity)
        # Only now: where recording failed, Undo can be pressed again.
        self._changes.pop()
        return len(ours), len(change.before) - len(ours)

    def _now(self) -> dict[str, int]:
        given = scoring.threats(self._day, deployment=self._at)[["fulluri", "uri_sev"]]
        return {uri_text(uri): int(str(severity)) for uri, severity in records(given)}

    def _record(self, uris: list[str], severity: int | None) -> None:
        if not uris:
            return
        if severity is None:
            scoring.undo_score(self._day, uris, deployment=self._at)
        else:
            scoring.score(self._day, severity, uris, deployment=self._at)
