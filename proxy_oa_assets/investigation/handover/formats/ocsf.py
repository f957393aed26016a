"""The format `ocsf`: a line of JSON per raw request, an event of OCSF's class HTTP Activity (4002).

The attributes are those of version 1.5.0, which later versions keep. What an attribute can't hold, such as a
method that isn't in its enumeration, is in `unmapped` under the name of its column.
"""

import functools
import uuid
from importlib.metadata import version

from proxy_oa_assets.enrichment.reputation.verdict import Risk
from proxy_oa_assets.enrichment.score_columns import Severity, response_code_name
from proxy_oa_assets.investigation.handover.format import Format
from proxy_oa_assets.investigation.handover.selection import HandOver, Request
from proxy_oa_assets.investigation.handover.web_addresses import Host, Kind, host_of, port_number
from proxy_oa_assets.investigation.handover.wording import json_line, request_words, verdict_words
from proxy_oa_assets.model.text import printable

_VERSION, _CLASS, _CATEGORY = "1.5.0", 4002, 4
_UNKNOWN, _OTHER = 0, 99
_METHODS = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH")
_SUCCESS, _FAILURE, _FIRST_FAILURE = 1, 2, 400
_INFORMATIONAL, _LOW, _MEDIUM, _HIGH = 1, 2, 3, 4
_SEVERITIES = {Severity.HIGH: _HIGH, Severity.MEDIUM: _MEDIUM, Severity.LOW: _LOW}
_RISKS = {Risk.HIGH: _HIGH, Risk.MEDIUM: _MEDIUM, Risk.LOW: _LOW}
_NAMES = {_INFORMATIONAL: "Informational", _LOW: "Low", _MEDIUM: "Medium", _HIGH: "High"}
_ADDRESSES = (Kind.IPV4, Kind.IPV6)
_SUSPICIOUS = 0.5  # the ranking's middle score
_OF_RANKING = ("word", "ml_score", "uri_sev", "uri_rep")
_EVENTS = uuid.UUID("0b1f6a4c-5f0e-5b0e-9b43-6a1c2f3f7d55")
_PRODUCT = "proxy-oa-assets"

_Object = dict[str, object]


def content(handed: HandOver) -> bytes:
    """Return the lines."""
    return b"".join(
        json_line(_without_none(_event(number, request))) for number, request in enumerate(handed.requests())
    )


def _event(number: int, request: Request) -> _Object:
    row = request.row
    method = str(row.get("reqmethod") or "").upper()
    activity = _METHODS.index(method) + 1 if method in _METHODS else _OTHER if method else _UNKNOWN
    named = "Other" if activity == _OTHER else method.capitalize() or "Unknown"
    response, severity = _response(request), _severity(request)
    code = response["code"] if response else None
    failed = isinstance(code, int) and code >= _FIRST_FAILURE
    return {
        "activity_id": activity,
        "activity_name": printable(row.get("reqmethod")) if activity == _OTHER else named,
        "category_name": "Network Activity",
        "category_uid": _CATEGORY,
        "class_name": "HTTP Activity",
        "class_uid": _CLASS,
        "dst_endpoint": _destination(request),
        "duration": row.get("duration"),
        "enrichments": _enrichments(request),
        "http_request": {
            "http_method": method if method in _METHODS else None,
            "length": row.get("csbytes"),
            "referrer": row.get("referer"),
            "url": _url(request),
            "user_agent": row.get("useragent"),
        },
        "http_response": response,
        "message": request_words(request),
        "metadata": {
            "correlation_uid": next((threat.key for threat in request.threats), None),
            "labels": [threat.title for threat in request.threats],
            "log_name": "proxy",
            "original_time": f"{row.get('p_date')} {row.get('p_time')}",
            "product": {"name": _PRODUCT, "vendor_name": _PRODUCT, "version": _product_version()},
            "uid": _uid(number, request),
            "version": _VERSION,
        },
        "severity": _NAMES[severity],
        "severity_id": severity,
        "src_endpoint": _source(request),
        "status": "Unknown" if code is None else "Failure" if failed else "Success",
        "status_code": row.get("respcode"),
        "status_id": _UNKNOWN if code is None else _FAILURE if failed else _SUCCESS,
        "time": int(request.at.timestamp() * 1000),
        "timezone_offset": 0,
        "traffic": _traffic(request),
        "type_name": f"HTTP Activity: {named}",
        "type_uid": _CLASS * 100 + activity,
        "unmapped": _unmapped(request, activity, response),
    }


@functools.cache
def _product_version() -> str:
    return version(_PRODUCT)


def _severity(request: Request) -> int:
    """Return OCSF's severity: the analyst's, else that of the gravest verdict, else by score and reasons."""
    if request.severity:
        return _SEVERITIES[request.severity]
    risk = max((verdict.risk for verdict in request.verdicts), default=Risk.NONE)
    if risk in _RISKS:
        return _RISKS[risk]
    suspicious = request.score is not None and request.score < _SUSPICIOUS and request.reasons
    return _LOW if suspicious else _INFORMATIONAL


def _response(request: Request) -> _Object | None:
    row, code = request.row, str(request.row.get("respcode"))
    if port_number(code) is None:
        return None
    return {
        "code": int(code),
        "content_type": row.get("resconttype"),
        "length": row.get("scbytes"),
        "status": response_code_name(code),
    }


def _endpoint(host: Host) -> _Object:
    of = "ip" if host.kind in _ADDRESSES else "hostname" if host.kind is Kind.DOMAIN else "name"
    return {of: host.value}


def _source(request: Request) -> _Object | None:
    client, user = request.row.get("clientip"), request.row.get("username")
    if client is None:
        return None
    owner = {"name": user, "type": "User", "type_id": 1} if user not in (None, "", "-") else None
    return {**_endpoint(host_of(str(client))), "owner": owner}


def _destination(request: Request) -> _Object | None:
    found = _endpoint(request.to.host) if request.to.host else {}
    server = host_of(str(request.row.get("serverip")))
    if server.kind in _ADDRESSES:
        found.setdefault("ip", server.value)
    port = request.to.port or port_number(request.row.get("uriport"))
    return {**found, "port": port} if found else None


def _url(request: Request) -> _Object | None:
    if request.to.url is None:
        return None
    host = request.to.host
    return {
        "url_string": request.to.url,
        "scheme": request.to.url.partition(":")[0],
        "hostname": host.value if host and host.kind is not Kind.HOST else None,
        "port": port_number(request.row.get("uriport")),
    }


def _traffic(request: Request) -> _Object | None:
    sent, received = request.row.get("csbytes"), request.row.get("scbytes")
    numbers = [number for number in (sent, received) if isinstance(number, int)]
    return {"bytes": sum(numbers), "bytes_in": received, "bytes_out": sent} if numbers else None


def _enrichments(request: Request) -> list[_Object]:
    about = {
        "name": "http_request.url.url_string",
        "value": request.to.url or str(request.row.get("fulluri")),
    }
    found: list[_Object] = []
    if request.reasons:
        data = {"reasons": request.reasons, "word": request.row.get("word"), "ml_score": request.score}
        of = {"type": "ranking", "provider": _PRODUCT, "desc": "; ".join(request.reasons), "data": data}
        found.append({**about, **of})
    for verdict in request.verdicts:
        categories = [category.name for category in verdict.categories]
        data = {"label": verdict.label, "risk": verdict.risk.name.lower(), "categories": categories}
        of = {"type": "reputation", "provider": verdict.service, "desc": verdict_words(verdict), "data": data}
        found.append({**about, **of})
    return found


def _unmapped(request: Request, activity: int, response: _Object | None) -> _Object:
    names = ["fulluri", "webcat", "serverip", "uriport", *_OF_RANKING]
    if activity == _OTHER:
        names.append("reqmethod")
    if response is None:
        names += ["respcode", "resconttype"]
    if not request.timed:
        names += ["p_date", "p_time"]
    return {name: request.row.get(name) for name in names}


def _uid(number: int, request: Request) -> str:
    """Return an id by number and raw columns: equal requests of a second are several events."""
    row = sorted((name, str(value)) for name, value in request.row.items() if name not in _OF_RANKING)
    return str(uuid.uuid5(_EVENTS, f"{number} {row}"))


def _without_none(value: object) -> object:
    if isinstance(value, dict):
        return {name: _without_none(each) for name, each in value.items() if each is not None}
    return [_without_none(each) for each in value] if isinstance(value, list) else value


FORMAT = Format(
    "ocsf",
    "ocsf.jsonl",
    "the raw requests as events of OCSF's class HTTP Activity, with reasons",
    content,
    has_requests=True,
)
