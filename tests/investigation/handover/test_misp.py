"""MISP's JSON: loaded by MISP's own library, with values that MISP accepts, twice the same."""

import json
import re

import pytest
from pymisp import MISPEvent
from support.handed_over import SAVED, VERDICTS, handed_over, hostile, row
from support.hostile import over_hostile_values

from proxy_oa_assets.investigation.handover.format import format_named
from proxy_oa_assets.investigation.handover.selection import HandOver

# What MISP checks of these types (app/Lib/Tools/AttributeValidationTool.php).
_NAME = r"[A-Z0-9.\-_]+\.[A-Z0-9\-]{2,}"
_ACCEPTED = {
    "url": r"[^\n]+",
    "hostname": _NAME,
    "hostname|port": rf"{_NAME}\|[1-9]\d{{0,4}}",
    "ip-dst": r"[0-9a-f.:]+",
    "ip-dst|port": r"[0-9a-f.:]+\|[1-9]\d{0,4}",
    "other": r".+",
    "comment": r"(?s:.+)",
    "attachment": r"[\w|-]+\.txt",
}


def _event(handed: HandOver) -> MISPEvent:
    event = MISPEvent()
    event.load(json.loads(format_named("misp").content(handed)))
    return event


@over_hostile_values("hostile values in MISP")
def test_hostile_values_are_accepted_and_come_out_as_they_were() -> None:
    """Every indicator is an attribute; what MISP refuses is one of another type, or a file."""
    handed = hostile()
    event = _event(handed)
    found = [each for each in event.attributes if each.type != "comment"]
    assert len(found) == len(handed.indicators)
    for attribute, indicator in zip(found, handed.indicators, strict=True):
        assert re.fullmatch(_ACCEPTED[attribute.type], attribute.value, re.IGNORECASE), attribute.type
        assert len(attribute.value.encode()) <= 65_535
        if attribute.type == "attachment":
            assert attribute.data.getvalue().decode() == indicator.value
        elif attribute.type in ("url", "hostname", "ip-dst"):
            assert attribute.value == indicator.value
        elif attribute.type != "other":
            assert attribute.value == f"{indicator.value}|{indicator.port}"
    assert {each.type for each in found} >= {"url", "hostname", "other", "attachment"}
    assert any("nul\\x00inside" in each.comment for each in found)


def test_an_event_per_incident_for_detection() -> None:
    """It has the story, the gravest severity and the marking; well-known hosts aren't for detection."""
    handed = handed_over(
        row("evil.example/a", word="rare_host=0.8", uri_rep=VERDICTS, ml_score=0.01, uri_sev=1),
        row("www.popular.example/a", uri_sev=2),
        row("www.popular.example/b"),
        row("fine.example/a", uri_sev=3),
        row("[2001:db8::1]:8443", host="2001:db8::1", reqmethod="CONNECT", uriport="8443"),
        title="Kit",
        text="It's a kit",
        tlp="green",
    )
    event = _event(handed)
    assert (event.info, str(event.date), event.threat_level_id) == ("Kit", "2016-09-12", 1)
    assert (event.timestamp, [tag.name for tag in event.tags]) == (SAVED, ["tlp:green"])
    detected = {each.value: each.to_ids for each in event.attributes}
    assert detected == {
        "It's a kit": False,
        "http://evil.example/a": True,
        "http://www.popular.example/a": True,
        "http://www.popular.example/b": False,
        "http://fine.example/a": False,
        "evil.example": True,
        "www.popular.example": False,
        "fine.example": False,
        "2001:db8::1|8443": True,
    }
    assert "gti: MALICIOUS (high risk)" in event.attributes[1].comment
    content = format_named("misp").content(handed)
    assert content == format_named("misp").content(handed)
    assert b"10.0.0.1" not in content
    assert b"anna" not in content


@pytest.mark.parametrize("texts", [2, 3])
def test_several_incidents_are_several_events(texts: int) -> None:
    """They are in a list, as MISP exports them."""
    handed = handed_over(row("evil.example/a"))
    whole = HandOver(handed.day, handed.threats * texts, handed.frame)
    assert len(json.loads(format_named("misp").content(whole))["response"]) == texts
