"""What an analyst looks at first: the suspicious connections, and the requests behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.errors import InvestigationError
from proxy_oa_assets.investigation import statements
from proxy_oa_assets.investigation.investigated import investigated

if TYPE_CHECKING:
    import pandas as pd


def suspicious(
    day: Day | str,
    uri: str | None = None,
    clientip: str | None = None,
    limit: int = 250,
    *,
    deployment: Deployment | None = None,
) -> pd.DataFrame:
    """Return the scored connections that have no severity that day, the lowest ml_score first.

    One row per connection: the columns of `proxy_scores`, of its lowest row, and `scored_rows`, how many rows
    it has there. `uri` is a part of the URI, `clientip` a whole address; None or an empty text filters
    nothing. Raises InvestigationError for a limit below 1.
    """
    if limit < 1:
        raise InvestigationError(f"limit is {limit}; it is the most connections to return, at least 1")
    day, at = investigated(day, deployment)
    return at.impala.query(statements.suspicious(day, uri, clientip, limit))


def details(
    day: Day | str, fulluri: str, clientip: str, *, deployment: Deployment | None = None
) -> pd.DataFrame:
    """Return a connection's rows of `proxy_edge`, earliest first; none if it has none.

    A NULL URI or client is the word `null`.
    """
    day, at = investigated(day, deployment)
    return at.impala.query(statements.details(day, fulluri, clientip))
