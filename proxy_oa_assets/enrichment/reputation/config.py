"""The reputation file: the services in their order, with their settings, as TOML or JSON.

docs/reputation.md describes it. Spot's own reputation_config.json is read as well.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from proxy_oa_assets.enrichment.reputation import spot_config
from proxy_oa_assets.enrichment.reputation.cache import CacheLifetimes
from proxy_oa_assets.enrichment.reputation.privacy import Privacy
from proxy_oa_assets.enrichment.reputation.registry import service_class
from proxy_oa_assets.enrichment.reputation.service import LocalService, RemoteService
from proxy_oa_assets.enrichment.reputation.types import Section
from proxy_oa_assets.model.errors import ReputationConfigError
from proxy_oa_assets.model.text_file import parse_nested, settings_text
from proxy_oa_assets.model.trusted_file import read_trusted

Entry = dict[str, Any]


class _File(Section):
    services: list[Entry]
    privacy: Privacy = Privacy()
    cache: CacheLifetimes = CacheLifetimes()


@dataclass(frozen=True)
class ReputationConfig:
    """The content of a reputation file; `warnings` are for its author."""

    services: Sequence[LocalService | RemoteService]
    privacy: Privacy = field(default_factory=Privacy)
    cache: CacheLifetimes = field(default_factory=CacheLifetimes)
    warnings: tuple[str, ...] = ()


def load_reputation(
    path: Path,
    environ: Mapping[str, str],
    *,
    may_run_programs: bool = True,
    trusted_users: Collection[str] = (),
) -> ReputationConfig:
    """Read the reputation file; `environ` has the secrets.

    Raises ReputationConfigError naming file and entry, also for a program where none may be run, and
    UntrustedFileError for a file of another user who isn't trusted.
    """
    try:
        text = settings_text(read_trusted(path, trusted_users))
        content = parse_nested(json.loads if path.suffix == ".json" else tomllib.loads, text)
    except (OSError, ValueError) as error:
        raise ReputationConfigError(f"The reputation file {path} can't be read: {error}") from error
    context = {"folder": path.parent, "environ": environ, "may_run_programs": may_run_programs}
    try:
        return _config(content, context)
    except ReputationConfigError as error:
        raise ReputationConfigError(f"{path}: {error}") from None


def _config(content: object, context: Mapping[str, object]) -> ReputationConfig:
    warnings: tuple[str, ...] = ()
    places: list[str] = []
    if spot_config.is_spot_config(content):
        places, warnings = list(content), (spot_config.WARNING,)
        content = {"services": spot_config.entries(content)}
    elif not isinstance(content, dict) or "services" not in content:
        raise ReputationConfigError("has no list `services`; in TOML, each service begins with [[services]]")
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise _located("", error) from None
    places = places or [f"services[{number}]" for number in range(len(file.services))]
    services = [_service(*each, context) for each in zip(places, file.services, strict=True)]
    _check(services)
    return ReputationConfig(services, file.privacy, file.cache, warnings)


def _service(place: str, entry: Entry, context: Mapping[str, object]) -> LocalService | RemoteService:
    """Return the service of the entry at a place of the file."""
    name = entry.get("service")
    if not isinstance(name, str):
        raise ReputationConfigError(f"{place}.service is {name!r}; it says which service this is")
    try:
        return service_class(name).model_validate(entry, context=context)
    except ReputationConfigError as error:
        raise ReputationConfigError(f"{place}.service: {error}") from None
    except ValidationError as error:
        raise _located(place, error) from None


def _check(services: Iterable[LocalService | RemoteService]) -> None:
    """Raise ReputationConfigError if two services have one name, or one key and different limits."""
    for name, count in Counter(service.name for service in services).items():
        if count > 1:
            raise ReputationConfigError(f"two services are called {name!r}; give one another `name`")
    first_of: dict[str, RemoteService] = {}
    for service in services:
        if isinstance(service, RemoteService):
            first = first_of.setdefault(service.account, service)
            for limit in ("per_minute", "per_day"):
                if getattr(first, limit) != getattr(service, limit):
                    raise ReputationConfigError(
                        f"{first.name!r} and {service.name!r} use one key, for which requests are counted "
                        f"together; give both the same `{limit}`"
                    )


def _located(place: str, error: ValidationError) -> ReputationConfigError:
    """Return a model's first error with its place in the file, without the input: it may be a secret."""
    first = error.errors(include_url=False, include_input=False)[0]
    for part in first["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    if first["type"] == "extra_forbidden":
        return ReputationConfigError(f"{place} is no setting; docs/reputation.md has them")
    return ReputationConfigError(f"{place}: {first['msg'].removeprefix('Value error, ')}")
