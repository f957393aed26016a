"""From the pairs to their order, in DuckDB's SQL: signals, families, neighbours, and the reasons of each."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby
from operator import attrgetter

from proxy_oa_assets.ranking.signal import Signal
from proxy_oa_assets.ranking.weights import Bars, Weights

# Points of the pair whose score is 0.5.
MIDDLE = 4.0
# Engines give rows in different orders, in which sums of fractions differ in their last digits.
_DIGITS = 4
# What a pair looks like: the signals that at least so much speaks for, besides those of the site's rarity.
_SHOWS = 0.3
_LEAST_REASON = 0.05  # points
# From this place on of the pairs of a client that look alike, each loses the same.
_MOST_AGAIN = 6
# The first pairs, which are shown, have their reasons written out.
_REASONED = 5_000
# Pairs of a day whose middle one says what is usual.
_MANY = 200
# What a reason may name of the data.
_PLAIN = "[a-z0-9._:-]{1,100}"


def silent(signals: Iterable[Signal], empty: Collection[str], history_days: int) -> dict[str, str]:
    """Return the names of the signals that miss something on the day, and what."""
    missing = {}
    for signal in signals:
        columns = [name for name in signal.reads if name in empty]
        if columns:
            missing[signal.name] = f"no request has a value in {' and '.join(columns)}"
        elif signal.history > history_days:
            missing[signal.name] = f"fewer than {signal.history} of the days before are known"
    return missing


def signs(signals: Sequence[Signal], silenced: Collection[str]) -> str:
    """Return the statement that makes `sign`: the signals of each pair, from 0 to 1."""
    return f"""
CREATE OR REPLACE TEMP TABLE sign AS
SELECT pair.clientip, pair.host, pair.first_second, pair.entry_host, pair.popular AS is_popular,
    {_columns(signals, silenced)}
FROM pair {_joins(signals, silenced, "pair")}
"""


def more_signs(signals: Sequence[Signal]) -> str:
    """Return the statement that adds signals to `sign`, which read their own tables alone."""
    return f"""
CREATE OR REPLACE TEMP TABLE sign AS
SELECT sign.*, {_columns(signals, ())} FROM sign {_joins(signals, (), "sign")}
"""


def _columns(signals: Sequence[Signal], silenced: Collection[str]) -> str:
    columns = [
        f"0.0 AS {signal.name}"
        if signal.name in silenced
        else f"round(within({signal.sql}), {_DIGITS}) AS {signal.name}"
        for signal in signals
    ]
    details = [f"{signal.detail} AS {signal.name}_detail" for signal in signals if signal.detail]
    return ", ".join(columns + details)


def _joins(signals: Sequence[Signal], silenced: Collection[str], to: str) -> str:
    return " ".join(
        f"LEFT JOIN ({signal.table}) {signal.name} "
        f"ON {signal.name}.clientip = {to}.clientip AND {signal.name}.host = {to}.host"
        for signal in signals
        if signal.table and signal.name not in silenced
    )


def scored(signals: Sequence[Signal], weights: Weights) -> str:
    """Return the statement that makes `scored`: each signal's points, and their sum `base`.

    The signals of a family give cap * (1 - product of (1 - points / cap)): each counts in full alone, and all
    together at most the cap, so that one fact isn't counted several times.
    """
    families = {
        family: list(members)
        for family, members in groupby(sorted(signals, key=attrgetter("family")), attrgetter("family"))
    }
    points = {signal.name: f"({weights.signals[signal.name]} * {signal.name})" for signal in signals}
    totals, shares = [], []
    for family, members in families.items():
        for sign, of_family in (("up", 1), ("down", -1)):
            named = [signal.name for signal in members if weights.signals[signal.name] * of_family > 0]
            if not named:
                continue
            cap = weights.families[family]
            rest = " * ".join(f"(1 - least(1, abs({points[name]}) / {cap}))" for name in named)
            total = f"{family}_{sign}"
            totals.append(f"{of_family * cap} * (1 - {rest}) AS {total}")
            plain = " + ".join(points[name] for name in named)
            shares += [
                f"CASE WHEN {name} = 0 THEN 0 ELSE {total} * {points[name]} / ({plain}) END AS points_{name}"
                for name in named
            ]
    summed = " + ".join(share.rsplit(" AS ")[-1] for share in shares)
    shape = ", ".join(
        f"CASE WHEN {signal.name} > {_SHOWS} THEN 1 ELSE 0 END"
        for signal in signals
        if signal.family not in ("rarity", "known") and weights.signals[signal.name] > 0
    )
    return f"""
CREATE OR REPLACE TEMP TABLE scored AS
SELECT *, round({summed}, {_DIGITS}) AS base, concat({shape}) AS shape
FROM (SELECT *, {", ".join(shares)} FROM (SELECT *, {", ".join(totals)} FROM sign))
"""


def _name(signal: Signal) -> str:
    """Return the SQL of the name of a signal's reason: `sigma`, or `sigma:detail`."""
    return f"concat_ws(':', '{signal.name}', {signal.name}_detail)" if signal.detail else f"'{signal.name}'"


def ranked(signals: Sequence[Signal], weights: Weights) -> str:
    """Return the statement that makes `ranked`, with points, score, word and place."""
    bars = weights.bars
    reasons = ", ".join(
        f"CASE WHEN abs(points_{signal.name}) >= {_LEAST_REASON} "
        f"THEN {{rank: -abs(points_{signal.name}), name: {_name(signal)}, points: points_{signal.name}}} END"
        for signal in signals
        if weights.signals[signal.name]
    )
    kept = ", ".join(signal.name for signal in signals)
    again = "row_number() OVER (PARTITION BY clientip, shape ORDER BY s DESC, host)"
    lost = f"{weights.same_again} * log2(greatest(1, least({again} - 3, {_MOST_AGAIN})))"
    return f"""
CREATE OR REPLACE TEMP TABLE ranked AS
-- What is sorted is narrow.
WITH pointed AS (
    SELECT id, clientip, host, s, led, leads, near, beacon, round(s - {lost}, {_DIGITS}) AS points
    FROM scored JOIN spot ON spot.id = scored.rowid),
placed AS (
    SELECT id, s, led, leads, near, points, {stands_out(bars)} AS stands_out,
        row_number() OVER (ORDER BY points DESC, clientip, host) AS place
    FROM pointed),
reasoned AS (
    SELECT *, CASE WHEN place <= {_REASONED} THEN
        list_sort(list_filter([{reasons}], lambda x: x IS NOT NULL)) END AS reasons
    FROM scored JOIN placed ON placed.id = scored.rowid)
SELECT place, clientip, host, points, base, 1 / (1 + exp(points - {MIDDLE})) AS score,
    CASE WHEN place <= {_REASONED} THEN concat_ws(';',
        nullif(array_to_string(
            list_transform(reasons, lambda x: printf('%s=%.2f', x.name, x.points)), ';'), ''),
        CASE WHEN led >= {_LEAST_REASON} THEN
            CASE WHEN regexp_full_match(entry_host, '{_PLAIN}') THEN concat('led_from=', entry_host)
                ELSE 'led_from' END END,
        CASE WHEN leads >= {_LEAST_REASON} THEN 'leads_on' END,
        CASE WHEN near >= {_LEAST_REASON} THEN printf('near=%.2f', near) END) ELSE '' END AS word,
    stands_out, {kept}
FROM reasoned
"""


def stands_out(bars: Bars) -> str:
    """Return the condition, of points and beacon, of a pair that stands out.

    Where even the middle one of a day's many pairs has points, the bar is higher: what most have says little.
    """
    middle = f"CASE WHEN count(*) OVER () >= {_MANY} THEN median(points) OVER () + {bars.above_middle} END"
    bar = f"least(greatest({bars.stands_out}, {middle}), {bars.highest})"
    return f"(points >= {bar} OR points >= {bars.beacon} AND beacon >= {bars.beacon_sign})"
