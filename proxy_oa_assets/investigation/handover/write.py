"""Hands a day's incidents over: to a text, or to a file in the day's folder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from proxy_oa_assets.investigation.day_context import day_context
from proxy_oa_assets.investigation.handover.format import TLP, format_named
from proxy_oa_assets.investigation.handover.select import selected
from proxy_oa_assets.investigation.listed import Connection
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import HandOverError, InvestigationError
from proxy_oa_assets.model.files import replacing
from proxy_oa_assets.resources.deployment import Deployment


def hand_over(
    day: Day | str,
    format_name: str,
    *,
    incident: str | None = None,
    connections: Iterable[Connection] | None = None,
    tlp: str = "",
    deployment: Deployment | None = None,
) -> bytes:
    """Return what is handed over of a day, in a format.

    By default that is all incidents, the stories of URIs that are in none, and the URIs of high severity; or
    it is one incident by its key, or some connections (client and URI). `tlp` is `clear`, `green`, `amber` or
    `red`. Raises HandOverError for an unknown format or `tlp` and a missing extra, InvestigationError for an
    unknown incident and if there is nothing to hand over.
    """
    found = format_named(format_name)
    if tlp and tlp not in TLP:
        raise HandOverError(f"tlp is {tlp!r}; it is one of {', '.join(TLP)}")
    day, deployment = day_context(day, deployment)
    handed = selected(day, deployment, incident=incident, connections=connections, tlp=tlp)
    if found.has_requests and handed.frame.empty:
        raise InvestigationError(
            f"the raw log of {day} has no request of what is handed over, so {format_name} has no event; "
            f"text, csv, stix and misp have its indicators"
        )
    return found.content(handed)


def write_hand_over(
    day: Day | str,
    format_name: str,
    output: Path | None = None,
    *,
    incident: str | None = None,
    connections: Iterable[Connection] | None = None,
    tlp: str = "",
    deployment: Deployment | None = None,
) -> Path:
    """Write what `hand_over` returns to a file, wholly or not at all; return its path.

    `output` is by default a file of `hand_over/` in the day's data folder, named by day, incident or
    selection, and format.
    """
    day, deployment = day_context(day, deployment)
    connections = None if connections is None else list(connections)
    content = hand_over(
        day, format_name, incident=incident, connections=connections, tlp=tlp, deployment=deployment
    )
    of = incident or ("" if connections is None else f"selection-{_digest(connections)}")
    parts = ("proxy", day.folder, re.sub(r"[^0-9A-Za-z-]", "_", of)[:64], format_named(format_name).suffix)
    name = "-".join(filter(None, parts[:-1]))
    path = (output or deployment.workspace.hand_overs(day) / f"{name}.{parts[-1]}").absolute()
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise InvestigationError(f"{path} can't be written ({error.strerror}); name another file") from error
    return path


def _digest(connections: Iterable[Connection]) -> str:
    """Return a short name of a selection, so that another one's file stays."""
    return hashlib.sha256(repr(sorted(connections)).encode("utf-8")).hexdigest()[:8]
