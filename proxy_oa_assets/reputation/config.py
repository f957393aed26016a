"""The reputation file: which services, in which order, with which settings.

TOML (or the same as JSON):

    [[services]]
    service = "blocklist"

    [[services.lists]]
    path = "malware_domains.csv"   # relative to this file
    kind = "domains"               # or "urls"
    name = "maltrail"              # stands in uri_rep as the category's group
    severity = 3                   # of being on it; 3 if left out
"""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from proxy_oa_assets.errors import ReputationConfigError
from proxy_oa_assets.reputation.blocklist import Blocklist, BlocklistService
from proxy_oa_assets.reputation.service import ReputationService
from proxy_oa_assets.reputation.verdict import HIGH, NONE

Entry = dict[str, Any]


def load_services(path: Path) -> list[ReputationService]:
    """Return the configured services in their order. Raises ReputationConfigError naming file and entry."""
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise ReputationConfigError(f"The reputation file {path} can't be read: {error}") from error
    try:
        return _services(content, path.parent)
    except ReputationConfigError as error:
        raise ReputationConfigError(f"{path}: {error}") from None


def _services(content: object, folder: Path) -> list[ReputationService]:
    entries = content.get("services") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        raise ReputationConfigError("has no list `services`; in TOML, each service begins with [[services]]")
    services = []
    for number, entry in enumerate(entries):
        place = f"services[{number}]"
        kind = entry.get("service") if isinstance(entry, dict) else None
        if not isinstance(kind, str) or kind not in _BUILDERS:
            raise ReputationConfigError(
                f"{place}.service is {kind!r}; it is one of {', '.join(sorted(_BUILDERS))}"
            )
        services.append(_BUILDERS[kind](entry, folder, place))
    names = [service.name for service in services]
    for name in names:
        if names.count(name) > 1:
            raise ReputationConfigError(f"two services are called {name!r}; give one another `name`")
    return services


def _blocklist(entry: Entry, folder: Path, place: str) -> BlocklistService:
    _only(entry, place, {"service", "name", "lists"})
    lists = entry.get("lists")
    if not isinstance(lists, list) or not lists:
        raise ReputationConfigError(f"{place}.lists is empty; name at least one list")
    name = _string(entry | {"name": entry.get("name", "blocklist")}, "name", place)
    return BlocklistService(
        name, [_list(each, folder, f"{place}.lists[{number}]") for number, each in enumerate(lists)]
    )


def _list(entry: object, folder: Path, place: str) -> Blocklist:
    if not isinstance(entry, dict):
        raise ReputationConfigError(f"{place} is no table of path, kind, name and severity")
    _only(entry, place, {"path", "kind", "name", "severity"})
    try:
        path = folder / Path(_string(entry, "path", place)).expanduser()
    except RuntimeError as error:
        raise ReputationConfigError(f"{place}.path is {entry.get('path')!r}: {error}") from error
    if not path.is_file():
        raise ReputationConfigError(f"{place}.path: there is no file {path}")
    kind = entry.get("kind")
    if kind not in ("domains", "urls"):
        raise ReputationConfigError(f'{place}.kind is {kind!r}; it is "domains" or "urls"')
    severity = entry.get("severity", HIGH)
    if isinstance(severity, bool) or not isinstance(severity, int) or not NONE <= severity <= HIGH:
        raise ReputationConfigError(f"{place}.severity is {severity!r}; it is {NONE} to {HIGH}")
    return Blocklist(
        path, kind, _string(entry | {"name": entry.get("name", path.stem)}, "name", place), severity
    )


_BUILDERS: dict[str, Callable[[Entry, Path, str], ReputationService]] = {"blocklist": _blocklist}


def _string(entry: Entry, key: str, place: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip(" :;|\t\r\n"):
        raise ReputationConfigError(
            f"{place}.{key} is {value!r}; it is a text with more than separators in it"
        )
    return value


def _only(entry: Entry, place: str, known: set[str]) -> None:
    for key in entry:
        if key not in known:
            raise ReputationConfigError(f"{place}.{key} is no setting; known are {', '.join(sorted(known))}")
