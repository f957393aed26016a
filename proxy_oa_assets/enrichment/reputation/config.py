"""The reputation file: which services, in which order, with which settings; TOML, or the same as JSON.

docs/reputation.md describes it. Spot's own reputation_config.json is read, too.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from proxy_oa_assets.enrichment.reputation import spot_config
from proxy_oa_assets.enrichment.reputation.cache import Keeping
from proxy_oa_assets.enrichment.reputation.privacy import Privacy, own_suffix
from proxy_oa_assets.enrichment.reputation.registry import service_class
from proxy_oa_assets.enrichment.reputation.service import RemoteService, ReputationService
from proxy_oa_assets.model.errors import ReputationConfigError

Entry = dict[str, Any]
_OwnSuffix = Annotated[str, AfterValidator(own_suffix)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class _PrivacySection(_Section):
    # Names below them are inside, and domains that the site trusts: neither is sent.
    internal_suffixes: list[_OwnSuffix] = []
    allowed_domains: list[_OwnSuffix] = []


class _CacheSection(_Section):
    hits_hours: float = Field(default=24, ge=0)
    misses_hours: float = Field(default=6, ge=0)


class _File(_Section):
    services: list[Entry]
    privacy: _PrivacySection = _PrivacySection()
    cache: _CacheSection = _CacheSection()


@dataclass(frozen=True)
class ReputationConfig:
    """What the reputation file says; `warnings` are for whoever keeps it."""

    services: list[ReputationService]
    privacy: Privacy = field(default_factory=Privacy)
    keeping: Keeping = field(default_factory=Keeping)
    warnings: tuple[str, ...] = ()


def load_reputation(
    path: Path, environ: Mapping[str, str], *, may_run_programs: bool = True
) -> ReputationConfig:
    """Read the reputation file; secrets come from the environment.

    Raises ReputationConfigError naming file and entry.
    """
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ReputationConfigError(f"The reputation file {path} can't be read: {error}") from error
    try:
        return _configured(
            content,
            {"folder": path.parent, "environ": environ, "may_run_programs": may_run_programs},
        )
    except ReputationConfigError as error:
        raise ReputationConfigError(f"{path}: {error}") from None


def _configured(content: object, given: Mapping[str, object]) -> ReputationConfig:
    warnings: tuple[str, ...] = ()
    places: list[str] = []
    if spot_config.is_spots(content):
        places, warnings = list(content), (spot_config.WARNING,)
        content = {"services": spot_config.entries(content)}
    elif not isinstance(content, dict) or "services" not in content:
        raise ReputationConfigError("has no list `services`; in TOML, each service begins with [[services]]")
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        raise _naming("", error) from None
    places = places or [f"services[{number}]" for number in range(len(file.services))]
    return ReputationConfig(
        _services(zip(places, file.services, strict=True), given),
        Privacy((*file.privacy.internal_suffixes, *file.privacy.allowed_domains)),
        Keeping(file.cache.hits_hours * 3600, file.cache.misses_hours * 3600),
        warnings,
    )


def _services(entries: Iterable[tuple[str, Entry]], given: Mapping[str, object]) -> list[ReputationService]:
    """Return the services of entries, each with its place in the file, for what pydantic is `given`."""
    services: list[ReputationService] = []
    for place, entry in entries:
        kind = entry.get("service")
        if not isinstance(kind, str):
            raise ReputationConfigError(f"{place}.service is {kind!r}; it says which service this is")
        try:
            service = service_class(kind).model_validate(entry, context=given)
        except ReputationConfigError as error:
            raise ReputationConfigError(f"{place}.service: {error}") from None
        except ValidationError as error:
            raise _naming(place, error) from None
        services.append(service)
    names = [service.name for service in services]
    for name in names:
        if names.count(name) > 1:
            raise ReputationConfigError(f"two services are called {name!r}; give one another `name`")
    _check_limits(services)
    return services


def _check_limits(services: Iterable[ReputationService]) -> None:
    """Raise ReputationConfigError if two services ask with one key, of which each says other limits."""
    of_accounts: dict[str, RemoteService] = {}
    for service in services:
        if isinstance(service, RemoteService):
            first = of_accounts.setdefault(service.account, service)
            for limit in ("per_minute", "per_day"):
                if getattr(first, limit) != getattr(service, limit):
                    raise ReputationConfigError(
                        f"{first.name!r} and {service.name!r} ask with one key, for which their requests are "
                        f"counted together; give both the same `{limit}`"
                    )


def _naming(place: str, error: ValidationError) -> ReputationConfigError:
    """Return a model's first error with the place in the file; the value, maybe a secret, stays out."""
    first = error.errors(include_url=False, include_input=False)[0]
    for part in first["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else str(part)
    if first["type"] == "extra_forbidden":
        return ReputationConfigError(f"{place} is no setting; docs/reputation.md has them")
    return ReputationConfigError(f"{place}: {first['msg'].removeprefix('Value error, ')}")
