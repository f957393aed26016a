"""Spot's own reputation_config.json, translated to entries of the reputation file.

It has an object for each of `gti` and `fb`, with the secrets in it.
"""

import json
from typing import Any, TypeGuard

from pydantic import SecretStr

from proxy_oa_assets.model.errors import ReputationConfigError
from proxy_oa_assets.model.text_file import parse_nested

WARNING = (
    "the reputation file is Spot's, with secrets in it; put these into the environment, and their variables' "
    "names into a file as docs/reputation.md describes it"
)
# Our names of settings by Spot's; `category_file` alone is optional.
_GTI = {"server": "server", "user": "user", "password": "password_env", "ci": "client"}
_SETTINGS = {
    "gti": {**_GTI, "refclient": "restclient", "category_file": "category_file"},
    "fb": {"app_id": "app_id", "app_secret": "app_secret_env"},
}
# Spot's placeholder for the query in `ci`, the text of a whole request.
_QUERY = "###QUERY###"


def is_spot_config(content: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a file's content is in Spot's form."""
    return isinstance(content, dict) and bool(content) and set(content) <= set(_SETTINGS)


def entries(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries in the file's order. Raises ReputationConfigError naming a missing setting."""
    return [_entry(service, settings) for service, settings in content.items()]


def _entry(service: str, settings: object) -> dict[str, Any]:
    given = settings if isinstance(settings, dict) else {}
    entry: dict[str, Any] = {"service": service}
    for name, ours in _SETTINGS[service].items():
        text = given.get(name)
        if isinstance(text, str) and text:
            entry[ours] = SecretStr(text) if ours.endswith("_env") else text
        elif name != "category_file":
            raise ReputationConfigError(f"{service}.{name} is missing; it is a text")
    if service == "gti":
        entry |= {"transport": "restclient", "client": _client(entry["client"])}
    return entry


def _client(ci: str) -> dict[str, Any]:
    """Return the description of the client in the text of a request."""
    try:
        request = parse_nested(json.loads, ci.replace(_QUERY, ""))
    except ValueError:
        request = None
    client = request.get("ci") if isinstance(request, dict) else None
    if not isinstance(client, dict):
        raise ReputationConfigError(f'gti.ci is no request with a "ci" and {_QUERY} in it')
    return client
