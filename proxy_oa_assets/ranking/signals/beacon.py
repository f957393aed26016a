"""The client asks at regular intervals, for long.

The statistics are those of RITA: how symmetric the intervals are about their median (Bowley skew) and how
near to it (median absolute deviation), the same of the sizes, and how much of the client's own active time
the requests cover. Requests within some seconds are one visit, so that a page with its parts isn't many.
Each path is looked at by itself, too, so that visits to pages of the host don't hide a beacon to it.
A page that reloads itself asks several hosts at once, each time, which a log without referers shows, too.
"""

from proxy_oa_assets.ranking.signal import Signal

_VISIT = 3  # seconds
_PAGE_HOSTS = 3
_TABLE = f"""
WITH moments AS (
    SELECT clientip, second // {_VISIT} AS moment, count(DISTINCT host) >= {_PAGE_HOSTS} AS like_page
    FROM times GROUP BY clientip, moment),
-- How often the client asks several hosts at once when it asks this one, beyond how often it does so anyway.
usual AS (
    SELECT clientip, count_if(like_page) / (max(moment) - min(moment) + 1) AS share FROM moments
    GROUP BY clientip),
company AS (
    SELECT host, clientip, within((avg(CASE WHEN like_page THEN 1 ELSE 0 END) - any_value(share))
        / greatest(0.1, 1 - any_value(share))) AS value
    FROM (SELECT DISTINCT clientip, host, second // {_VISIT} AS moment FROM times)
    JOIN moments USING (clientip, moment) JOIN usual USING (clientip)
    GROUP BY clientip, host),
series AS (
    SELECT clientip, host, NULL AS path, second, max(size) AS size, min(cold) AS cold FROM times
    GROUP BY clientip, host, second
    UNION ALL
    SELECT clientip, host, concat(reqmethod, ' ', uripath), second, max(size), min(cold) FROM times
    GROUP BY clientip, host, reqmethod, uripath, second),
starts AS (
    SELECT *, second - lag(second) OVER (PARTITION BY clientip, host, path ORDER BY second) AS since
    FROM series),
steps AS (
    SELECT *, second - lag(second) OVER (PARTITION BY clientip, host, path ORDER BY second) AS gap
    FROM starts WHERE since IS NULL OR since >= {_VISIT}),
figures AS (
    SELECT clientip, host, path, count(gap) AS gaps, max(second) - min(second) AS span, avg(cold) AS cold,
        quantile_cont(gap, [0.25, 0.5, 0.75]) AS q, mad(gap) AS gap_mad,
        quantile_cont(size, 0.5) AS size_median, mad(size) AS size_mad
    FROM steps GROUP BY clientip, host, path HAVING count(gap) >= 5),
judged AS (
    SELECT f.*, q[2] AS every,
        CASE WHEN q[3] - q[1] >= 1 AND q[2] <> q[1] AND q[2] <> q[3]
            THEN 1 - abs(q[1] + q[3] - 2 * q[2]) / (q[3] - q[1]) ELSE 1 END AS evenness,
        within(1 - gap_mad / greatest(q[2], 1)) AS steady,
        CASE WHEN size_median > 0 THEN within(1 - size_mad / size_median) ELSE 1 END AS same_size,
        within(span / (0.5 * greatest(client.last_second - client.first_second, 7200))) AS covers
    FROM figures f JOIN client USING (clientip)),
best AS (
    SELECT clientip, host, arg_max(every, j.value) AS every, max(j.value) AS value,
        any_value(company.value) AS company
    FROM (
        SELECT *, (0.45 * steady + 0.15 * evenness + 0.2 * same_size + 0.2 * covers)
            * within(2 * steady - 0.2) * within(gaps / 12.0) * (0.8 + 0.2 * cold)
            * CASE WHEN every >= 3 THEN 1 ELSE 0.4 END AS value
        FROM judged) j
    JOIN company USING (clientip, host)
    GROUP BY clientip, host)
-- Hosts of one client with the same interval, to a tenth.
SELECT *, count_if(value >= 0.3) OVER (
    PARTITION BY clientip ORDER BY round(10 * ln(greatest(every, 1)))
    RANGE BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS in_step
FROM best
"""

SIGNAL = Signal(
    name="beacon",
    family="beacon",
    words="requests at regular intervals, for long",
    # A page that reloads itself, and what is fetched from it each time, are regular, too.
    sql="""beacon.value * (1 - 0.7 * beacon.company)
        * CASE WHEN beacon.in_step >= 4 AND NOT address AND sends = 0 THEN 0.4 ELSE 1 END
        * CASE WHEN leads_to >= 3 THEN 0.3 ELSE 1 END
        * CASE WHEN entry_seen THEN 1 - 0.5 * sent_by_others / requests ELSE 1 END""",
    table=_TABLE,
)
