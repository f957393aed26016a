"""The checks of `proxy_results` and `scored_connections`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from proxy_oa_assets.defs.checks.day_check import (
    CheckResult,
    CheckSeverity,
    DayCheck,
    columns_check,
    evaluate_columns,
)
from proxy_oa_assets.enrichment.reputation.verdict import LookupStats, read_lookup_stats
from proxy_oa_assets.investigation.score import feedback_drift
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import LockedError
from proxy_oa_assets.model.files import naming
from proxy_oa_assets.model.tables import PROXY_SCORES, records
from proxy_oa_assets.model.text import literal
from proxy_oa_assets.ranking.publication import Publication, read_publication
from proxy_oa_assets.ranking.results_file import CAPPED_FILE, REJECTED_FILE, kept_rows
from proxy_oa_assets.resources.deployment import Deployment

if TYPE_CHECKING:
    import pandas as pd

NO_ROW_WAS_REJECTED = DayCheck(
    "no_row_was_rejected",
    "proxy_results",
    "Every line that was read of the ranked results is a row of the day",
    CheckSeverity.WARNING,
)
NO_VALUE_IS_AT_A_LIMIT = DayCheck(
    "no_value_is_at_a_limit",
    "proxy_results",
    "No duration or byte count of a row that was read is beyond INT; the row has the limit in its place",
    CheckSeverity.WARNING,
)
RESULTS_ARE_AS_LONG_AS_BEFORE = DayCheck(
    "results_are_as_long_as_before",
    "proxy_results",
    "Ranked results that were published again have at least half the lines of those they replaced",
    CheckSeverity.WARNING,
)
RESULTS_CHECKS = (NO_ROW_WAS_REJECTED, NO_VALUE_IS_AT_A_LIMIT, RESULTS_ARE_AS_LONG_AS_BEFORE)


def evaluate_results(day: Day, deployment: Deployment) -> dict[DayCheck, CheckResult]:
    """Read the files beside the copy; those of rejected and capped lines exist only if they have a line."""
    data = deployment.workspace.data(day)
    rejected, capped = _lines(data / REJECTED_FILE), _lines(data / CAPPED_FILE)
    return {
        NO_ROW_WAS_REJECTED: CheckResult(
            passed=not rejected,
            description=f"lines that are no row of the day: {rejected}; {data / REJECTED_FILE} has their "
            f"numbers and reasons"
            if rejected
            else "no line was rejected",
            metadata={"rejected": rejected},
        ),
        NO_VALUE_IS_AT_A_LIMIT: CheckResult(
            passed=not capped,
            description=f"values beyond INT: {capped}; {data / CAPPED_FILE} has the true figures, look at "
            f"these requests"
            if capped
            else "every duration and byte count fits",
            metadata={"values_at_a_limit": capped},
        ),
        RESULTS_ARE_AS_LONG_AS_BEFORE: _length(read_publication(data)),
    }


def _length(publication: Publication | None) -> CheckResult:
    if publication is None or publication.lines_before is None:
        return CheckResult(passed=True, description="the day was made from no other results before")
    lines, before = publication.lines, publication.lines_before
    passed = lines * 2 >= before
    description = f"{lines} lines, where the results that were replaced had {before}"
    if not passed:
        description += (
            "; look whether the ranking job had finished them, and if not, materialize the day again when "
            "they are whole"
        )
    return CheckResult(
        passed=passed, description=description, metadata={"lines": lines, "lines_before": before}
    )


def _lines(file: Path) -> int:
    """Count a file's lines after the header; none if there is no file."""
    if not file.is_file():
        return 0
    with naming(file), file.open("rb") as lines:
        return sum(1 for _ in lines) - 1


EVERY_RESULT_IS_SCORED = DayCheck(
    "every_result_is_scored",
    "scored_connections",
    "proxy_scores has each row that was taken from the ranked results, and no other",
    CheckSeverity.BLOCKING,
)
EVERY_URI_HAS_A_REPUTATION = DayCheck(
    "every_uri_has_a_reputation",
    "scored_connections",
    "Each configured reputation service answered for nearly every URI (PROXY_OA_REPUTATION_COVERAGE)",
    CheckSeverity.WARNING,
)
FEEDBACK_FOLLOWS_THE_SEVERITIES = DayCheck(
    "feedback_follows_the_severities",
    "scored_connections",
    "The feedback file has each severity of proxy_threat_investigation, and no other",
    CheckSeverity.WARNING,
)
COLUMNS = columns_check(PROXY_SCORES, "scored_connections", CheckSeverity.BLOCKING)
SCORES_CHECKS = (
    EVERY_RESULT_IS_SCORED,
    EVERY_URI_HAS_A_REPUTATION,
    FEEDBACK_FOLLOWS_THE_SEVERITIES,
    COLUMNS,
)

# An analyst's change takes a second or two.
_PATIENCE_SECONDS = 10
_IDENTITY = {"p_date": "tdate", "p_time": "time", "clientip": "clientip", "fulluri": "fulluri"}


def evaluate_scores(day: Day, deployment: Deployment) -> dict[DayCheck, CheckResult]:
    """Compare the day of `proxy_scores` with the rows that were taken, and read the lookups' statistics."""
    data = deployment.workspace.data(day)
    columns = evaluate_columns(COLUMNS, PROXY_SCORES, day, deployment.impala)
    scores = deployment.impala.read_day(PROXY_SCORES, day)
    return {
        COLUMNS: columns,
        EVERY_RESULT_IS_SCORED: _completeness(kept_rows(data), scores),
        EVERY_URI_HAS_A_REPUTATION: _coverage(read_lookup_stats(data), deployment.reputation.least_coverage),
        FEEDBACK_FOLLOWS_THE_SEVERITIES: _feedback(day, deployment),
    }


def _feedback(day: Day, deployment: Deployment) -> CheckResult:
    try:
        drift = feedback_drift(day, deployment, repair=False, patience=_PATIENCE_SECONDS)
    except LockedError as error:
        return CheckResult(passed=False, description=f"the day is being changed: {literal(error)}")
    if not drift:
        return CheckResult(passed=True, description="the feedback file follows the severities")
    return CheckResult(
        passed=False,
        description=f"the feedback file differs from proxy_threat_investigation ({drift}), as a killed "
        f"process leaves it; `proxy-oa doctor` or materializing scored_connections makes it follow the table",
        metadata=asdict(drift),
    )


def _completeness(ranked: pd.DataFrame, scores: pd.DataFrame) -> CheckResult:
    taken = Counter(_rows(ranked, list(_IDENTITY), "score"))
    stored = Counter(_rows(scores, list(_IDENTITY.values()), "ml_score"))
    missing, extra = (taken - stored).total(), (stored - taken).total()
    metadata = {"rows_taken": len(ranked), "rows_scored": len(scores), "missing": missing, "extra": extra}
    if not missing and not extra:
        return CheckResult(passed=True, description=f"all {len(ranked)} rows are scored", metadata=metadata)
    description = (
        f"of {len(ranked)} rows taken from the results, {missing} are not in proxy_scores, and {extra} rows "
        f"of proxy_scores are none of them; materialize scored_connections and what follows it again"
    )
    return CheckResult(passed=False, description=description, metadata=metadata)


def _rows(frame: pd.DataFrame, columns: list[str], score: str) -> list[tuple[object, ...]]:
    """Return rows with the score as FLOAT holds it."""
    scores = frame[score].astype("float32").tolist()
    return [(*row, value) for row, value in zip(records(frame[columns]), scores, strict=True)]


def _coverage(lookups: Mapping[str, LookupStats] | None, least: float) -> CheckResult:
    if lookups is None:
        description = "there is no report of the lookups; materialize scored_connections again"
        return CheckResult(passed=False, description=description)
    if not lookups:
        return CheckResult(
            passed=True, description="no reputation service is configured", metadata={"services": 0}
        )
    metadata = {f"coverage/{service}": round(found.coverage, 4) for service, found in lookups.items()}
    short = {service: found for service, found in lookups.items() if found.down or found.coverage < least}
    if not short:
        description = f"answered for at least {least:.0%} of the URIs"
        return CheckResult(passed=True, description=description, metadata=metadata)
    named = "; ".join(
        f"{service} answered for {found.coverage:.0%} ({', '.join(found.errors) or 'no error seen'})"
        for service, found in short.items()
    )
    description = (
        f"{named}; materialize scored_connections again once it answers: only missing URIs are looked up"
    )
    return CheckResult(passed=False, description=description, metadata=metadata)
