"""Reset of everything that analysts recorded on a day."""

from proxy_oa_assets.investigation.day_context import analysts_lock, day_context
from proxy_oa_assets.investigation.progressions import concurrently
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import ANALYST_TABLES
from proxy_oa_assets.resources.deployment import Deployment


def reset_scored_connections(day: Day | str, *, deployment: Deployment | None = None) -> list[str]:
    """Remove the day's severities with their journal, its stories and incidents, and its feedback, for good.

    Other days stay. An existing story page is written again, without stories. Returns a line about each file
    and table.
    """
    day, deployment = day_context(day, deployment)
    lines = []
    with analysts_lock(day, deployment, "resetting") as still_held:
        progressions = [
            entry.path
            for entry in deployment.hdfs.list_folder(deployment.workspace.progressions(day))
            if entry.name.startswith("incident-") and entry.name.endswith(".json")
        ]
        # What follows from the tables first: after a kill in between, the next touch of the day restores it.
        files = (deployment.workspace.feedback(day), *progressions)
        removed = concurrently(deployment.hdfs.delete, files, still_held)
        for path, was_there in zip(files, removed, strict=True):
            if was_there:
                lines.append(f"{deployment.hdfs.location(path)} removed")
        for table in reversed(ANALYST_TABLES):
            rows = len(deployment.impala.read_latest_day(table, day))
            still_held()
            deployment.impala.drop_day(table, day)
            lines.append(f"{table.name}: {rows} rows of {day} removed")
        # The journal last: it says who gave the severities that a killed reset leaves.
        still_held()
        journal = deployment.workspace.journal(day)
        if deployment.hdfs.delete(journal):
            lines.append(f"{deployment.hdfs.location(journal)} removed")
    if deployment.workspace.story(day).exists():
        lines.append(f"{write_story(day, deployment=deployment).path} written again")
    return lines
