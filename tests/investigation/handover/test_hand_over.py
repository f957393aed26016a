"""What of a day is handed over, and where it is written."""

import csv
import importlib.util
import io
import json

import pytest
from support.analysts_day import AnalystsDay

from proxy_oa_assets.investigation.handover.format import all_formats
from proxy_oa_assets.investigation.handover.write import hand_over, write_hand_over
from proxy_oa_assets.investigation.incidents import save_incident
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.storyboard import save_storyboard
from proxy_oa_assets.model.errors import InvestigationError

_WORD = "rare_host=0.8;cold=0.5"
_LANDING, _PAYLOAD = ("10.0.0.1", "landing.example/"), ("10.0.0.2", "payload.example/a.exe")


def _write(day: AnalystsDay) -> None:
    day.write_raw(
        {"fulluri": "landing.example/", "host": "landing.example", "p_time": "09:00:00"},
        {"fulluri": "landing.example/", "host": "landing.example", "clientip": "10.0.0.9"},
        {"fulluri": "payload.example/a.exe", "host": "payload.example", "clientip": "10.0.0.2"},
        {"fulluri": "payload.example/a.exe", "host": "payload.example", "clientip": "10.0.0.8"},
        {"fulluri": "told.example/x", "host": "told.example", "p_time": "23:10:00"},
        {"fulluri": None, "host": "high.example", "clientip": None, "reqmethod": "GET"},
        {"fulluri": "low.example/x", "host": "low.example"},
    )
    day.write_scores(
        {"fulluri": "payload.example/a.exe", "clientip": "10.0.0.2", "word": _WORD, "uri_rep": "gti:BAD:3"},
        {"fulluri": None, "clientip": None},
        {"fulluri": "low.example/x"},
    )
    score(day.day, 1, ["payload.example/a.exe", "null"], deployment=day.deployment)
    score(day.day, 3, "low.example/x", deployment=day.deployment)


def _rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_the_days_incidents_stories_and_high_severities(today: AnalystsDay) -> None:
    """By default all of it is handed over once, nothing of low severity; and one incident by its key."""
    _write(today)
    saved = save_incident(today.day, "Kit", "", [_LANDING, _PAYLOAD], deployment=today.deployment)
    save_storyboard(today.day, "told.example/x", "Told", "a story", deployment=today.deployment)

    def handed(name: str, **of: object) -> bytes:
        return hand_over(today.day, name, deployment=today.deployment, **of)

    further = f"Further requests of {today.day} to URIs of high severity"
    rows = _rows(handed("csv"))
    assert {row["indicator"]: row["incidents"] for row in rows if row["type"] == "domain"} == {
        "landing.example": "Kit",
        # Another client fetched the payload.
        "payload.example": f"Kit; {further}",
        "told.example": "Told",
        "high.example": further,
    }
    (url,) = (row for row in rows if row["indicator"] == "http://payload.example/a.exe")
    assert (url["severity"], url["verdicts"]) == ("high", "gti: BAD (high risk)")
    assert "few clients visit this site" in url["reasons"]

    # The incident has one of the two clients of its landing page, and of its payload.
    events = [json.loads(line) for line in handed("timesketch", incident=saved.key).splitlines()]
    assert [(each["clientip"], each["fulluri"]) for each in events] == [_LANDING, _PAYLOAD]
    selected = handed("ocsf", connections=[("10.0.0.1", "low.example/x")])
    assert json.loads(selected)["severity"] == "Low"


@pytest.fixture
def told_day(embedded_day: AnalystsDay) -> AnalystsDay:
    _write(embedded_day)
    return embedded_day


@pytest.mark.parametrize("name", all_formats())
def test_each_format_is_written_and_twice_the_same(told_day: AnalystsDay, name: str) -> None:
    """The file is in the day's folder `hand_over`, under the format's ending."""
    paths = [write_hand_over(told_day.day, name, deployment=told_day.deployment) for _ in range(2)]
    assert paths[0].parent == told_day.home.data(told_day.day).absolute() / "hand_over"
    assert paths[0].name == f"proxy-{told_day.day.folder}.{all_formats()[name].suffix}"
    assert paths[0].read_bytes() == hand_over(told_day.day, name, deployment=told_day.deployment)


def test_a_connection_that_the_raw_log_no_longer_has(told_day: AnalystsDay) -> None:
    """Its URI and host are handed over all the same, and say so; a file without an event isn't written."""
    gone = [("10.0.0.1", "gone.example/x"), ("10.0.0.1", "cnc.example:8443")]

    def handed(name: str) -> bytes:
        return hand_over(told_day.day, name, connections=gone, deployment=told_day.deployment)

    rows = [(row["indicator"], row["port"], row["requests"]) for row in _rows(handed("csv"))]
    assert rows == [
        ("http://gone.example/x", "", "0"),
        ("gone.example", "", "0"),
        ("cnc.example", "8443", "0"),
    ]
    assert handed("text").count(b"the raw log no longer has its requests") == len(rows)
    kinds = [each["type"] for each in json.loads(handed("stix"))["objects"]]
    assert (kinds.count("indicator"), kinds.count("sighting")) == (len(rows), 0)
    for name in ("ocsf", "timesketch"):
        with pytest.raises(InvestigationError, match="text, csv, stix and misp have its indicators"):
            handed(name)


def test_what_there_is_to_choose_is_named(told_day: AnalystsDay, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown format, incident or marking, a day without anything and a missing extra say what to do."""
    saved = save_incident(told_day.day, "Kit", "", [_LANDING], deployment=told_day.deployment)

    def refused(day: object, name: str = "text", **of: object) -> str:
        with pytest.raises(InvestigationError) as error:
            hand_over(day, name, deployment=told_day.deployment, **of)
        return str(error.value)

    assert "csv, misp, ocsf, stix, text, timesketch" in refused(told_day.day, "pdf")
    assert f"{saved.key} (Kit)" in refused(told_day.day, incident="\x1b]")
    assert "clear, green, amber, red" in refused(told_day.day, tlp="pink")
    assert "nothing to hand over" in refused(told_day.day.plus(1))
    assert "nothing to hand over" in refused(told_day.day, connections=[])
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "stix2" else find(name))
    assert "pip install 'proxy-oa-assets[handover]'" in refused(told_day.day, "stix")
