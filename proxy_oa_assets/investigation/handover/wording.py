"""How formats put requests and indicators into words."""

import datetime as dt
import json

from proxy_oa_assets.enrichment.reputation.verdict import Risk, Verdict
from proxy_oa_assets.investigation.handover.selection import Indicator, Request
from proxy_oa_assets.model.text import counted, printable
from proxy_oa_assets.ranking.letters import letter_note


def verdict_words(verdict: Verdict) -> str:
    """Return a verdict as text: service, label, risk."""
    risk = {Risk.UNVERIFIED: "no answer", Risk.NONE: "no risk"}.get(
        verdict.risk, f"{verdict.risk.name.lower()} risk"
    )
    return f"{verdict.service}: {verdict.label} ({risk})"


def met(indicator: Indicator) -> str:
    """Return how often and when an indicator was met."""
    if not indicator.requests:
        return "the raw log no longer has its requests"
    first, last = (f"{at:%Y-%m-%d %H:%M:%S} UTC" for at in (indicator.first, indicator.last))
    times = f"at {first}" if first == last else f"from {first} to {last}"
    return f"{counted(indicator.requests, 'request')} of {counted(len(indicator.clients), 'client')}, {times}"


def what_is_known(indicator: Indicator) -> list[str]:
    """Return sentences on an indicator: how it was met, is logged and reads, severity, reasons and verdicts.

    They name no client.
    """
    known = [met(indicator)]
    if indicator.severity:
        known.append(f"severity {indicator.severity.name.lower()}")
    if indicator.well_known and not indicator.for_detection:
        known.append("a well-known site: not for detection")
    if note := letter_note(indicator.value):
        known.append(note)
    if indicator.reasons:
        known.append(f"because: {'; '.join(map(printable, indicator.reasons))}")
    verdicts = [verdict for verdict in indicator.verdicts.values() if verdict.risk > Risk.NONE]
    known += [printable(verdict_words(verdict)) for verdict in verdicts]
    known += [f"logged as {printable(text)}" for text in indicator.logged]
    return known


def request_words(request: Request) -> str:
    """Return a request in a line: what it was, and why it stands out."""
    row = request.row
    to = request.to.url or (f"{request.to.host.value}:{request.to.port}" if request.to.host else "")
    parts = [row.get("reqmethod"), to, row.get("respcode"), row.get("resconttype")]
    text = " ".join(printable(part) for part in parts if part is not None)
    text += f" from {printable(row.get('clientip'))}"
    return f"{text}: {'; '.join(map(printable, request.reasons))}" if request.reasons else text


def stamp(at: dt.datetime) -> str:
    """Return a time, UTC, as ISO 8601 and RFC 3339 have it, with its offset."""
    return at.isoformat(timespec="seconds")


def json_line(value: object) -> bytes:
    """Return a line of JSON, in ASCII: readers don't agree on which other characters end a line."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False).encode("ascii") + b"\n"
