"""The order in which a ranked day is read: its scores, weighed by what is known by now.

Feedback that came after the ranking counts without ranking again, and feedback that was taken back doesn't.
The scores stay as they are stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.day_context import day_context
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.ranking.feedback import OF_LISTS, Feedback, Given, Seen, logit, read_feedback
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.reasons import ADJUSTMENTS, Reason, adjusted_by, sentence
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.analysts import changed_by_feedback

if TYPE_CHECKING:
    import pandas as pd

_EFFECT_COLUMNS = ("effect", "points", "host", "clients", "given_on", "until", "by", "because")
_EFFECTS = {Severity.LOW: "3 low lowers", Severity.HIGH: "1 high raises"}
_COMPARED = ["clientip", "host", "useragent", "word", "reqmethod", "resconttype", "ml_score"]


def feedback_of(day: Day | str, deployment: Deployment | None = None) -> Feedback:
    """Return what counts on a day by now. Raises RankingError for a list that can't be used."""
    day, deployment = day_context(day, deployment)
    workspace = deployment.workspace
    return read_feedback(deployment.impala, day, workspace.feedback_days, Lists.of(workspace.ranking_lists))


def feedback_in_effect(feedback: Feedback) -> pd.DataFrame:
    """Return which severities and lists count on a day, what weighs most first.

    A row per host, severity and the day on which it was given. Columns: effect (such as `3 low lowers`),
    points (the most that it gives or takes), host, clients (how many), given_on, until (the last day), by (a
    scored URI, or the list), because (the reasons that low severities are about).
    """
    import pandas as pd

    groups: dict[tuple[Day, Severity, str], list[Given]] = {}
    for given in feedback.given:
        groups.setdefault((given.day, given.severity, given.seen.host), []).append(given)
    rows = [
        (
            *(_EFFECTS[severity], feedback.most(alike[0]), host, len({each.seen.clientip for each in alike})),
            *(str(given_on), str(feedback.until(alike[0])), alike[0].fulluri, sentence(alike[0].word, "")),
        )
        for (given_on, severity, host), alike in groups.items()
    ]
    # At the same points, what is silenced comes first.
    rows.sort(key=lambda row: (-row[1], row[0] != _EFFECTS[Severity.LOW], *row[4:6], row[2]))
    for name, values in feedback.lists().items():
        rows += [("lowers", -OF_LISTS, value, 0, "", "", name, "") for value in values]
    return pd.DataFrame(
        rows, columns=["effect", "points", "host", "clients", "given_on", "until", "by", "because"]
    )


def is_weighed(day: Day, feedback: Feedback, deployment: Deployment) -> bool:
    """Return whether a day's order can differ from that of its scores."""
    return bool(feedback) or any(deployment.impala.rows(changed_by_feedback(day, ADJUSTMENTS)))


def weighed(rows: pd.DataFrame, feedback: Feedback) -> pd.DataFrame:
    """Return rows of `proxy_scores` in the order of their scores and feedback, with the column `feedback`.

    That is the adjustments that count by now, in the form of a word, such as `feedback=-1.5`. Rows without a
    score come last.
    """
    adjustments, order = [], []
    for client, host, agent, word, method, kind, score in records(rows[_COMPARED]):
        points = feedback.points(Seen.of(client, host, [agent], word, method, kind))
        adjustments.append(";".join(str(Reason(name, each)) for name, each in points.items()))
        change = sum(points.values()) - adjusted_by(word)
        order.append(float("nan") if score is None else logit(float(str(score))) - change)
    found = rows.assign(feedback=adjustments, order=order)
    return found.sort_values("order", kind="stable", ignore_index=True).drop(columns="order")
