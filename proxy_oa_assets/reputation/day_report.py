"""What came of a day's look-ups, kept beside the day's other files for whoever checks the day."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from proxy_oa_assets.local_files import replacing
from proxy_oa_assets.reputation.tally import Tally

_TALLIES = TypeAdapter(dict[str, Tally])


def write(folder: Path, tallies: Mapping[str, Tally]) -> None:
    """Replace the report of a day's data folder."""
    with replacing(_path(folder)) as file:
        file.write(_TALLIES.dump_json(dict(tallies), indent=1))


def read(folder: Path) -> dict[str, Tally] | None:
    """Return a day's report; None if there is none, or none that can be read."""
    try:
        return _TALLIES.validate_json(_path(folder).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _path(folder: Path) -> Path:
    return folder / "reputation.json"
