"""The probes of `proxy-oa doctor` for days of an earlier release: what they lack in this one."""

import re
from importlib.util import find_spec
from pathlib import Path

from proxy_oa_assets.cli.start_date import Doubtful
from proxy_oa_assets.model.day import Day, spans
from proxy_oa_assets.model.tables import PROXY_HISTORY, PROXY_INGEST_SUMMARY
from proxy_oa_assets.model.text import counted
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.stored_days import stored_days
from proxy_oa_assets.settings import Settings

# Analysts open the newest days.
_OPENED_DAYS = 31
# A line of code in a notebook's JSON: a text of its own, or behind the line feed of another.
_IMPORT = re.compile(rb'(?:"|\\n)(?:from|import) (proxy_oa_assets[\w.]*)')


def notebooks_before(configured: Deployment) -> str:
    """Find notebooks that import modules of another release."""
    folder = Path(configured.workspace.home, "ipynb", "proxy")
    days = sorted(day for path in folder.glob("*") if (day := Day.of_folder(path.name)))[-_OPENED_DAYS:]
    gone: dict[Day, set[str]] = {}
    for day in days:
        for notebook in configured.workspace.notebooks(day).glob("*.ipynb"):
            imported = (name.decode("ascii") for name in _IMPORT.findall(notebook.read_bytes()))
            if missing := {module for module in imported if not _is_there(module)}:
                gone.setdefault(day, set()).update(missing)
    if not gone:
        return f"those of the newest {_OPENED_DAYS} days import modules that this release has"
    modules = ", ".join(sorted(set().union(*gone.values())))
    return Doubtful(
        f"those of {spans(gone)} import what this release doesn't have ({modules}); materialize `notebooks` "
        f"for these days. An edited one stays: take the import lines of the <name>.new.ipynb beside it"
    )


def days_before(settings: Settings, configured: Deployment) -> str:
    """Find days of the latest ranking's history that were materialized without `proxy_history`."""
    if settings.ranking == "external":
        return "no day is ranked here (PROXY_OA_RANKING=external)"
    hdfs, huser = configured.hdfs, configured.workspace.huser
    summarized = list(stored_days(hdfs, huser, PROXY_INGEST_SUMMARY))
    if not summarized:
        return "none is materialized yet"
    days, last = settings.ranking_history_days, summarized[-1]
    first = last.plus(1 - days)
    lacking = {day for day in summarized if day >= first}
    lacking.difference_update(stored_days(hdfs, huser, PROXY_HISTORY, first, last))
    if not lacking:
        return f"proxy_history has all that are materialized of {counted(days, 'day')}"
    return Doubtful(
        f"proxy_history lacks {spans(lacking)}, and what was usual then is new to the next day's ranking; "
        f"materialize `proxy_history` for these days"
    )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
