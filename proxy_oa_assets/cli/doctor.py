"""`proxy-oa doctor`: probes of every configured system."""

import datetime as dt
import stat
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from proxy_oa_assets.cli.history import open_history
from proxy_oa_assets.cli.start_date import Doubtful, first_day, start_date_finding
from proxy_oa_assets.cli.upgrade_probes import days_before, notebooks_before
from proxy_oa_assets.investigation.repair import repaired
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ProxyOaError, disk_errors
from proxy_oa_assets.resources.deployment import Deployment, deployment
from proxy_oa_assets.resources.hdfs import FileStore
from proxy_oa_assets.settings import Settings, load_settings

_LOCK_SECONDS = 10
# The lock of a killed analyst is taken over after half a minute on a cluster.
_REPAIR_LOCK_SECONDS = 45
# A day takes some requests on a cluster; an older one is repaired when it is touched.
_REPAIRED_DAYS = 31


@dataclass(frozen=True)
class Probe:
    """A probe's result; `finding` says what was found, or what to fix."""

    what: str
    works: bool
    finding: str
    doubtful: bool = False


def probe_all() -> Iterator[Probe]:
    """Probe the settings, then each system; yield nothing else if the settings can't be used."""
    try:
        settings = load_settings()
        configured = deployment(settings, patient=False)
    except ProxyOaError as error:
        yield Probe("settings", works=False, finding=str(error))
        return
    found = (
        f"{settings.deployment}, home {settings.home}, database {settings.dbname}, "
        f"days from {settings.start_date} ({settings.timezone})"
    )
    yield Probe("settings", works=True, finding=found)
    for probes in _systems(settings, configured):
        for what, find in probes.items():
            started = time.perf_counter()
            try:
                with disk_errors():
                    finding = find()
            except ProxyOaError as error:
                yield Probe(what, works=False, finding=str(error))
                break
            timed = f"{finding} ({time.perf_counter() - started:.1f} s)"
            yield Probe(what, works=True, finding=timed, doubtful=isinstance(finding, Doubtful))


def _systems(settings: Settings, configured: Deployment) -> Iterator[dict[str, Callable[[], str]]]:
    """Yield the probes of each system in order; after one that fails, the system's others are left out."""
    yield {"conf": lambda: _column_map(settings, configured)}
    yield {
        "hdfs": lambda: _hdfs(configured.hdfs, settings.huser),
        "hdfs files": lambda: _hdfs_files(configured.hdfs, settings.huser),
        "locks": lambda: _locks(configured.hdfs, settings.huser),
        "results": lambda: _results(configured.hdfs, settings.huser),
        "start date": lambda: start_date_finding(settings, first_day(configured)),
        "earlier days": lambda: days_before(settings, configured),
    }
    yield _logs(settings, configured)
    yield {**configured.impala.probes(), "killed writers": lambda: _killed_writers(configured)}
    yield {"ranking": lambda: _ranking(settings)}
    yield {"notebooks": lambda: notebooks_before(configured)}
    yield {"Sigma rules": lambda: _sigma_rules(settings)}
    yield {"network context": lambda: _network_context(configured)}
    yield {"ranking lists": lambda: _ranking_lists(settings)}
    yield {"history": lambda: _history(settings)}
    yield {"reputation": lambda: _reputation(settings, configured)}
    try:
        services = configured.reputation.probes()
    except ProxyOaError:
        return  # reported by the probe `reputation`
    # Services fail independently of each other.
    for name, probe in services.items():
        yield {f"reputation {name}": probe}


def _logs(settings: Settings, configured: Deployment) -> dict[str, Callable[[], str]]:
    if not settings.logs:
        return {
            "logs": lambda: "none configured (PROXY_OA_LOGS): other systems, or proxy-oa ingest, fill proxy"
        }

    from proxy_oa_assets.cli.log_probes import LogProbes

    return LogProbes(configured.workspace, dt.datetime.now(dt.UTC)).probes()


def _column_map(settings: Settings, configured: Deployment) -> str:
    columns = configured.workspace.column_map()
    return (
        f"{settings.conf}: {len(columns.results)} columns in the results; "
        f"reputation of {columns.reputation_column}"
    )


def _hdfs(hdfs: FileStore, huser: str) -> str:
    entries = hdfs.list_folder(f"{huser}/proxy")
    return f"{hdfs.location(huser)}/proxy: {len(entries)} entries"


def _hdfs_files(hdfs: FileStore, huser: str) -> str:
    """Write a file below HUSER, read it back, remove it."""
    path, content = f"{huser}/proxy/.doctor-{uuid.uuid4().hex}", b"proxy-oa doctor"
    hdfs.write(path, [content])
    try:
        with hdfs.open(path) as stream:
            same = stream.read() == content
    finally:
        hdfs.delete(path)
    if not same:
        raise ProxyOaError(f"{hdfs.location(path)}: read other bytes than were written; check the disk")
    return "wrote, read back and removed a file"


def _locks(hdfs: FileStore, huser: str) -> str:
    """Take a lock of its own, and remove what killed processes left beside the locks."""
    folder = f"{huser}/proxy/oa/.locks"
    with hdfs.lock(f"{folder}/doctor", "probing", patience=_LOCK_SECONDS):
        hdfs.remove_abandoned(folder)
    return "took and released a lock"


def _killed_writers(configured: Deployment) -> str:
    """Repair the newest days that have a folder in `scored_results`, where feedback files are."""
    folder = f"{configured.workspace.huser}/proxy/scored_results"
    days = sorted(filter(None, (Day.of_folder(entry.name) for entry in configured.hdfs.list_folder(folder))))
    lines = [
        line
        for day in days[-_REPAIRED_DAYS:]
        for line in repaired(day, configured, patience=_REPAIR_LOCK_SECONDS)
    ]
    if lines:
        return Doubtful(f"repaired: {'; '.join(lines)}")
    return f"the newest {_REPAIRED_DAYS} days at most are whole: files follow their tables"


def _results(hdfs: FileStore, huser: str) -> str:
    folder = f"{huser}/proxy/scored_results"
    days = [entry.name for entry in hdfs.list_folder(folder) if entry.is_folder and Day.of_folder(entry.name)]
    if not days:
        return f"{hdfs.location(folder)}: no ranked day yet; the ranking job (spot-ml) writes there"
    return f"{hdfs.location(folder)}: {len(days)} ranked days, the last one {max(days)}"


def _ranking(settings: Settings) -> str:
    if settings.ranking == "external":
        return "another system's (PROXY_OA_RANKING=external)"

    from proxy_oa_assets.ranking.weights import read_weights

    read_weights(settings.ranking_weights)
    unless = ", unless another system's results are there" if settings.ranking == "auto" else ""
    return (
        f"days are ranked here{unless} (PROXY_OA_RANKING={settings.ranking}); weights: "
        f"{settings.ranking_weights or 'shipped'}; history: {settings.ranking_history_days} days"
    )


def _sigma_rules(settings: Settings) -> str:
    if settings.sigma_rules is None:
        return "none configured (PROXY_OA_SIGMA_RULES)"

    from proxy_oa_assets.ranking.voices.configured import configured_voices

    configured_voices((), settings.sigma_rules)

    from proxy_oa_assets.ranking.voices.sigma_rules import read_rules

    found = read_rules(settings.sigma_rules)
    finding = "; ".join(found.notes(settings.sigma_rules))
    return Doubtful(finding) if found.refused or not found.rules else finding


def _network_context(configured: Deployment) -> str:
    context = configured.workspace.network_context()
    if configured.workspace.network_context_file is None:
        return "none configured (PROXY_OA_NETWORK_CONTEXT): network_context stays empty"
    if context.rejected:
        raise ProxyOaError(f"{context.entries} entries; {context.rejected}")
    return f"{configured.workspace.network_context_file}: {context.entries} entries"


def _ranking_lists(settings: Settings) -> str:
    """Say which lists are in force and of which day each is."""
    from proxy_oa_assets.ranking.host_lists import Lists

    found = list(Lists(settings.ranking_lists).in_force())
    said = [f"{one.name} {one.entries:,} of {one.as_of}{' (own)' if one.is_own else ''}" for one in found]
    where = settings.ranking_lists or "shipped ones alone (PROXY_OA_RANKING_LISTS)"
    return f"{where}: {', '.join(said)}"


def _reputation(settings: Settings, configured: Deployment) -> str:
    if settings.reputation is None:
        return "none configured (PROXY_OA_REPUTATION): uri_rep stays empty"
    found = configured.reputation.configured()
    if found.warnings:
        raise ProxyOaError(f"{settings.reputation}: {'; '.join(found.warnings)}")
    return f"{settings.reputation}: {len(found.services)} services"


def _history(settings: Settings) -> str:
    folder = settings.dagster_home
    if not folder.is_dir():
        return f"{folder}: the first run creates it"
    with open_history(settings) as instance:
        runs = instance.get_runs_count()
    is_open = stat.S_IMODE(folder.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
    return f"{folder}: {runs} runs{'; other users can open it, which chmod 700 ends' if is_open else ''}"
