"""Repair of what killed processes left of a day: files that don't follow their tables, temporary files."""

from collections.abc import Callable

from proxy_oa_assets.investigation.incidents import restore_incidents
from proxy_oa_assets.investigation.notebook.copies import upgraded_templates
from proxy_oa_assets.investigation.score import feedback_drift
from proxy_oa_assets.investigation.storyboard import restore_stories
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import StorageError, WarehouseError
from proxy_oa_assets.model.files import remove_abandoned
from proxy_oa_assets.model.tables import TABLES
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment


def repaired(day: Day, deployment: Deployment, *, patience: float | None = None) -> list[str]:
    """Repair a day, and return a line about each thing that was repaired.

    Raises LockedError if an analyst keeps the day's lock for `patience` seconds.
    """
    hdfs, workspace = deployment.hdfs, deployment.workspace
    lines = []
    if drift := feedback_drift(day, deployment, patience=patience):
        lines.append(f"{hdfs.location(workspace.feedback(day))} follows the severities again ({drift})")
    if incidents := restore_incidents(day, deployment, patience=patience):
        lines.append(f"{counted(len(incidents), 'incident')} of {day} saved or deleted to the end")
    if stories := restore_stories(day, deployment, patience=patience):
        lines.append(f"timeline and progression of {counted(len(stories), 'comment')} of {day} written")
    notebooks = workspace.notebooks(day)
    left = sum(map(remove_abandoned, (workspace.data(day), notebooks, upgraded_templates(notebooks))))
    folders = [path.rpartition("/")[0] for path in (workspace.feedback(day), workspace.results(day))]
    folders.append(workspace.journal(day).rpartition("/")[0])
    folders += [f"{workspace.huser}/{table.day_folder(day)}" for table in TABLES.values() if not table.hourly]
    left += sum(map(hdfs.remove_abandoned, [*folders, workspace.progressions(day)]))
    if left:
        lines.append(f"{counted(left, 'temporary file')} of killed writers of {day} removed")
    return lines


def repair_after_kill(day: Day, deployment: Deployment, log: Callable[[str], object]) -> None:
    """Repair a day in a run, which doesn't wait for an analyst and doesn't fail for it; log what was done."""
    try:
        for line in repaired(day, deployment, patience=0):
            log(line)
    except (StorageError, WarehouseError) as error:
        log(f"What killed processes left of {day} is repaired later: {error}")
