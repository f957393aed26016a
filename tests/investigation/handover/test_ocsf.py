"""OCSF events: valid by OCSF's own schema, with the same values and the reasons."""

import functools
import json

import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from support.handed_over import VERDICTS, WORD, handed_over, hostile, row
from support.hostile import over_hostile_values

from proxy_oa_assets.investigation.handover.format import format_named
from proxy_oa_assets.investigation.handover.selection import HandOver


@functools.cache
def _validator(version: str) -> jsonschema.Draft202012Validator:
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version))
    return jsonschema.Draft202012Validator(schema.get_class_schema("http_activity"))


def _events(handed: HandOver) -> list[dict[str, object]]:
    return [json.loads(line) for line in format_named("ocsf").content(handed).split(b"\n")[:-1]]


@over_hostile_values("hostile values in OCSF")
@pytest.mark.parametrize("version", ["1.5.0", "1.8.0"])
def test_hostile_values_are_valid_and_come_out_as_they_were(version: str) -> None:
    """An event per request, in its order; each column's value is in an attribute, or unmapped."""
    handed = hostile()
    events = _events(handed)
    requests = list(handed.requests())
    assert len(events) == len(requests) == len({each["metadata"]["uid"] for each in events})
    for event, request in zip(events, requests, strict=True):
        errors = [error.message[:200] for error in _validator(version).iter_errors(event)]
        assert not errors
        found = _texts(event)
        for name in ("fulluri", "useragent", "referer", "reqmethod", "respcode"):
            value = request.row[name]
            assert value in (None, *found) or name == "reqmethod", name


def _texts(value: object) -> set[object]:
    if isinstance(value, dict):
        return set().union(*map(_texts, value.values())) if value else set()
    return set().union(*map(_texts, value)) if isinstance(value, list) and value else {str(value)}


def test_an_event_says_what_was_requested_how_it_went_and_why_it_stands_out() -> None:
    """Activity by method, severity by analyst or verdict, time in ms, enrichments with reasons."""
    get, tunnel, odd = _events(
        handed_over(
            row(
                "evil.example/a?b=c",
                word=WORD,
                uri_rep=VERDICTS,
                ml_score=0.01,
                uri_sev=2,
                referer="http://a/",
            ),
            row("cnc.example:443", host="cnc.example", reqmethod="CONNECT", uriport="443", respcode="503"),
            row("evil.example/b", reqmethod="PROPFIND", respcode=None, uri_rep="gti:BAD:3"),
        )
    )
    assert (get["class_uid"], get["category_uid"], get["activity_id"], get["type_uid"]) == (
        4002,
        4,
        3,
        400203,
    )
    assert (get["time"], get["severity_id"], get["status_id"]) == (1473670800000, 3, 1)
    assert get["http_request"]["url"]["url_string"] == "http://evil.example/a?b=c"
    assert (get["http_request"]["referrer"], get["http_response"]["code"]) == ("http://a/", 200)
    assert get["traffic"] == {"bytes": 1300, "bytes_in": 1000, "bytes_out": 300}
    assert get["src_endpoint"]["ip"] == "10.0.0.1"
    assert get["dst_endpoint"] == {"hostname": "evil.example", "ip": "203.0.113.9", "port": 80}
    ranking, service, _ = get["enrichments"]
    assert ranking["data"]["reasons"][:2] == ["few clients visit this site", "led here from a.example"]
    assert (service["provider"], service["data"]["categories"]) == ("gti", ["malware", "phishing"])
    assert (tunnel["activity_id"], tunnel["status_id"], tunnel["severity_id"]) == (1, 2, 1)
    assert (tunnel["dst_endpoint"]["port"], "url" in tunnel["http_request"]) == (443, False)
    assert (odd["activity_id"], odd["activity_name"], odd["severity_id"]) == (99, "PROPFIND", 4)
    assert (odd["unmapped"]["reqmethod"], odd["status_id"]) == ("PROPFIND", 0)
