"""Sigma rules of a site's folder as a second voice.

A hit is worth the rule's level, the less, the more of the day's clients and requests it hits: such a rule
describes this network and no attack.
"""

import re
from pathlib import Path

import pandas as pd

from proxy_oa_assets.ranking.voices.sigma_hits import hits_of_day
from proxy_oa_assets.ranking.voices.sigma_rules import Rule, read_rules
from proxy_oa_assets.ranking.voices.signals import SIGMA
from proxy_oa_assets.ranking.voices.voice import Hearing, Voice

# A rule that hits this share of the day's clients or requests is worth nothing.
_COMMON = 1 / 3
_LONGEST = 80  # characters of a title or of authors in a reason


def sigma_voice(folder: Path) -> Voice:
    """Return the voice of a folder's rules, which are read again for each day."""

    def speak(hearing: Hearing) -> list[str]:
        found = read_rules(folder)
        _count_hits(hearing, found.rules)
        return found.notes(folder)

    return Voice(SIGMA, speak)


def detail_of(rule: Rule) -> str:
    """Return a rule's title and author as they stand in a reason, for which its licence asks (DRL 1.1)."""
    return ":".join(filter(None, (_plain(rule.title), _plain(rule.author))))


def _plain(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text)[:_LONGEST].strip("_")


def _count_hits(hearing: Hearing, rules: tuple[Rule, ...]) -> None:
    columns = [f"r{number}" for number in range(len(rules))]
    hits = (
        hearing.warehouse.query(hits_of_day(rules, hearing.day))
        if rules
        else pd.DataFrame(columns=["clientip", "host"])
    )
    long = hits.melt(["clientip", "host"], columns, "column", "requests").query("requests > 0").dropna()
    hits = pd.DataFrame(
        {
            "clientip": long["clientip"].astype(str),
            "host": long["host"].astype(str),
            "rule": long["column"].str.removeprefix("r").astype("int64"),
            "requests": long["requests"].astype("int64"),
        }
    )
    known = pd.DataFrame(
        {
            "rule": range(len(rules)),
            "worth": [rule.weight for rule in rules],
            "detail": [detail_of(rule) for rule in rules],
        }
    )
    connection = hearing.connection
    connection.register("sigma_hits", hits)
    connection.register("sigma_rules", known)
    connection.execute(
        f"""
CREATE OR REPLACE TEMP TABLE sigma_voice AS
WITH day AS (SELECT count(DISTINCT clientip) AS clients, sum(requests) AS requests FROM pair),
hit AS (
    SELECT pair.clientip, pair.host, rule, sum(h.requests) AS requests
    FROM sigma_hits h JOIN pair ON pair.clientip = h.clientip AND pair.host = lower(h.host)
    GROUP BY pair.clientip, pair.host, rule),
common AS (
    -- One client is no sign that a rule is common, even where there are few.
    SELECT rule, greatest((count(DISTINCT clientip) - 1) / any_value(day.clients),
        sum(hit.requests) / any_value(day.requests)) AS share
    FROM hit, day GROUP BY rule),
worth AS (
    SELECT clientip, host, hit.rule, detail, round(worth * within(1 - share / {_COMMON}), 4) AS value
    FROM hit JOIN common USING (rule) JOIN sigma_rules USING (rule))
SELECT clientip, host, value, detail FROM worth
QUALIFY row_number() OVER (PARTITION BY clientip, host ORDER BY value DESC, rule) = 1
"""
    )
    connection.unregister("sigma_hits")
    connection.unregister("sigma_rules")
