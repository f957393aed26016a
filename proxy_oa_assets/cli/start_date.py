"""Whether PROXY_OA_START_DATE fits the days there are: `init-db` and `doctor` report it."""

from proxy_oa_assets.ingest.record import raw_days
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.settings import Settings


def first_day(configured: Deployment) -> Day | None:
    """Return the first day that has a folder of raw requests or of ranked results, by some listings."""
    hdfs, huser = configured.hdfs, configured.workspace.huser
    ranked = map(Day.of_folder, _folders(hdfs, f"{huser}/proxy/scored_results"))
    raw = next(raw_days(hdfs, huser), None)
    return min(filter(None, (raw, *ranked)), default=None)


class Doubtful(str):
    """What a probe found, and a person should look at."""

    __slots__ = ()


def start_date_finding(settings: Settings, first: Day | None) -> str:
    """Return a sentence about the start date, which proposes the first day there is instead."""
    start = Day(settings.start_date)
    if first is None:
        return f"{start}; no day has raw requests or ranked results yet"
    if first == start:
        return f"{start}, the first day there is"
    if first < start:
        return Doubtful(
            f"{start} leaves out earlier days: the first day there is is {first}; "
            f"set PROXY_OA_START_DATE={first} to include them"
        )
    never = counted((first.date - start.date).days, "day")
    return (
        f"{start}, but the first day there is is {first}; set PROXY_OA_START_DATE={first}, "
        f'or the web UI offers {never} before it as "missing"'
    )


def _folders(hdfs: FileStore, folder: str) -> list[str]:
    return [entry.name for entry in hdfs.list_folder(folder) if entry.is_folder]
