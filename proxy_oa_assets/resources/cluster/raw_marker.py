"""The file in a raw day's folder that says which hours are ours, and where they are."""

from collections.abc import Container

from pydantic import BaseModel, ValidationError

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.resources.hdfs import FileStore

MARKER = "_proxy_oa_version.json"


class OurHour(BaseModel):
    """An hour that is in a folder of ours, that of a run.

    `modified` is the modification time of the day's own folder of the hour, 0 if there was none, and
    `superseded` its files by name, with their times. An `emptied` hour has no rows. One that is `returned` is
    being switched back to the day's own folder.
    """

    run: str
    modified: int = 0
    superseded: dict[str, int] = {}
    emptied: bool = False
    returned: bool = False


class Marker(BaseModel):
    """Our version of a day: its hours by number as their folders write it.

    `record` says what the day was made from. While the hours are being switched, other processes wait.
    """

    switching: bool = False
    hours: dict[str, OurHour] = {}
    record: str = ""

    def run_of(self, hour: str) -> str | None:
        """Return the run in whose folder an hour is; None if the day's own folder of the hour counts."""
        ours = self.hours.get(hour)
        return None if ours is None or ours.returned else ours.run

    def returning(self, hours: Container[str]) -> "Marker":
        """Return the marker with which hours are switched back to the day's own folders."""
        return self.model_copy(
            update={
                "hours": {
                    hour: ours.model_copy(update={"returned": ours.returned or hour in hours})
                    for hour, ours in self.hours.items()
                }
            }
        )

    def switched(self) -> "Marker":
        """Return the marker after the switch."""
        kept = {hour: ours for hour, ours in self.hours.items() if not ours.returned}
        return self.model_copy(update={"hours": kept, "switching": False})


def read_marker(hdfs: FileStore, path: str) -> Marker:
    """Read a day's marker. A day that only other systems have written has none."""
    if hdfs.status(path) is None:
        return Marker()
    with hdfs.open(path) as file:
        content = file.read()
    try:
        return Marker.model_validate_json(content)
    except ValidationError as error:
        what = error.errors()[0]["msg"]
        raise WarehouseError(
            f"{hdfs.location(path)} is damaged ({what}); remove it and write the day again"
        ) from error


def write_marker(hdfs: FileStore, path: str, marker: Marker) -> None:
    """Replace a day's marker."""
    hdfs.write(path, [marker.model_dump_json().encode()])
