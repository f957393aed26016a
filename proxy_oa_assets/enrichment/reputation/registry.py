"""The registry of reputation services: ours, and those that other packages register as entry points."""

from importlib.metadata import entry_points
from pkgutil import resolve_name

from proxy_oa_assets.enrichment.reputation.service import LocalService, RemoteService
from proxy_oa_assets.model.errors import ReputationConfigError

# A package's pyproject.toml: [project.entry-points."proxy_oa_assets.reputation"], then name = "module:Class".
ENTRY_POINTS = "proxy_oa_assets.reputation"

# By an entry's `service`; a module is imported when an entry of the reputation file names its service.
_OURS = {
    "blocklist": "blocklist:Blocklist",
    "fb": "fb:ThreatExchange",
    "gti": "gti:Gti",
    "misp": "misp:Misp",
    "urlhaus": "urlhaus:UrlHaus",
    "urlhaus_dump": "urlhaus:UrlHausDump",
    "vt": "vt:VirusTotal",
    "webrisk": "webrisk:WebRisk",
}


def service_names() -> list[str]:
    """Return the values that an entry's `service` can have."""
    return sorted({*_OURS, *(point.name for point in entry_points(group=ENTRY_POINTS))})


def service_class(service: str) -> type[LocalService | RemoteService]:
    """Return a service's class. Raises ReputationConfigError if there is none, or it can't be used."""
    if service in _OURS:
        found: object = resolve_name(f"proxy_oa_assets.enrichment.reputation.services.{_OURS[service]}")
    else:
        points = tuple(entry_points(group=ENTRY_POINTS, name=service))
        if not points:
            raise ReputationConfigError(f"{service!r} is no service; there are {', '.join(service_names())}")
        try:
            found = points[0].load()
        except Exception as error:
            # Importing another package's module can raise anything; the file's entry is at fault.
            raise ReputationConfigError(
                f"{points[0].value}, registered as {service!r}, can't be loaded: {error}"
            ) from error
    if not isinstance(found, type) or not issubclass(found, (LocalService, RemoteService)):
        raise ReputationConfigError(
            f"what is registered as {service!r} is no subclass of RemoteService or LocalService"
        )
    return found
