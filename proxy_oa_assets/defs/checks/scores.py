"""The claims about `scored_connections`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from proxy_oa_assets.defs.checks.day_check import Claim, Finding, Gravity, columns_claim, try_columns
from proxy_oa_assets.enrichment.reputation.stats import LookupStats
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES, records
from proxy_oa_assets.ranking.results_file import REJECTED_FILE
from proxy_oa_assets.resources.deployment import Deployment

if TYPE_CHECKING:
    import pandas as pd

NO_ROW_WAS_REJECTED = Claim(
    "no_row_was_rejected",
    "proxy_results",
    "Every line that was read of the ranked results is a row of the day",
    Gravity.WARNING,
)
RESULTS_CLAIMS = (NO_ROW_WAS_REJECTED,)


def try_results(day: Day, deployment: Deployment) -> dict[Claim, Finding]:
    """Count the lines of `proxy_results.rejected.tsv`, which is there only if a line was rejected."""
    rejected = deployment.workspace.data(day) / REJECTED_FILE
    if not rejected.is_file():
        return {NO_ROW_WAS_REJECTED: Finding(holds=True, why="no line was rejected", figures={"rejected": 0})}
    with rejected.open("rb") as lines:
        count = sum(1 for _ in lines) - 1  # the header
    why = f"lines that are no row of the day: {count}; {rejected} has each with its number and the reason"
    return {NO_ROW_WAS_REJECTED: Finding(holds=False, why=why, figures={"rejected": count})}


EVERY_RESULT_IS_SCORED = Claim(
    "every_result_is_scored",
    "scored_connections",
    "proxy_scores has each row that was taken from the ranked results, and no other",
    Gravity.BLOCKS,
)
EVERY_URI_HAS_A_REPUTATION = Claim(
    "every_uri_has_a_reputation",
    "scored_connections",
    "Each configured reputation service answered for nearly every URI (PROXY_OA_REPUTATION_COVERAGE)",
    Gravity.WARNING,
)
COLUMNS = columns_claim(PROXY_SCORES, "scored_connections", Gravity.BLOCKS)
CLAIMS = (EVERY_RESULT_IS_SCORED, EVERY_URI_HAS_A_REPUTATION, COLUMNS)

_IDENTITY = {"p_date": "tdate", "p_time": "time", "clientip": "clientip", "fulluri": "fulluri"}


def try_scores(day: Day, deployment: Deployment) -> dict[Claim, Finding]:
    """Compare the day of `proxy_scores` with the rows that were taken, and count what services said."""
    from proxy_oa_assets.enrichment.reputation import stats as day_report
    from proxy_oa_assets.ranking import kept_rows as ranked_rows

    columns = try_columns(COLUMNS, PROXY_SCORES, day, deployment.impala)
    scores = deployment.impala.read_day(PROXY_SCORES, day)
    ranked = ranked_rows.read(deployment.workspace.data(day))
    return {
        COLUMNS: columns,
        EVERY_RESULT_IS_SCORED: _scored(ranked, scores),
        EVERY_URI_HAS_A_REPUTATION: _covered(
            day_report.read(deployment.workspace.data(day)), deployment.reputation.least_coverage
        ),
    }


def _scored(ranked: pd.DataFrame, scores: pd.DataFrame) -> Finding:
    taken = Counter(_rows(ranked, list(_IDENTITY), "score"))
    stored = Counter(_rows(scores, list(_IDENTITY.values()), "ml_score"))
    missing, extra = (taken - stored).total(), (stored - taken).total()
    figures = {"rows_taken": len(ranked), "rows_scored": len(scores), "missing": missing, "extra": extra}
    if not missing and not extra:
        return Finding(holds=True, why=f"all {len(ranked)} rows are scored", figures=figures)
    why = (
        f"of {len(ranked)} rows taken from the results, {missing} are not in proxy_scores, and {extra} rows "
        f"there are none of them; materialize scored_connections and what follows it again"
    )
    return Finding(holds=False, why=why, figures=figures)


def _rows(frame: pd.DataFrame, columns: list[str], score: str) -> list[tuple[object, ...]]:
    """Return rows with the score as FLOAT holds it."""
    scores = frame[score].astype("float32").tolist()
    return [(*row, value) for row, value in zip(records(frame[columns]), scores, strict=True)]


def _covered(tallies: Mapping[str, LookupStats] | None, least: float) -> Finding:
    if tallies is None:
        why = "there is no report of the look-ups; materialize scored_connections again"
        return Finding(holds=False, why=why)
    if not tallies:
        return Finding(holds=True, why="no reputation service is configured", figures={"services": 0})
    figures = {f"coverage/{service}": round(tally.coverage, 4) for service, tally in tallies.items()}
    short = {service: tally for service, tally in tallies.items() if tally.down or tally.coverage < least}
    if not short:
        return Finding(holds=True, why=f"answered for at least {least:.0%} of the URIs", figures=figures)
    named = "; ".join(
        f"{service} answered for {tally.coverage:.0%} ({', '.join(tally.troubles) or 'no trouble seen'})"
        for service, tally in short.items()
    )
    why = f"{named}; materialize scored_connections again once it answers: only what is missing is asked"
    return Finding(holds=False, why=why, figures=figures)
