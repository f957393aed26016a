"""Taking back what analysts did on a day."""

from proxy_oa_assets.investigation.day_context import changing, investigated
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import ANALYST_TABLES
from proxy_oa_assets.resources.deployment import Deployment


def reset_scored_connections(day: Day | str, *, deployment: Deployment | None = None) -> list[str]:
    """Empty the day's severities, comments and timelines; remove its feedback and incident progression files.

    It can't be undone. Nothing of another day is touched. A page that told the day's stories is written anew
    and tells none. Returns a line about each thing that was done.
    """
    day, at = investigated(day, deployment)
    with changing(day, at) as still_held:
        # Files first, as in scoring: what the tables still have tells that it isn't done.
        lines = []
        for path in _files(day, at):
            still_held()
            if at.hdfs.delete(path):
                lines.append(f"{at.hdfs.location(path)} removed")
        for table in ANALYST_TABLES:
            rows = len(at.impala.read_latest_day(table, day))
            still_held()
            at.impala.drop_day(table, day)
            lines.append(f"{table.name}: {rows} rows of {day} removed")
    if at.workspace.story(day).exists():
        from proxy_oa_assets.investigation.story.page import write_story

        lines.append(f"{write_story(day, deployment=at).path} written anew")
    return lines


def _files(day: Day, at: Deployment) -> list[str]:
    progressions = [
        entry.path
        for entry in at.hdfs.list_folder(at.workspace.progressions(day))
        if entry.name.startswith("incident-progression-") and entry.name.endswith(".json")
    ]
    return [at.workspace.feedback(day), *progressions]
