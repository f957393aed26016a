"""Taking back what analysts did on a day."""

from proxy_oa_assets.days import Day
from proxy_oa_assets.resources.hdfs import HdfsResource
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.resources.workspace import Workspace
from proxy_oa_assets.tables import ANALYST_TABLES


def reset_scored_connections(
    day: Day, impala: ImpalaResource, hdfs: HdfsResource, workspace: Workspace
) -> list[str]:
    """Empty the day's severities, comments and timelines; remove its feedback and incident progression files.

    Nothing of another day is touched. Returns a line about each thing that was removed.
    """
    lines = []
    for table in ANALYST_TABLES:
        rows = len(impala.read_day(table, day))
        impala.drop_day(table, day)
        lines.append(f"{table.name}: {rows} rows of {day} removed")
    progressions = [
        entry.path
        for entry in hdfs.list_folder(workspace.progressions(day))
        if entry.name.startswith("incident-progression-") and entry.name.endswith(".json")
    ]
    removed = [path for path in (workspace.feedback(day), *progressions) if hdfs.delete(path)]
    lines.extend(f"{hdfs.location(path)} removed" for path in removed)
    return lines
