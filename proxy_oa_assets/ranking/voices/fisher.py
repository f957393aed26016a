"""Fisher's method over a pair's signs: how unlikely they are together.

The p of a sign is the share of the day's pairs that have it at least as strongly. Were the signs
independent, minus twice the sum of ln p would follow a chi-square distribution with twice as many degrees of
freedom as there are signs (R. A. Fisher, Statistical Methods for Research Workers, 1925). They aren't, so the
value, 1 minus the tail of that distribution, is a second opinion and no probability.
"""

from proxy_oa_assets.ranking.voices.signals import FISHER
from proxy_oa_assets.ranking.voices.voice import Hearing, Voice

# Sums of whole thousandths are the same in any order; sums of fractions aren't.
_SCALE = 1000


def _speak(hearing: Hearing) -> list[str]:
    names = ", ".join(hearing.raising)
    # The tail of the distribution with 2k degrees of freedom, at 2x: exp(-x) * sum of x^i / i!, i < k.
    hearing.connection.execute(
        f"""
CREATE OR REPLACE TEMP TABLE fisher_voice AS
WITH strong AS (
    SELECT * FROM (
        UNPIVOT (SELECT clientip, host, {names} FROM sign) ON {names} INTO NAME sign VALUE strength)
    WHERE strength > 0),
levels AS (
    SELECT sign, strength, sum(count(*)) OVER (PARTITION BY sign ORDER BY strength DESC) AS as_strong
    FROM strong GROUP BY sign, strength),
unlikely AS (
    SELECT sign, strength,
        CAST(round({_SCALE} * -ln(as_strong / (SELECT count(*) FROM sign))) AS BIGINT) AS part
    FROM levels),
sums AS (
    SELECT clientip, host, sum(part) / {_SCALE} AS x FROM strong JOIN unlikely USING (sign, strength)
    GROUP BY clientip, host)
SELECT clientip, host, 1 - list_sum(list_transform(
    range((SELECT count(DISTINCT sign) FROM levels)),
    lambda i: exp(i * ln(greatest(x, 1e-9)) - x - lgamma(i + 1)))) AS value
FROM sums
"""
    )
    return []


VOICE = Voice(FISHER, _speak)
