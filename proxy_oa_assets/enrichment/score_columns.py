"""The rows of `proxy_scores`, made from ranked rows: response codes in words, severities, connection hashes.

`response_codes.csv` holds the IANA HTTP Status Code Registry (2025-09) and the well-known codes that servers
use without registration; its column `source` says where each name is from.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from proxy_oa_assets.enrichment.network_context import NetworkContext
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.model.tsv import NULL

if TYPE_CHECKING:
    import pandas as pd

# What logs write where there is no code; `-` is the convention of Squid, Zeek and Blue Coat.
NO_CODE = ("", "-")
# A code that passed through a column of doubles.
_OF_DOUBLE = re.compile(r"...\.0", re.DOTALL)


class Severity(IntEnum):
    """An analyst's severity, lowest gravest; a reputation's `Risk` counts the other way."""

    HIGH = 1
    MEDIUM = 2
    LOW = 3


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


@cache
def response_codes() -> dict[str, str]:
    """Return the name of each known code, by the code's text."""
    with Path(__file__).with_name("response_codes.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def response_code_name(code: str | None) -> str:
    """Return a code's name; `Unknown (<code>)` for an unlisted one, the empty string for none."""
    if code is None or code in NO_CODE:
        return ""
    known = response_codes().get(code[:3] if _OF_DOUBLE.fullmatch(code) else code)
    return known or f"Unknown ({code})"


def listed_code_sql(column: str) -> str:
    """Return the SQL expression of the code that a column's text stands for, as the registry lists it."""
    return f"CASE WHEN {column} LIKE '___.0' THEN substr({column}, 1, 3) ELSE {column} END"


def response_code_name_sql(column: str, listed: str) -> str:
    """Return the rule of `response_code_name` as a SQL expression over a column of `tables.py`.

    `listed` is a column with its `listed_code_sql`; engines would evaluate an expression once per code. No
    name in the table has a quote character, so that the literals mean the same to every engine.
    """
    whens = " ".join(f"WHEN '{code}' THEN '{name}'" for code, name in response_codes().items())
    none = " ".join(f"WHEN '{code}' THEN ''" for code in NO_CODE)
    unknown = f"concat('Unknown (', {column}, ')')"
    return f"CASE WHEN {column} IS NULL THEN '' ELSE CASE {listed} {none} {whens} ELSE {unknown} END END"


def gravest_severities(scored: pd.DataFrame) -> pd.DataFrame:
    """Return the row with the gravest severity of each URI, sorted by severity and URI.

    `scored` has the columns fulluri and uri_sev. Spot's own tables can hold a URI twice, and rows whose
    severity is 0, NULL or another number that isn't a `Severity`: these don't count.
    """
    given = scored[scored["uri_sev"].isin(list(Severity))].sort_values(["uri_sev", "fulluri"])
    return given.drop_duplicates("fulluri").reset_index(drop=True)


def severities(fulluri: pd.Series[str], scored: pd.DataFrame) -> pd.Series[int]:
    """Return each URI's severity, 0 where it has none. A NULL URI is the word `null`."""
    given = gravest_severities(scored).set_index("fulluri")["uri_sev"]
    return fulluri.fillna(NULL).map(given).fillna(0).astype("int64")


def hour_text(time: str | None) -> str:
    """Return the two-digit hour of a time `HH:MM:SS` (`H:MM:SS` too), or `xx` where it has none."""
    match = re.match(r"(\d{1,2}):", time or "", re.ASCII)
    return match.group(1).zfill(2) if match else "xx"


def connection_hash(clientip: str | None, fulluri: str | None, time: str | None) -> str:
    """Return md5 hex of client and URI, followed by the hour: Spot's name for the row's edge file.

    A NULL counts as the word `null`, as it stands in `proxy_results.csv`. md5 is the contract's choice of a
    name, not a protection.
    """
    return _md5(clientip, fulluri) + hour_text(time)


def client_hash(clientip: str | None) -> str:
    """Return md5 hex of a client, for the file of all of its connections."""
    return _md5(clientip)


def edge_file_name(clientip: str | None, connection: str) -> str:
    """Return `edge-<clientip>-<hash>.tsv`, where `:` and other characters unsafe in a file name are `_`."""
    safe = re.sub(r"[^0-9A-Za-z.-]", "_", NULL if clientip is None else clientip)
    return f"edge-{safe[:64]}-{connection}.tsv"


def _md5(*values: str | None) -> str:
    named = "".join(NULL if value is None else value for value in values)
    return hashlib.md5(named.encode("utf-8"), usedforsecurity=False).hexdigest()
