"""What stands around a pair: what sent the client there, where that led, and what was close by in time.

A landing page, the exploit, the payload and the first call home appear together; each says little alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from proxy_oa_assets.ranking.weights import Context

# Pairs by number, so that the rounds compare no text: `id` is the row of `scored`.
_SPOTS = """
CREATE OR REPLACE TEMP TABLE spot AS
WITH numbered AS (
    SELECT rowid AS id, dense_rank() OVER (ORDER BY clientip) AS client, host, entry_host, first_second,
        is_popular, base
    FROM scored)
SELECT pair.id, pair.client, pair.first_second, parent.id AS parent,
    pair.is_popular, pair.base, pair.base AS s, 0.0 AS led, 0.0 AS leads, 0.0 AS near
FROM numbered pair
LEFT JOIN numbered parent ON parent.client = pair.client AND parent.host = pair.entry_host
"""


def surround(connection: duckdb.DuckDBPyConnection, context: Context) -> None:
    """Make `spot`: points of each row of `scored` with its surroundings, s, and what those give."""
    connection.execute(_SPOTS)
    for _ in range(context.rounds):
        connection.execute(_round(context))


def _round(context: Context) -> str:
    """Return the statement of one round, which replaces `spot`.

    In a round, a pair gets shares of its neighbours' points: of the pair that referred to it, of the best one
    that it referred to, and of the mean of the two best that began within some seconds on the same client.
    The last share is divided by how crowded that time is, and limited. A popular site gets less of all.
    """
    window = (
        f"PARTITION BY client ORDER BY first_second RANGE BETWEEN {context.near_seconds} PRECEDING "
        f"AND {context.near_seconds} FOLLOWING"
    )
    return f"""
CREATE OR REPLACE TEMP TABLE spot AS
WITH p AS (
    SELECT * REPLACE (greatest(s, 0) AS s),
        CASE WHEN is_popular THEN {context.popular_share} ELSE 1 END AS share
    FROM spot),
close AS (
    SELECT id, s AS own, max(s, 3) OVER ({window}) AS top, count(*) OVER ({window}) AS crowd FROM p),
mates AS (
    SELECT id,
        CASE WHEN len(top) = 1 THEN 0 WHEN len(top) = 2 THEN top[1] + top[2] - own
            WHEN own >= top[2] THEN (top[1] + top[2] + top[3] - own) / 2 ELSE (top[1] + top[2]) / 2 END
        / greatest(1, crowd / {context.crowd}) AS near
    FROM close),
led_to AS (SELECT parent AS id, max(s) AS best FROM p WHERE parent IS NOT NULL GROUP BY parent),
neighbours AS (
    SELECT p.id, {context.referred} * coalesce(parent.s, 0) * p.share AS led,
        {context.refers} * coalesce(led_to.best, 0) * p.share AS leads,
        least({context.near_most}, {context.near} * mates.near) * p.share AS near
    FROM p
    JOIN mates ON mates.id = p.id
    LEFT JOIN led_to ON led_to.id = p.id
    LEFT JOIN p AS parent ON parent.id = p.parent)
SELECT spot.* EXCLUDE (s, led, leads, near), base + n.led + n.leads + n.near AS s, n.led, n.leads, n.near
FROM spot JOIN neighbours n ON n.id = spot.id
"""
