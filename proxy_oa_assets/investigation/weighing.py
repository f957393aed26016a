"""The order in which a ranked day is read: its scores, weighed by what is known by now.

Feedback that came after the ranking counts without ranking again, and feedback that was taken back doesn't.
The scores stay as they are stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import records
from proxy_oa_assets.ranking.feedback import Feedback, Seen, logit, read_feedback
from proxy_oa_assets.ranking.reasons import ADJUSTMENTS, Reason, adjusted_by
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.sql.analysts import changed_by_feedback

if TYPE_CHECKING:
    import pandas as pd

_COMPARED = ["clientip", "host", "useragent", "word", "reqmethod", "resconttype", "ml_score"]


def feedback_of(day: Day, deployment: Deployment) -> Feedback:
    """Return what counts on a day by now."""
    return read_feedback(deployment.impala, day, deployment.workspace.feedback_days)


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
