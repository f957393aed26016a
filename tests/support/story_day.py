"""A day with stories, in its tables and files, with any values."""

import json
from dataclasses import dataclass, field

import pandas as pd
from support.home import Home

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import (
    PROXY_INGEST_SUMMARY,
    PROXY_SCORES,
    PROXY_STORYBOARD,
    PROXY_THREAT_INVESTIGATION,
    PROXY_TIMELINE,
    Table,
)

_NUMBERS = ("duration", "scbytes", "csbytes")


@dataclass
class Threat:
    """A threat: its story, its severity (0 for none), clients and times, referers, and where it led.

    `uri_rep` is None for a threat that isn't among the scored connections; without `saved`, it has no
    incident progression.
    """

    uri: str | None
    title: str | None = "A title"
    text: str | None = "A text"
    severity: int = 1
    met: list[tuple[str | None, str]] = field(default_factory=lambda: [("10.0.0.1", "09:00:00")])
    referers: list[str | None] = field(default_factory=lambda: ["http://a.example/"])
    led_to: list[str | None] = field(default_factory=list)
    uri_rep: str | None = ""
    context: str = ""
    code: tuple[str | None, str] = ("200", "OK")
    word: str = "-"
    saved: bool = True


def write_stories(home: Home, day: Day, *threats: Threat, judged: dict[str, int] | None = None) -> None:
    """Write a day's stories; `judged` are severities of URIs without one."""
    given = {threat.uri: threat.severity for threat in threats if threat.severity} | (judged or {})
    _write(home, PROXY_THREAT_INVESTIGATION, day, [(day.key, *each) for each in given.items()])
    _write(home, PROXY_STORYBOARD, day, [(threat.uri, threat.title, threat.text) for threat in threats])
    _write(home, PROXY_TIMELINE, day, [row for threat in threats for row in _times(day, threat)])
    _write(home, PROXY_SCORES, day, [row for threat in threats for row in _scores(day, threat)])
    minutes = [(f"{day} {number // 60:02d}:{number % 60:02d}", number) for number in range(480, 1200)]
    _write(home, PROXY_INGEST_SUMMARY, day, minutes)
    for threat in (each for each in threats if each.saved):
        content = json.dumps(_progression(threat)).encode("utf-8")
        home.deployment.hdfs.write(home.deployment.workspace.progression(day, str(threat.uri)), [content])


def _write(home: Home, table: Table, day: Day, rows: list[tuple[object, ...]]) -> None:
    frame = pd.DataFrame(rows, columns=list(table.column_names), dtype=object)
    home.deployment.impala.replace_day_with_frame(table, day, frame)


def _times(day: Day, threat: Threat) -> list[tuple[object, ...]]:
    return [
        (threat.uri, f"{day} {time}", f"{day} {time}", 1_500, client, *threat.code)
        for client, time in threat.met
    ]


def _scores(day: Day, threat: Threat) -> list[tuple[object, ...]]:
    if threat.uri_rep is None:
        return []
    row = {name: 1 if name in _NUMBERS else "-" for name in PROXY_SCORES.column_names}
    row |= {"tdate": day.key, "fulluri": threat.uri, "uri_rep": threat.uri_rep, "ml_score": 0.1}
    row["word"] = threat.word
    row["network_context"] = threat.context
    return [tuple((row | {"clientip": client}).values()) for client, _ in threat.met]


def _progression(threat: Threat) -> dict[str, object]:
    requests = [
        {"clientip": client, "referer": referer, "reqmethod": "GET", "resconttype": "text/html"}
        for client, _ in threat.met
        for referer in threat.referers
    ]
    return {"fulluri": threat.uri, "requests": requests, "referer_for": threat.led_to}
