"""The ranking of a day as the site configured it."""

from pathlib import Path

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.ranking.day_ranking import RankedDay, rank_day
from proxy_oa_assets.ranking.feedback import Feedback
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.weights import read_weights
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace


def rank_as_configured(
    impala: Warehouse, workspace: Workspace, day: Day, feedback: Feedback | None = None
) -> RankedDay:
    """Rank a day with the site's weights, lists and days of history. Raises RankingError naming a file."""
    own = workspace.ranking_weights
    return rank_day(
        impala,
        day,
        weights=read_weights(Path(own) if own else None),
        lists=Lists.of(workspace.ranking_lists),
        history_days=workspace.ranking_history_days,
        feedback=feedback,
    )
