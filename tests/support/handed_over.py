"""A hand-over made of rows, without a home."""

import datetime as dt

import pandas as pd
from support.hostile import VALUES

from proxy_oa_assets.investigation.handover.selection import HandOver, Threat
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.sql.raw_log import FOUND_COLUMNS

DAY = Day.parse("2016-09-12")
SAVED = dt.datetime(2016, 9, 13, 8, 30, tzinfo=dt.UTC)
WORD = "rare_host=0.8;led_from=a.example;popular=-1.2"
VERDICTS = "gti:MALICIOUS:3:malware|threat;phishing::urlhaus:UNLISTED:0"
COLUMNS = (*FOUND_COLUMNS, "host", "uri_sev", "ml_score", "word", "uri_rep")
_LONG = 1000
_USUAL = {
    "p_date": DAY.key,
    "p_time": "09:00:00",
    "clientip": "10.0.0.1",
    "username": "anna",
    "reqmethod": "GET",
    "respcode": "200",
    "useragent": "Mozilla/5.0",
    "resconttype": "text/html",
    "uriport": "80",
    "serverip": "203.0.113.9",
    "duration": 12,
    "scbytes": 1000,
    "csbytes": 300,
    "uri_sev": 0,
}


def row(fulluri: object, **columns: object) -> dict[str, object]:
    """Return a raw request to a URI; the host is what stands before its path."""
    host = str(fulluri).partition("/")[0] if fulluri is not None else None
    return dict.fromkeys(COLUMNS) | _USUAL | {"fulluri": fulluri, "host": host} | columns


def handed_over(
    *rows: dict[str, object], title: str = "Kit", text: str = "", key: str = "4f", tlp: str = ""
) -> HandOver:
    """Return a hand-over of one incident with all rows' connections."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    pairs = [(_word(each["clientip"]), _word(each["fulluri"])) for each in rows]
    threat = Threat(key, title, text, tuple(dict.fromkeys(pairs)), "anna", SAVED)
    return HandOver(DAY, (threat,), frame, tlp, lambda host: host.endswith("popular.example"))


def hostile() -> HandOver:
    """Return a hand-over in which every text that a client sends, and the analyst's, is a hostile value."""
    rows = [row(f"evil.example/{value}") for value in VALUES]
    for value in VALUES:
        if len(value) < _LONG:
            rows += [
                row(f"other.example/{value}", useragent=value, referer=value, username=value),
                row(value, host=value, reqmethod=value, respcode=value, clientip=value, serverip=value),
                row(f"{value}:443", host=value, reqmethod="CONNECT", uriport="443", resconttype=value),
            ]
    rows.append(row("inf.example/", word=WORD, ml_score=float("inf")))
    rows.append(row(None, host=None, clientip=None, p_time=None, p_date="null", reqmethod=None))
    text = "\n".join(value for value in VALUES if len(value) < _LONG)
    return handed_over(*rows, title=text, text=text, tlp="amber")


def _word(value: object) -> str:
    return "null" if value is None else str(value)
