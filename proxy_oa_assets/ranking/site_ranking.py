"""The ranking of a day as the site configured it."""

from pathlib import Path

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import RankingError
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.ranking.day_ranking import RankedDay, rank_day
from proxy_oa_assets.ranking.evaluation import Evaluation, evaluate_ranking
from proxy_oa_assets.ranking.feedback import Feedback
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.labels import Labels
from proxy_oa_assets.ranking.voices.configured import configured_voices
from proxy_oa_assets.ranking.voices.voice import Voice
from proxy_oa_assets.ranking.weights import Weights, read_weights
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.workspace import Workspace


def rank_as_configured(
    impala: Warehouse, workspace: Workspace, day: Day, feedback: Feedback | None = None
) -> RankedDay:
    """Rank a day with the site's weights, lists, days of history and second voices.

    Raises RankingError naming a file, and SettingsError naming an extra that isn't installed.
    """
    return rank_day(
        impala,
        day,
        weights=_weights(workspace),
        lists=Lists.of(workspace.ranking_lists),
        history_days=workspace.ranking_history_days,
        feedback=feedback,
        voices=_voices(workspace),
    )


def evaluate_as_configured(impala: Warehouse, workspace: Workspace, day: Day, labels: Labels) -> Evaluation:
    """Rank a day as the site configured it, but without feedback, and evaluate it on labels.

    Raises RankingError naming a file, and for a day without a raw request; SettingsError naming an extra that
    isn't installed.
    """
    found = evaluate_ranking(
        impala,
        day,
        labels,
        weights=_weights(workspace),
        lists=Lists.of(workspace.ranking_lists),
        history_days=workspace.ranking_history_days,
        voices=_voices(workspace),
    )
    if not found.pairs.ranked:
        raise RankingError(
            f"{impala.location(PROXY, day)} has no raw request to rank: ingest the logs of {day}, or choose "
            f"another day with --date"
        )
    return found


def _weights(workspace: Workspace) -> Weights:
    own = workspace.ranking_weights
    return read_weights(Path(own) if own else None)


def _voices(workspace: Workspace) -> tuple[Voice, ...]:
    rules = workspace.sigma_rules
    return configured_voices(workspace.ranking_voices, Path(rules) if rules else None)
