"""The format `timesketch`: a line of JSON per raw request, as Timesketch imports them (JSONL).

Required are message, datetime (ISO 8601) and timestamp_desc; `tag` is a list.
"""

from proxy_oa_assets.investigation.handover.format import Format
from proxy_oa_assets.investigation.handover.selection import HandOver, Request
from proxy_oa_assets.investigation.handover.wording import (
    json_line,
    request_words,
    stamp,
    verdict_words,
)


def content(handed: HandOver) -> bytes:
    """Return the lines."""
    return b"".join(json_line(_event(request)) for request in handed.requests())


def _event(request: Request) -> dict[str, object]:
    columns = {name: value for name, value in request.row.items() if value is not None}
    url = {"url": request.to.url} if request.to.url else {}
    tags = [f"severity-{request.severity.name.lower()}"] if request.severity else []
    return (
        columns
        | url
        | {
            "message": request_words(request),
            "datetime": stamp(request.at),
            "timestamp_desc": "Request" if request.timed else "Request, at a time that the log doesn't have",
            "data_type": "proxy:request",
            "reasons": request.reasons,
            "verdicts": [verdict_words(verdict) for verdict in request.verdicts],
            "incidents": [threat.title for threat in request.threats],
            "tag": tags,
        }
    )


FORMAT = Format(
    "timesketch",
    "timesketch.jsonl",
    "the raw requests as a timeline for Timesketch",
    content,
    has_requests=True,
)
