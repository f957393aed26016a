"""The one statement that counts the hits of all rules over a raw day."""

from collections.abc import Sequence

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.ranking.voices.condition import balanced
from proxy_oa_assets.ranking.voices.sigma_fields import TEXTS
from proxy_oa_assets.ranking.voices.sigma_rules import Rule
from proxy_oa_assets.ranking.voices.sigma_sql import lowered
from proxy_oa_assets.sql.query import Query, of_day


def hits_of_day(rules: Sequence[Rule], day: Day) -> Query:
    """Select clientip, host and, as r0, r1, ..., the requests that each rule hits, of pairs with any hit."""
    reads = sorted(frozenset().union(*(rule.condition.reads for rule in rules)))
    texts = [f"{TEXTS[name]} AS {name}_text" for name in reads]
    # Each text once, however many rules read it.
    both = [f"{name}_text AS {name}, lower({name}_text) AS {lowered(name)}" for name in reads]
    held = [f"CASE WHEN {rule.condition.text} THEN 1 ELSE 0 END AS r{n}" for n, rule in enumerate(rules)]
    counted = [f"CAST(sum(r{n}) AS BIGINT) AS r{n}" for n in range(len(rules))]
    numbered = [f"r{n}" for n in range(len(rules))]
    any_hit = balanced(numbered, lambda left, right: f"({left} + {right})")
    where, of_partition = of_day(PROXY, day)
    # Filtered once counted: an engine that moves the filter to the rows evaluates each condition twice.
    return Query(
        f"SELECT clientip, host, {', '.join(numbered)} "
        f"FROM (SELECT pair_client AS clientip, pair_host AS host, {', '.join(counted)} "
        f"FROM (SELECT pair_client, pair_host, {', '.join(held)} "
        f"FROM (SELECT pair_client, pair_host, {', '.join(both)} "
        f"FROM (SELECT clientip AS pair_client, host AS pair_host, {', '.join(texts)} "
        f"FROM proxy WHERE {where}) texts) both_cases) hits "
        f"GROUP BY pair_client, pair_host) counts WHERE {any_hit} > 0",
        (*(value for rule in rules for value in rule.condition.values), *of_partition),
        (day, day),
    )
