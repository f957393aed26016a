"""Who gave which severity when, taking the last change back, and the severities of earlier days."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import day_context, in_statements
from proxy_oa_assets.investigation.journal_file import Change, Given, made, read_journal
from proxy_oa_assets.investigation.score import Plan, change, change_severities, severities_by_uri, threats
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.analysts import given_to_hosts, given_to_uris

if TYPE_CHECKING:
    import pandas as pd

_EARLIER_DAYS = 366


@dataclass(frozen=True)
class Undone:
    """A change that was undone: `uris` are as they were before it, `kept` as others left them since."""

    change: Change
    uris: list[str]
    kept: list[str]


class SeverityChanges:
    """Changes severities, and undoes the analyst's changes."""

    def __init__(self, day: Day, deployment: Deployment) -> None:
        self._day, self._deployment = day, deployment

    def apply(self, uris: Iterable[str], severity: int | None) -> int:
        """Set the severity of some URIs, or remove it with None; return the number of URIs."""
        return len(change_severities(self._day, dict.fromkeys(uris, severity), deployment=self._deployment))

    def undo(self) -> tuple[int, int] | None:
        """Undo the analyst's last change, except for URIs that a colleague has changed since.

        Returns the numbers of undone and of kept URIs; None if there is no change.
        """
        undone = undo_last(self._day, deployment=self._deployment)
        return None if undone is None else (len(undone.uris), len(undone.kept))


def history(
    day: Day | str, fulluri: str | None = None, *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return who changed which severity when, of a URI or of all of the day's, the last change first.

    Columns: at (UTC, ISO 8601), by, fulluri, before and after (1 high, 2 medium, 3 low, NULL none), undo
    (whether it took a change back). A change is there from the first version with a journal on.
    """
    import pandas as pd

    day, deployment = day_context(day, deployment)
    now = severities_by_uri(threats(day, deployment=deployment))
    rows = [
        (each.change.at, each.change.by, each.fulluri, each.before, each.after, bool(each.change.undoes))
        for each in made(read_journal(day, deployment), now)
        if fulluri in (None, each.fulluri)
    ]
    frame = pd.DataFrame(rows, columns=["at", "by", "fulluri", "before", "after", "undo"])
    return frame.astype({"before": "Int32", "after": "Int32", "undo": "bool"})


def undo_last(day: Day | str, *, deployment: Deployment | None = None) -> Undone | None:
    """Undo the last change of this analyst that isn't undone yet, from any notebook or program; None if none.

    Calling it again undoes the change before that one. URIs that others changed since, also to the same
    severity, stay as they are.
    """
    day, deployment = day_context(day, deployment)
    found = list[Undone]()

    def plan(now: Mapping[str, Severity]) -> Plan:
        last, in_force = _last(read_journal(day, deployment), now, deployment.workspace.analyst)
        if last is None:
            return Plan({})
        kept = [uri for uri in last.severities if uri not in in_force]
        found.append(Undone(last, in_force, kept))
        return Plan({uri: last.severities[uri][0] for uri in in_force}, undoes=last.key)

    change(day, deployment, plan)
    return found[0] if found else None


def earlier_severities(
    day: Day | str,
    *,
    hosts: Collection[str] = (),
    uris: Collection[str] = (),
    deployment: Deployment | None = None,
) -> pd.DataFrame:
    """Return the severities that URIs, or URIs of hosts, had on the year of days before, the last day first.

    Columns: day (YYYY-MM-DD), fulluri, uri_sev, by and at (of its last change; empty if no journal has it).
    """
    import pandas as pd

    day, deployment = day_context(day, deployment)
    first, last = day.plus(-_EARLIER_DAYS), day.plus(-1)
    found = set[tuple[str, str, int]]()
    for select, names in ((given_to_uris, uris), (given_to_hosts, hosts)):
        for group in in_statements(names):
            for number, uri, severity in deployment.impala.rows(select(first, last, group)):
                found.add((str(number), str(uri), int(str(severity))))
    scored_by = dict[str, dict[tuple[str, Given], Change]]()
    rows = list[tuple[object, ...]]()
    for number, uri, severity in sorted(found, key=lambda row: (-int(row[0]), row[2], row[1])):
        given_on = Day.of_folder(number)
        if given_on is None:
            raise ValueError(f"{number} is no day")
        if number not in scored_by:
            scored_by[number] = {
                (each, after): entry
                for entry in read_journal(given_on, deployment)
                for each, (_, after) in entry.severities.items()
            }
        scorer = scored_by[number].get((uri, severity))
        rows.append((given_on.key, uri, severity, scorer.by if scorer else "", scorer.at if scorer else ""))
    frame = pd.DataFrame(rows, columns=["day", "fulluri", "uri_sev", "by", "at"])
    return frame.astype({"uri_sev": "Int32"})


def earlier_in_words(earlier: pd.DataFrame) -> list[str]:
    """Return sentences such as `High on 2018-01-30 by anna: host/path` about `earlier_severities`."""
    found = records(earlier[["day", "fulluri", "uri_sev", "by"]])
    return [
        f"{Severity(int(str(severity))).name.capitalize()} on {day}{f' by {by}' if by else ''}: {uri}"
        for day, uri, severity, by in found
    ]


def _last(
    journal: list[Change], now: Mapping[str, Severity], analyst: str
) -> tuple[Change | None, list[str]]:
    """Return an analyst's last change that isn't undone, and its URIs that weren't changed since."""
    happened = list(made(journal, now))
    keys = {each.change.key for each in happened}
    undone = {each.undoes for each in journal if each.undoes and (not each.severities or each.key in keys)}
    standing = keys - undone - {each.key for each in journal if each.undoes}
    last = next((each for each in reversed(journal) if each.by == analyst and each.key in standing), None)
    if last is None:
        return None, []
    latest = dict[str, str]()
    for each in happened:
        if each.change.key in standing:
            latest.setdefault(each.fulluri, each.change.key)
    return last, [
        uri
        for uri, (_, after) in last.severities.items()
        if latest.get(uri) == last.key and now.get(uri) == after
    ]
