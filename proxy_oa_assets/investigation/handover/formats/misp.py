"""The format `misp`: an event per threat as MISP's JSON, with its indicators as attributes.

It names no client and no user, so that it can be shared; its distribution is the importer's own organisation.
MISP refuses names without a dot, and texts with a line feed or of more than 65,535 bytes: such a host is an
attribute of the type `other`, such a URL an attachment. Two exports of the same records are equal.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import uuid
from typing import TYPE_CHECKING

from proxy_oa_assets.investigation.handover.format import Format
from proxy_oa_assets.investigation.handover.selection import HandOver, Indicator, Threat
from proxy_oa_assets.investigation.handover.web_addresses import Kind
from proxy_oa_assets.investigation.handover.wording import stamp, what_is_known
from proxy_oa_assets.model.text import printable, printable_lines, shortened

if TYPE_CHECKING:
    from pymisp import MISPEvent

_IDS = uuid.UUID("5b6f9f2e-6a40-5d7e-8f5c-0c7b6b0e4a11")
_UNDEFINED_LEVEL = 4
_ONGOING = 1
_OWN_ORGANISATION = 0
_MOST_BYTES = 65_535
_LONGEST_SENTENCE = 4_000
_NO_TYPE = "other"
# MISP's own rule.
_NAME = re.compile(r"[A-Za-z0-9._-]+\.[A-Za-z0-9-]{2,}", re.ASCII)
_TYPES = {Kind.URL: "url", Kind.DOMAIN: "hostname", Kind.IPV4: "ip-dst", Kind.IPV6: "ip-dst"}


def content(handed: HandOver) -> bytes:
    """Return the event, or several in a list as MISP's own exports have it."""
    events = [{"Event": json.loads(_event(handed, threat).to_json())} for threat in handed.threats]
    whole = events[0] if len(events) == 1 else {"response": events}
    return f"{json.dumps(whole, indent=1)}\n".encode("ascii")


def _event(handed: HandOver, threat: Threat) -> MISPEvent:
    from pymisp import MISPEvent

    found = handed.indicators_of(threat)
    severities = [indicator.severity for indicator in found if indicator.severity]
    first = handed.first_seen(threat)
    event = MISPEvent(force_timestamps=True)
    event.uuid = _uuid(handed.day.key, threat.key, stamp(first))
    event.info = printable(threat.title) or f"Web proxy threat of {handed.day}"
    event.date = handed.day.date
    event.distribution = _OWN_ORGANISATION
    event.threat_level_id = int(min(severities, default=_UNDEFINED_LEVEL))
    event.analysis = _ONGOING
    event.timestamp = threat.at or first
    if handed.tlp:
        event.add_tag(f"tlp:{handed.tlp}")
    if threat.text:
        _add(event, "comment", printable_lines(threat.text), "the analyst's text", to_ids=False)
    for indicator in found:
        kind, value = _attribute(indicator)
        known = [shortened(sentence, _LONGEST_SENTENCE) for sentence in what_is_known(indicator)]
        if kind == _NO_TYPE:
            known.append("no host that MISP accepts")
        _add(
            event,
            kind,
            value,
            "; ".join(known),
            to_ids=kind != _NO_TYPE and indicator.for_detection,
            first_seen=indicator.first,
            last_seen=indicator.last,
        )
    return event


def _attribute(indicator: Indicator) -> tuple[str, str]:
    """Return the type and value that MISP accepts."""
    kind = _TYPES.get(indicator.kind, _NO_TYPE)
    if kind == "hostname" and not _NAME.fullmatch(indicator.value):
        kind = _NO_TYPE
    if kind == _NO_TYPE or indicator.port is None:
        return kind, printable(indicator)
    return f"{kind}|port", f"{indicator.value}|{indicator.port}"


def _add(event: MISPEvent, kind: str, value: str, comment: str, *, to_ids: bool, **seen: dt.datetime) -> None:
    named = _uuid(event.uuid, kind, value)
    if len(value.encode("utf-8")) <= _MOST_BYTES:
        event.add_attribute(kind, value, comment=comment, uuid=named, to_ids=to_ids, **seen)
        return
    whole, name = io.BytesIO(value.encode("utf-8")), f"{kind.replace('|', '-')}-{named}.txt"
    said = f"the {kind} in this file is too long for an attribute; {comment}"
    event.add_attribute("attachment", name, data=whole, comment=said, uuid=named, to_ids=False, **seen)


def _uuid(*names: str) -> str:
    return str(uuid.uuid5(_IDS, json.dumps(names)))


FORMAT = Format("misp", "misp.json", "an event per threat for MISP, without a server", content, "pymisp")
