"""Spot's own reputation_config.json, read as entries of the reputation file.

It has an object for each of `gti` and `fb`, with the secrets in it.
"""

import json
from typing import Any, TypeGuard

from pydantic import SecretStr

from proxy_oa_assets.model.errors import ReputationConfigError

WARNING = (
    "the reputation file is Spot's, with secrets in it; put these into the environment, and their variables' "
    "names into a file as docs/reputation.md describes it"
)
_KINDS = {"gti", "fb"}
# Where Spot put the query into the text that it sent.
_QUERY = "###QUERY###"


def is_spots(content: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a file's content is in Spot's form."""
    return isinstance(content, dict) and bool(content) and set(content) <= _KINDS


def entries(content: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries, in the file's order. Raises ReputationConfigError naming what is missing."""
    return [_GIVEN[kind](settings) for kind, settings in content.items()]


def _gti(settings: object) -> dict[str, Any]:
    given = _texts("gti", settings, ("server", "user", "password", "ci", "refclient"), ("category_file",))
    client = _client(given["ci"])
    entry = {
        "service": "gti",
        "transport": "restclient",
        "server": given["server"],
        "user": given["user"],
        "password_env": SecretStr(given["password"]),
        "restclient": given["refclient"],
        "client": client,
    }
    if given.get("category_file"):
        entry["category_file"] = given["category_file"]
    return entry


def _fb(settings: object) -> dict[str, Any]:
    given = _texts("fb", settings, ("app_id", "app_secret"), ())
    return {"service": "fb", "app_id": given["app_id"], "app_secret_env": SecretStr(given["app_secret"])}


_GIVEN = {"gti": _gti, "fb": _fb}


def _texts(
    kind: str, settings: object, required: tuple[str, ...], optional: tuple[str, ...]
) -> dict[str, str]:
    given = settings if isinstance(settings, dict) else {}
    for key in required:
        if not isinstance(given.get(key), str) or not given[key]:
            raise ReputationConfigError(f"{kind}.{key} is missing; it is a text")
    return {key: given[key] for key in (*required, *optional) if isinstance(given.get(key), str)}


def _client(ci: str) -> dict[str, Any]:
    """Return the client's own description, `ci`, which Spot kept as the text of a whole request."""
    try:
        request = json.loads(ci.replace(_QUERY, ""))
    except ValueError:
        request = None
    client = request.get("ci") if isinstance(request, dict) else None
    if not isinstance(client, dict):
        raise ReputationConfigError(f'gti.ci is no request with a "ci" and {_QUERY} in it')
    return client
