"""Dagster's history: the one folder that the command line and the web UI share."""

from pathlib import Path

import dagster as dg
from filelock import FileLock

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import HistoryError
from proxy_oa_assets.model.files import bundled, replacing
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.settings import Settings

_REASON_WIDTH = 300


def prepare_history(settings: Settings) -> Path:
    """Return the folder of Dagster's history, with our `dagster.yaml` where it has none."""
    folder = settings.dagster_home
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "dagster.yaml").exists():
        with replacing(folder / "dagster.yaml") as file:
            file.write(bundled("dagster.yaml").read_bytes())
    return folder


def open_history(settings: Settings) -> dg.DagsterInstance:
    """Open the history that the web UI shows. Raises HistoryError naming its `dagster.yaml`."""
    folder = prepare_history(settings)
    # Of two processes that open a new history at once, both create its tables, and one fails.
    with FileLock(folder / ".opening.lock"):
        try:
            return dg.DagsterInstance.from_config(str(folder))
        except Exception as error:
            # `dagster.yaml` names the storage's class, of any package: errors of SQLAlchemy, a database's
            # driver, YAML and the system have no other class in common.
            reason = printable(" ".join(str(error.__cause__ or error).split()), _REASON_WIDTH)
            raise HistoryError(
                f"Dagster's history can't be opened as {folder / 'dagster.yaml'} says ({reason}); "
                f"correct its storage, or start the database"
            ) from error


def report_story(settings: Settings, day: Day, path: Path) -> None:
    """Record the path of the day's story with the asset `notebooks`, for the web UI. Raises HistoryError."""
    story = {"story": dg.MetadataValue.path(path)}
    with open_history(settings) as instance:
        instance.report_runless_asset_event(
            dg.AssetObservation("notebooks", partition=day.key, metadata=story)
        )
