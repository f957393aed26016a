"""The last step of a ranking: its pairs, weighed by feedback and the site's lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from proxy_oa_assets.ranking.feedback import Seen
from proxy_oa_assets.ranking.reasons import Reason
from proxy_oa_assets.ranking.signs import MIDDLE, stands_out

if TYPE_CHECKING:
    import duckdb

    from proxy_oa_assets.ranking.feedback import Feedback
    from proxy_oa_assets.ranking.weights import Bars

_SCHEMA = pa.schema(
    [("clientip", pa.string()), ("host", pa.string()), ("added", pa.float64()), ("reasons", pa.string())]
)


def adjust(connection: duckdb.DuckDBPyConnection, feedback: Feedback, bars: Bars) -> None:
    """Replace `ranked`: points, word and place of the pairs that feedback concerns, and what stands out.

    Last, so that a silenced pair still counts as its neighbours' surroundings.
    """
    agents = [agent for (agent,) in connection.sql("SELECT DISTINCT useragent FROM cell").fetchall()]
    concerned = [agent for agent in agents if agent and feedback.concerns_agent(agent)]
    # Most pairs of a day resemble none.
    seen = connection.execute(
        """SELECT ranked.clientip, ranked.host, agents, ranked.word
        FROM ranked JOIN host ON host.host = ranked.host JOIN (
            SELECT clientip, host, list(DISTINCT useragent) AS agents FROM cell GROUP BY clientip, host
        ) used ON used.clientip = ranked.clientip AND used.host = ranked.host
        WHERE list_contains(?, ranked.host) OR list_contains(?, host.site) OR list_has_any(agents, ?)""",
        [feedback.alike("host"), feedback.alike("site"), concerned],
    ).fetchall()
    added = [
        (client, host, sum(points.values()), ";".join(str(Reason(*each)) for each in points.items()))
        for client, host, agents, word in seen
        if (points := feedback.points(Seen.of(client, host, agents, word)))
    ]
    columns = [list(column) for column in zip(*added, strict=True)] or [[] for _ in _SCHEMA]
    connection.register("adjustment", pa.table(columns, schema=_SCHEMA))
    connection.execute(f"""
CREATE OR REPLACE TEMP TABLE ranked AS
WITH adjusted AS (
    SELECT ranked.* REPLACE (
        round(points + coalesce(added, 0), 4) AS points, concat_ws(';', nullif(word, ''), reasons) AS word)
    FROM ranked LEFT JOIN adjustment
        ON adjustment.clientip = ranked.clientip AND adjustment.host = ranked.host)
SELECT * REPLACE (
    row_number() OVER (ORDER BY points DESC, clientip, host) AS place,
    1 / (1 + exp(points - {MIDDLE})) AS score, {stands_out(bars)} AS stands_out)
FROM adjusted
""")
    connection.unregister("adjustment")
