"""The rows behind URIs that analysts score: of `proxy_scores`, or of the raw log for what it lacks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from proxy_oa_assets.enrichment.score_columns import response_code_name
from proxy_oa_assets.investigation.day_context import in_statements, uri_text
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql import analysts, threats

# Columns as `proxy_scores`.
Rows = list[tuple[object, ...]]

_FULLURI = PROXY_SCORES.column_names.index("fulluri")
_RESPCODE = PROXY_SCORES.column_names.index("respcode")
# For more URIs, the whole day is read: it has some thousand rows.
_MOST_NAMED = 200


class ConnectionRows:
    """Reads the rows of URIs, each URI once."""

    def __init__(self, day: Day, deployment: Deployment) -> None:
        self._day, self._deployment = day, deployment
        self._scored: dict[str, Rows] = {}
        self._raw: dict[str, Rows] = {}

    def scored(self, uris: Iterable[str]) -> Rows:
        """Return their rows of `proxy_scores`."""
        wanted = list(dict.fromkeys(uris))
        asked = [uri for uri in wanted if uri not in self._scored]
        if asked:
            query = analysts.scored_rows(self._day, asked if len(asked) <= _MOST_NAMED else None)
            self._scored |= _by_uri(self._deployment.impala.rows(query), asked)
        return [row for uri in wanted for row in self._scored[uri]]

    def known(self, uris: Iterable[str]) -> Rows:
        """Return their rows of `proxy_scores`, and the earliest request of each connection to the others.

        A row of the raw log has an empty ml_score, word, uri_rep and network_context.
        """
        wanted = list(dict.fromkeys(uris))
        rows = self.scored(wanted)
        others = [uri for uri in wanted if not self._scored[uri]]
        for group in in_statements([uri for uri in others if uri not in self._raw]):
            found = self._deployment.impala.rows(threats.earliest_requests(self._day, group))
            self._raw |= _by_uri(map(_as_scored, found), group)
        return rows + [row for uri in others for row in self._raw[uri]]


def uris_of(rows: Rows) -> set[str]:
    """Return the URIs of rows."""
    return {uri_text(row[_FULLURI]) for row in rows}


def _by_uri(rows: Iterable[tuple[object, ...]], uris: Collection[str]) -> dict[str, Rows]:
    found = defaultdict[str, Rows](list)
    for row in rows:
        found[uri_text(row[_FULLURI])].append(row)
    return {uri: found[uri] for uri in uris}


def _as_scored(row: tuple[object, ...]) -> tuple[object, ...]:
    code = row[_RESPCODE]
    word = ml_score = uri_rep = network_context = ""
    respcode_name = response_code_name(None if code is None else str(code))
    return (*row, word, ml_score, uri_rep, respcode_name, network_context)
