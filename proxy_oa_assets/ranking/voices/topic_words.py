"""The words of spot-ml's topic model, counted by one portable statement.

A word is what a request looks like: host popular or not, hour, method, entropy of the URI, first part of the
content type, how common the user agent is, length of the URI, response code (apache/incubator-spot,
ProxyWordCreation). The host's part is added by `topics.py`.
"""

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.sql.query import Query, of_day

# The signs of a URI; all others count as one.
_SIGNS = tuple(chr(code) for code in range(0x21, 0x7F))
# spot-ml's bins of the entropy, in bits: at most 0, at most 0.3, ..., at most 5.4, above.
_BIN, _LAST_BIN = 0.3, 19
# Fractions differ in their last digits from engine to engine; no bin may depend on it.
_TINY = 0.000000001


def _floor_log2(count: str) -> str:
    return f"CAST(floor(log2({count}) + {_TINY:.9f}) AS INT)"


def words_of_day(day: Day) -> Query:
    """Select clientip, host, word without the host's part, and requests: how many have it."""
    where, of_partition = of_day(PROXY, day)
    counted = (
        f"{where} AND clientip IS NOT NULL AND host IS NOT NULL AND p_time IS NOT NULL AND fulluri <> ''"
    )
    occurs = [f"c{number}" for number in range(len(_SIGNS))]
    removed = ", ".join(f"length(replace(uri, ?, '')) AS {name}" for name in occurs)
    times = [f"(letters - {name})" for name in occurs]
    others = f"(letters - {' - '.join(times)})"
    bits = " + ".join(f"{n} * log2(greatest({n}, 1))" for n in (*times, others))
    entropy = f"log2(letters) - ({bits}) / letters"
    sql = f"""
SELECT clientip, host, word, count(*) AS requests
FROM (
    SELECT clientip, host, concat(hour_of_day, '_', reqmethod, '_', uri_entropy, '_', content, '_',
        agent_size, '_', uri_size, '_', respcode) AS word
    FROM (
        SELECT clientip, host, fulluri, substr(p_time, length(p_time) - 7, 2) AS hour_of_day,
            coalesce(reqmethod, '') AS reqmethod, coalesce(respcode, '') AS respcode,
            coalesce(useragent, '') AS agent,
            CASE WHEN resconttype IS NULL THEN '' WHEN instr(resconttype, '/') > 0
                THEN substr(resconttype, 1, instr(resconttype, '/') - 1) ELSE resconttype END AS content
        FROM proxy WHERE {counted}) seen
    JOIN (
        SELECT uri, CAST({_floor_log2("letters")} AS STRING) AS uri_size,
            CAST(least({_LAST_BIN}, CAST(ceil(({entropy}) / {_BIN} - {_TINY:.9f}) AS INT)) AS STRING)
                AS uri_entropy
        FROM (
            SELECT uri, length(uri) AS letters, {removed}
            FROM (SELECT DISTINCT fulluri AS uri FROM proxy WHERE {counted}) uris) signs
    ) uri_figures ON uri_figures.uri = seen.fulluri
    JOIN (
        SELECT coalesce(useragent, '') AS known_agent, CAST({_floor_log2("count(*)")} AS STRING) AS agent_size
        FROM proxy WHERE {counted} GROUP BY coalesce(useragent, '')
    ) agents ON agents.known_agent = seen.agent) spoken
GROUP BY clientip, host, word
"""
    return Query(sql, (*of_partition, *_SIGNS, *of_partition, *of_partition), (day, day))
