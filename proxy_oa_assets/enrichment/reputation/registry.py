"""The services that there are: ours, and those that other packages register as entry points."""

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from proxy_oa_assets.enrichment.reputation.service import LocalService, RemoteService, ReputationService
from proxy_oa_assets.model.errors import ReputationConfigError

# A package's pyproject.toml: [project.entry-points."proxy_oa_assets.reputation"], then kind = "module:Class".
ENTRY_POINTS = "proxy_oa_assets.reputation"

# By what an entry's `service` says; loaded when it is configured.
_OURS = {
    "blocklist": "blocklist:Blocklist",
    "fb": "fb:ThreatExchange",
    "gti": "gti:Gti",
    "misp": "misp:Misp",
    "urlhaus": "urlhaus:UrlHaus",
    "urlhaus_dump": "urlhaus_dump:UrlHausDump",
    "vt": "vt:VirusTotal",
    "webrisk": "webrisk:WebRisk",
}


def kinds() -> list[str]:
    """Return what an entry's `service` may be."""
    return sorted({*_OURS, *(found.name for found in entry_points(group=ENTRY_POINTS))})


def service_class(kind: str) -> type[ReputationService]:
    """Return the class of a kind of service. Raises ReputationConfigError if there is none, or it is none."""
    if kind in _OURS:
        module, _, name = _OURS[kind].partition(":")
        found: object = getattr(
            import_module(f"proxy_oa_assets.enrichment.reputation.services.{module}"), name
        )
    else:
        found = _registered(kind)
    if not isinstance(found, type) or not issubclass(found, (LocalService, RemoteService)):
        raise ReputationConfigError(
            f"what is registered as {kind!r} is no subclass of RemoteService or LocalService"
        )
    return found


def _registered(kind: str) -> object:
    points: tuple[EntryPoint, ...] = tuple(entry_points(group=ENTRY_POINTS, name=kind))
    if not points:
        raise ReputationConfigError(f"{kind!r} is no service; there are {', '.join(kinds())}")
    try:
        return points[0].load()
    except Exception as error:
        # Loading runs another package's module, which can raise anything; the file's entry is to blame.
        raise ReputationConfigError(
            f"{points[0].value}, registered as {kind!r}, can't be loaded: {error}"
        ) from error
