"""The STIX 2.1 bundle: valid by OASIS's validator, with the same values, twice the same."""

import json

import pytest
from stix2patterns.v21.pattern import Pattern
from stix2validator import ValidationOptions, validate_string
from support.handed_over import VERDICTS, WORD, handed_over, hostile, row
from support.hostile import over_hostile_values

from proxy_oa_assets.investigation.handover.format import format_named
from proxy_oa_assets.investigation.handover.selection import HandOver
from proxy_oa_assets.investigation.handover.web_addresses import strict_url


def _objects(handed: HandOver) -> list[dict[str, object]]:
    return json.loads(format_named("stix").content(handed))["objects"]


def _of_type(objects: list[dict[str, object]], kind: str) -> list[dict[str, object]]:
    return [each for each in objects if each["type"] == kind]


def _compared(pattern: str) -> list[str]:
    """Return the texts that a pattern compares with, as STIX's own parser reads them."""
    found = []
    for comparisons in Pattern(pattern).inspect().comparisons.values():
        for _, _, literal in comparisons:
            quoted = isinstance(literal, str) and literal.startswith("'")
            found.append(literal[1:-1].replace("\\'", "'").replace("\\\\", "\\") if quoted else str(literal))
    return found


@over_hostile_values("hostile values in STIX")
def test_hostile_values_are_valid_and_come_out_as_they_were() -> None:
    """Each URL and host is compared with in a pattern, quotes and backslashes included; no NUL is in one."""
    handed = hostile()
    content = format_named("stix").content(handed)
    result = validate_string(content.decode("ascii"), ValidationOptions(version="2.1"))
    assert result.is_valid, [str(error)[:200] for error in result.errors or ()]
    indicators = _of_type(json.loads(content)["objects"], "indicator")
    # By position: a URL and the text of a host that is none can have the same name.
    for indicator, made in zip(handed.indicators, indicators, strict=True):
        assert made["name"] == _shown(indicator)
        compared = _compared(made["pattern"])
        assert all(text.isprintable() for text in compared)
        if indicator.value.isprintable():
            assert indicator.value in compared
        if indicator.kind == "url":
            assert strict_url(indicator.value) in compared
    assert "nul\\\\x00inside" in json.dumps([each["description"] for each in indicators])


def _shown(indicator: object) -> str:
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in str(indicator)
    )


def test_a_report_per_incident_with_what_was_seen_when_and_why() -> None:
    """The indicator says reasons and verdicts, its sighting when and how often; nothing names a client."""
    handed = handed_over(
        row("evil.example/a", word=WORD, uri_rep=VERDICTS, ml_score=0.01, uri_sev=1),
        row("evil.example/a", p_time="10:00:00", uri_sev=1),
        row("cnc.example:8443", host="cnc.example", reqmethod="CONNECT", uriport="8443"),
        title="Kit",
        text="It's a kit",
    )
    objects = _objects(handed)
    (report,) = _of_type(objects, "report")
    assert (report["name"], report["description"]) == ("Kit", "It's a kit")
    assert set(report["object_refs"]) <= {each["id"] for each in objects}
    url = next(each for each in objects if each.get("name") == "http://evil.example/a")
    assert url["indicator_types"] == ["malicious-activity"]
    assert "led here from a.example" in url["description"]
    assert "gti: MALICIOUS (high risk)" in url["description"]
    sighting = next(each for each in objects if each.get("sighting_of_ref") == url["id"])
    assert (sighting["count"], sighting["first_seen"], sighting["last_seen"]) == (
        2,
        "2016-09-12T09:00:00Z",
        "2016-09-12T10:00:00Z",
    )
    tunnel = next(each for each in objects if each.get("name") == "cnc.example:8443")
    assert _compared(tunnel["pattern"]) == ["cnc.example", "8443"]
    assert "10.0.0.1" not in json.dumps(objects)
    assert "anna" not in json.dumps(objects)


def test_what_is_not_for_detection_is_observed_and_noted() -> None:
    """A well-known host and a URI of low severity are no indicators; a note says why they are there."""
    objects = _objects(handed_over(row("www.popular.example/a", uri_sev=1), row("fine.example/a", uri_sev=3)))
    named = {each["name"] for each in _of_type(objects, "indicator")}
    assert named == {"http://www.popular.example/a"}
    observed = {each["id"]: each["object_refs"] for each in _of_type(objects, "observed-data")}
    by_id = {each["id"]: each for each in objects}
    noted = {
        by_id[observed[ref][0]]["value"]: each["content"]
        for each in _of_type(objects, "note")
        for ref in each["object_refs"]
    }
    assert set(noted) == {"http://fine.example/a", "fine.example", "www.popular.example"}
    assert "a well-known site: not for detection" in noted["www.popular.example"]
    (report,) = _of_type(objects, "report")
    assert {each["id"] for each in _of_type(objects, "note")} < set(report["object_refs"])


@pytest.mark.parametrize("tlp", ["clear", "green", "amber", "red"])
def test_two_exports_are_equal_and_marked(tlp: str) -> None:
    """The same records give the same bytes; the marking is on each object."""
    handed = [handed_over(row("evil.example/a"), tlp=tlp) for _ in range(2)]
    first, second = map(format_named("stix").content, handed)
    assert first == second
    objects = json.loads(first)["objects"]
    (marking,) = _of_type(objects, "marking-definition")
    assert marking["name"] == f"TLP:{'WHITE' if tlp == 'clear' else tlp.upper()}"
    (indicator,) = (each for each in _of_type(objects, "indicator") if each["name"].startswith("http"))
    assert indicator["object_marking_refs"] == [marking["id"]]
