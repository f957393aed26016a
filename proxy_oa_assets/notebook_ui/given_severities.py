"""The severities that this notebook gave, newest last, and how they are taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.investigation import scoring


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
