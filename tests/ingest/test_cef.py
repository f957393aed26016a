"""Logs in the Common Event Format: each field in its column, with the format's escapes."""

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.log_rows import Row, log_rows

from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.ingest.families.cef import parse
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.recognition import recognize

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"
AT = {"p_date": "2026-11-28", "p_time": "17:44:22"}
FORCEPOINT = (
    "{header}|Forcepoint|Security|8.5.4|148|Transaction permitted|1| act=permitted app=https "
    "dvc=10.10.10.121 "
    "dst=203.0.113.5 dhost=a.example dpt=443 src=10.1.2.3 spt=65252 "
    "suser=LDAP://10.10.10.254 CN\\=Users,DC\\=example,DC\\=local/ada "
    "{login}destinationTranslatedPort=0 rt={rt} "
    f"in=727 out=554 requestMethod=GET requestClientApplication={AGENT} reason=- cs1Label=Policy "
    "cs1=Super Administrator**Default cs2Label=DynCat cs2=0 cs3Label=ContentType "
    "cs3=text/html;charset\\=UTF-8 "
    "cn1Label=DispositionCode cn1=1048 cn2Label=ScanDuration cn2=14 "
    "request=https://a.example/x.gif?a\\=b&c\\=d|e logRecordSource=OnPrem"
)
FORCEPOINT_ROW = {
    **AT,
    "action": "permitted",
    "urischeme": "https",
    "serverip": "203.0.113.5",
    "host": "a.example",
    "uriport": "443",
    "clientip": "10.1.2.3",
    "username": "ada",
    "scbytes": 727,
    "csbytes": 554,
    "reqmethod": "GET",
    "useragent": AGENT,
    "resconttype": "text/html;charset=UTF-8",
    "filterresult": "1048",
    "webcat": "148",
    "uripath": "/x.gif",
    "uriquery": "?a=b&c=d|e",
    "uriextension": "gif",
    "fulluri": "a.example/x.gif?a=b&c=d|e",
}


class Case(NamedTuple):
    """A line, the format it is recognized as, and its row."""

    format: str
    line: str
    row: Row


CASES = {
    "forcepoint, milliseconds": Case(
        "forcepoint",
        "<159>Nov 28 17:45:00 10.10.10.121 "
        + FORCEPOINT.format(header="CEF:0", login="loginID=ada ", rt="1795887862000"),
        FORCEPOINT_ROW,
    ),
    "forcepoint, seconds, a user by path": Case(
        "forcepoint", FORCEPOINT.format(header="CEF:0", login="", rt="1795887862"), FORCEPOINT_ROW
    ),
    "forcepoint without CEF:": Case(
        "forcepoint", FORCEPOINT.format(header="0", login="loginID=- ", rt="1795887862000"), FORCEPOINT_ROW
    ),
    "fortigate": Case(
        "fortigate-cef",
        "Nov 28 17:45:00 FGT-A CEF: 0|Fortinet|Fortigate|v7.4.1|13056|utm:webfilter ftgd_blk blocked|4|"
        "deviceExternalId=FGT1 FTNTFGTlogid=0316013056 cat=utm:webfilter FTNTFGTsubtype=webfilter "
        "FTNTFGTeventtype=ftgd_blk FTNTFGTeventtime=1795887862123456789 externalId=764 duser=bob "
        "src=10.1.100.11 "
        "spt=59194 dst=203.0.113.5 dpt=80 proto=6 app=HTTP dhost=a.example act=blocked "
        "request=/bizsquads out=96 "
        "in=0 msg=URL belongs to a denied category requestContext=Malicious Websites FTNTFGTcrlevel=high",
        {
            **AT,
            "filterresult": "ftgd_blk",
            "username": "bob",
            "clientip": "10.1.100.11",
            "serverip": "203.0.113.5",
            "uriport": "80",
            "urischeme": "http",
            "host": "a.example",
            "action": "blocked",
            "uripath": "/bizsquads",
            "csbytes": 96,
            "scbytes": 0,
            "webcat": "Malicious Websites",
            "fulluri": "a.example/bizsquads",
        },
    ),
    "another proxy": Case(
        "cef",
        r"CEF:0|Vendor\|Co|Proxy \\ One|1.0|100|GET|3|rt=Nov 28 2026 17:44:22 src=10.1.2.3 suser=CORP\\ada "
        r"dst=203.0.113.5 dhost=A.example dpt=8080 requestMethod=POST request=http://a.example:8080/up?x\=1 "
        r"requestClientApplication=x y \= z requestContext=https://ref.example/?q\=1 in=10 out=20 act=allow "
        r"cn1Label=ResponseCode cn1=200 cs1Label=URLCategory cs1=News \| Media reason=ok",
        {
            **AT,
            "clientip": "10.1.2.3",
            "username": "CORP\\ada",
            "serverip": "203.0.113.5",
            "host": "a.example",
            "uriport": "8080",
            "reqmethod": "POST",
            "urischeme": "http",
            "uripath": "/up",
            "uriquery": "?x=1",
            "useragent": "x y = z",
            "referer": "https://ref.example/?q=1",
            "scbytes": 10,
            "csbytes": 20,
            "action": "allow",
            "respcode": "200",
            "webcat": "News | Media",
            "exceptionid": "ok",
            "fulluri": "a.example/up?x=1",
        },
    ),
    "a tunnel": Case(
        "cef",
        "2026-11-28T17:45:00Z p1 CEF:1|V|P|1|1|n|3|start=1795887862000 rt=1795887899000 src=10.1.2.3 "
        "dhost=b.example "
        "dpt=443 requestMethod=CONNECT request=b.example:443",
        {
            **AT,
            "clientip": "10.1.2.3",
            "host": "b.example",
            "uriport": "443",
            "reqmethod": "CONNECT",
            "fulluri": "b.example:443",
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_field_is_in_its_column(name: str, tmp_path: Path) -> None:
    """A vendor's line, recognized by its header and fields, gives exactly this row."""
    case = CASES[name]
    log = f"{case.line}\n".encode()

    assert recognize(log).declaration.name == case.format
    assert log_rows(log, recognize(log).declaration, tmp_path).rows == [case.row]


def test_a_line_that_is_no_event_is_rejected_with_the_reason(tmp_path: Path) -> None:
    """Without a header, without the client, and of another product in the same file."""
    good = CASES["forcepoint, milliseconds"].line
    log = "".join(
        f"{line}\n"
        for line in [good, "junk", good.replace(" src=", " srcx="), good.replace("|Forcepoint|", "|Other|")]
    )
    found = log_rows(log.encode(), declaration("forcepoint"), tmp_path)

    assert len(found.rows) == 1
    assert found.reading.reasons == {
        "no CEF header: CEF:0|vendor|product|version|id|name|severity|": 1,
        "it has no field src": 1,
        "a line of another log in the same file": 1,
    }


_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x00"), max_size=30)


@settings(max_examples=100, deadline=None)
@given(_TEXT, _TEXT)
def test_an_escaped_value_comes_out_as_it_went_in(agent: str, url: str) -> None:
    r"""With `\=` and `\\`, a client's text imitates no field; blanks at a value's end are lost."""
    written = [text.replace("\\", "\\\\").replace("=", "\\=") for text in (agent, url)]
    line = "CEF:0|V|P|1|1|n|3|src=1 requestMethod=GET "
    line += f"requestClientApplication={written[0]} request={written[1]}"
    layout = Layout.of(declaration("cef"))
    found = parse(line, layout)

    assert isinstance(found, list)
    fields = dict(zip(layout.fields, found, strict=True))
    for name, text in (("requestClientApplication", agent), ("request", url)):
        assert (fields[name] or "") == ("" if text.rstrip(" ") == "-" else text.rstrip(" "))
    assert fields["src"] == "1"
