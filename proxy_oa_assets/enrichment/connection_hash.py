"""The hash that names a connection in an hour."""

import hashlib
import re

from proxy_oa_assets.model.tsv import NULL

UNKNOWN_HOUR = "xx"
_HOUR = re.compile(r"(\d{1,2}):", re.ASCII)


def hour_text(time: str | None) -> str:
    """Return the two-digit hour of a time `HH:MM:SS` (`H:MM:SS` too), or `xx` where it has none."""
    match = _HOUR.match(time or "")
    return match.group(1).zfill(2) if match else UNKNOWN_HOUR


def connection_hash(clientip: str | None, fulluri: str | None, time: str | None) -> str:
    """Return md5 hex of client and URI, followed by the hour: Spot's name for the row's edge file.

    A NULL counts as the word `null`, as it stands in `proxy_results.csv`. md5 is the contract's choice of a
    name, not a protection.
    """
    named = f"{NULL if clientip is None else clientip}{NULL if fulluri is None else fulluri}"
    digest = hashlib.md5(named.encode("utf-8"), usedforsecurity=False).hexdigest()
    return digest + hour_text(time)


def edge_file_name(clientip: str | None, connection: str) -> str:
    """Return `edge-<clientip>-<hash>.tsv`, where `:` and other characters unsafe in a file name are `_`."""
    safe = re.sub(r"[^0-9A-Za-z.-]", "_", NULL if clientip is None else clientip)
    return f"edge-{safe[:64]}-{connection}.tsv"
