"""The rows of `proxy_scores`, made from ranked rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from proxy_oa_assets.enrichment.connection_hash import connection_hash
from proxy_oa_assets.enrichment.network_context import NetworkContext
from proxy_oa_assets.enrichment.response_codes import response_code_name
from proxy_oa_assets.enrichment.severity import severities
from proxy_oa_assets.model.tables import records

if TYPE_CHECKING:
    import pandas as pd


def as_scores(ranked: pd.DataFrame) -> pd.DataFrame:
    """Return ranked rows with the column names of `proxy_scores`."""
    return ranked.rename(columns={"p_date": "tdate", "p_time": "time", "score": "ml_score"})


def enrich(
    rows: pd.DataFrame,
    *,
    uri_rep: Mapping[str, str],
    reputation_column: str,
    network: NetworkContext,
    scored: pd.DataFrame,
) -> pd.DataFrame:
    """Return the rows with uri_rep, respcode_name, network_context, uri_sev and hash, in the same order.

    `uri_rep` is by the values of `reputation_column`; `scored` is the day of `proxy_threat_investigation`.
    """
    context_of = {client: network.describe(client) for client in rows["clientip"].dropna().unique()}
    looked_up, clients = _texts(rows, reputation_column), _texts(rows, "clientip")
    return rows.assign(
        uri_rep=["" if value is None else uri_rep[value] for (value,) in looked_up],
        respcode_name=[response_code_name(code) for (code,) in _texts(rows, "respcode")],
        network_context=["" if client is None else context_of[client] for (client,) in clients],
        uri_sev=severities(rows["fulluri"], scored),
        hash=[connection_hash(*row) for row in _texts(rows, "clientip", "fulluri", "time")],
    )


def _texts(rows: pd.DataFrame, *columns: str) -> Iterator[tuple[str | None, ...]]:
    return cast("Iterator[tuple[str | None, ...]]", records(rows[list(columns)]))
