"""What stands around a pair: what sent the client there, where it sent it, and what happened close by in time.

A landing page, the exploit, the payload and the first call home appear together; each says little alone.
"""

from proxy_oa_assets.ranking.weights import Context


def rounds(context: Context) -> str:
    """Return the statement of one round, which replaces the column `s` of `scored`.

    In a round, a pair gets shares of its neighbours' points: of the pair that referred to it, of the best one
    that it referred to, and of the mean of the two best that began within some seconds on the same client.
    The last share is divided by how crowded that time is. A popular site gets less of all.
    """
    window = (
        f"PARTITION BY clientip ORDER BY first_second RANGE BETWEEN {context.near_seconds} PRECEDING "
        f"AND {context.near_seconds} FOLLOWING"
    )
    return f"""
CREATE OR REPLACE TEMP TABLE scored AS
WITH p AS (SELECT * EXCLUDE (led, leads, near) REPLACE (greatest(s, 0) AS s) FROM scored),
close AS (
    SELECT clientip, host, s AS own, max(s, 3) OVER ({window}) AS top, count(*) OVER ({window}) AS crowd
    FROM p),
mates AS (
    SELECT clientip, host,
        CASE WHEN len(top) = 1 THEN 0 WHEN len(top) = 2 THEN top[1] + top[2] - own
            WHEN own >= top[2] THEN (top[1] + top[2] + top[3] - own) / 2 ELSE (top[1] + top[2]) / 2 END
        / greatest(1, crowd / {context.crowd}) AS near
    FROM close),
led_to AS (
    SELECT clientip, entry_host AS host, max(s) AS best FROM p WHERE entry_host IS NOT NULL
    GROUP BY clientip, entry_host),
told AS (
    SELECT p.*, {context.referred} * coalesce(parent.s, 0) * share AS led,
        {context.refers} * coalesce(led_to.best, 0) * share AS leads,
        {context.near} * mates.near * share AS near
    FROM (SELECT *, CASE WHEN is_popular THEN {context.popular_share} ELSE 1 END AS share FROM p) p
    JOIN mates ON mates.clientip = p.clientip AND mates.host = p.host
    LEFT JOIN led_to ON led_to.clientip = p.clientip AND led_to.host = p.host
    LEFT JOIN p AS parent ON parent.clientip = p.clientip AND parent.host = p.entry_host)
SELECT * EXCLUDE (share) REPLACE (base + led + leads + near AS s) FROM told
"""
