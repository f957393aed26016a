"""The formats without a library: Timesketch's lines, the table for spreadsheets, the text for a mail."""

import csv
import datetime as dt
import io
import json
import re

from support.handed_over import VERDICTS, WORD, handed_over, hostile, row
from support.hostile import over_hostile_values

from proxy_oa_assets.investigation.defanging import refang
from proxy_oa_assets.investigation.handover.format import format_named
from proxy_oa_assets.investigation.handover.selection import HandOver


def _content(name: str, handed: HandOver) -> str:
    return format_named(name).content(handed).decode("utf-8-sig")


@over_hostile_values("hostile values for Timesketch")
def test_timesketch_reads_every_line() -> None:
    """A line has Timesketch's required fields, a time with its offset, and all columns as they were."""
    handed = hostile()
    events = [json.loads(line) for line in _content("timesketch", handed).splitlines()]
    requests = list(handed.requests())
    assert len(events) == len(requests)
    for event, request in zip(events, requests, strict=True):
        assert event["message"]
        assert event["timestamp_desc"]
        assert dt.datetime.fromisoformat(event["datetime"]).utcoffset() == dt.timedelta(0)
        assert isinstance(event["tag"], list)
        assert {name: event.get(name) for name in request.row} == dict(request.row)
    (event,) = map(
        json.loads, _content("timesketch", handed_over(row("a.example/x", p_time="7:05:03"))).splitlines()
    )
    assert event["datetime"] == "2016-09-12T07:05:03+00:00"


@over_hostile_values("hostile values in a spreadsheet")
def test_a_spreadsheet_runs_nothing_and_has_every_indicator() -> None:
    """No cell begins a formula; each URL and host is a row, in a spelling without control characters."""
    handed = hostile()
    rows = list(csv.DictReader(io.StringIO(_content("csv", handed), newline="")))
    assert len(rows) == len(handed.indicators)
    for cells, indicator in zip(rows, handed.indicators, strict=True):
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in cells.values())
        assert all(cell.isprintable() for cell in cells.values())
        if indicator.value.isprintable() and cells["indicator"][:1] != "'":
            assert cells["indicator"] == indicator.value


@over_hostile_values("hostile values in a mail")
def test_a_mail_has_no_link_and_every_indicator() -> None:
    """Nothing in it is an address that a mail program makes a link of; refanged, each URL is there whole."""
    handed = hostile()
    text = _content("text", handed)
    assert not re.search(r"https?://|ftp://|\w\.(example|test)\b", text)
    lines = {line.strip() for line in text.splitlines()}
    assert all(line.isprintable() for line in lines)
    assert {refang(line) for line in lines} >= {
        str(indicator) for indicator in handed.indicators if indicator.kind == "url"
    }


def test_a_mail_says_what_an_analyst_would() -> None:
    """Title, story, who is concerned, and per indicator when, how often and why."""
    handed = handed_over(
        row("evil.example/a", word=WORD, uri_rep=VERDICTS, ml_score=0.01, uri_sev=1),
        row("evil.example/a", clientip="10.0.0.7", p_time="10:00:00"),
        row("cnc.example:443", host="cnc.example", reqmethod="CONNECT", uriport="443"),
        title="Kit of evil.example",
        text="It came\nby mail.",
        tlp="amber",
    )
    assert (
        _content("text", handed)
        == """\
Web proxy threats of 2016-09-12
TLP:AMBER
URLs and hosts are defanged: hxxp stands for http, [.] for a dot.

1. Kit of evil[.]example
========================
It came
by mail.

Clients: 10.0.0.1, 10.0.0.7
Saved by anna, 2016-09-13 08:30 UTC

URLs
  hxxp://evil[.]example/a
      2 requests of 2 clients, from 2016-09-12 09:00:00 UTC to 2016-09-12 10:00:00 UTC
      severity high
      because: few clients visit this site; led here from a[.]example; but: a popular site
      gti: MALICIOUS (high risk)

Host names
  evil[.]example
      2 requests of 2 clients, from 2016-09-12 09:00:00 UTC to 2016-09-12 10:00:00 UTC
      severity high
      because: few clients visit this site; led here from a[.]example; but: a popular site
  cnc[.]example:443
      1 request of 1 client, at 2016-09-12 09:00:00 UTC
"""
    )
