"""Web Gateway's logs: the bracketed access.log, with and without its header, and its form for a SIEM."""

from pathlib import Path

import duckdb
import pytest
from support.log_rows import log_rows

from proxy_oa_assets.ingest.declaration import declaration
from proxy_oa_assets.ingest.recognition import recognize

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101"
HEADER = (
    '#time_stamp "auth_user" src_ip status_code "req_line" "categories" "rep_level" "media_type" '
    'bytes_to_client bytes_from_client "user_agent" "virus_name" "block_res" "application_name"'
)
LINE = (
    '[28/Nov/2026:12:44:22 -0500] "CORP\\ada" 10.1.2.3 403 "POST http://a.example:8080/up.php?q=1 HTTP/1.1" '
    f'"Business, Software" "Minimal Risk" "text/html" 788 885 "{AGENT}" "EICAR" "10" "App"'
)
ROW = {
    "p_date": "2026-11-28",
    "p_time": "17:44:22",
    "username": "CORP\\ada",
    "clientip": "10.1.2.3",
    "respcode": "403",
    "reqmethod": "POST",
    "urischeme": "http",
    "host": "a.example",
    "uriport": "8080",
    "uripath": "/up.php",
    "uriquery": "?q=1",
    "uriextension": "php",
    "webcat": "Business, Software",
    "resconttype": "text/html",
    "scbytes": 788,
    "csbytes": 885,
    "useragent": AGENT,
    "virusid": "EICAR",
    "filterresult": "10",
    "bcappname": "App",
    "fulluri": "a.example/up.php?q=1",
}
TUNNEL = (
    '[28/Nov/2026:17:44:22 +0000] "" 10.1.2.4 200 "CONNECT b.example:443 HTTP/1.1" "Web Mail" "Minimal '
    'Risk" "" '
    '492 0 "" "" "0" ""'
)
TUNNEL_ROW = {
    "p_date": "2026-11-28",
    "p_time": "17:44:22",
    "clientip": "10.1.2.4",
    "respcode": "200",
    "reqmethod": "CONNECT",
    "host": "b.example",
    "uriport": "443",
    "webcat": "Web Mail",
    "scbytes": 492,
    "csbytes": 0,
    "filterresult": "0",
    "fulluri": "b.example:443",
}


@pytest.mark.parametrize("before", [f"{HEADER}\n", "", "<30>Nov 28 17:44:23 mwg1 mwg: "])
def test_the_products_own_access_log_is_read_with_and_without_its_header(before: str, tmp_path: Path) -> None:
    """Bytes to and from the client by the header's own names; the time's zone; a tunnel's host and port."""
    lines = [LINE, TUNNEL]
    log = f"{before}{lines[0]}\n{'' if before.startswith('#') else before}{lines[1]}\n".encode()
    found = log_rows(log, recognize(log).declaration, tmp_path)

    assert recognize(log).declaration.name == "webgateway"
    assert found.rows == [ROW, TUNNEL_ROW]
    assert found.reading.header_lines == before.startswith("#")


def test_a_header_that_a_site_changed_is_followed(tmp_path: Path) -> None:
    """The names decide, not the places: older versions have no bytes from the client, a site has more."""
    lines = [
        HEADER.replace("bytes_from_client ", "").replace(' "application_name"', ' "referer" server_ip'),
        LINE.replace(" 885 ", " ").replace('"App"', '"http://ref.example/" 203.0.113.7'),
    ]
    log = "".join(f"{line}\n" for line in lines).encode()
    [row] = log_rows(log, recognize(log).declaration, tmp_path).rows

    left_out = {name: value for name, value in ROW.items() if name not in ("csbytes", "bcappname")}
    assert row == {**left_out, "referer": "http://ref.example/", "serverip": "203.0.113.7"}


def test_the_siem_form_is_read(tmp_path: Path) -> None:
    """Pairs between bars, of which a URL can have one itself."""
    log = (
        "<30>Nov 28 17:44:23 mwg1 mwg: McAfeeWG|time_stamp=[28/Nov/2026:17:44:22 +0000]|auth_user=ada|"
        "src_ip=10.1.2.3|server_ip=203.0.113.7|host=a.example|url_port=80|status_code=301|"
        "bytes_from_client=279|"
        "bytes_to_client=1149|categories=Business, Software|rep_level=Minimal Risk|method=GET|"
        f"url=http://a.example/x.js?a|b|media_type=text/html|application_name=|user_agent={AGENT}|"
        "block_res=0|"
        "block_reason=|virus_name=|hash=|filename=|filesize=753|\n"
    ).encode()
    [row] = log_rows(log, recognize(log).declaration, tmp_path).rows

    assert recognize(log).declaration.name == "webgateway-siem"
    assert row == {
        "p_date": "2026-11-28",
        "p_time": "17:44:22",
        "username": "ada",
        "clientip": "10.1.2.3",
        "serverip": "203.0.113.7",
        "respcode": "301",
        "csbytes": 279,
        "scbytes": 1149,
        "webcat": "Business, Software",
        "reqmethod": "GET",
        "urischeme": "http",
        "host": "a.example",
        "uriport": "80",
        "uripath": "/x.js",
        "uriquery": "?a|b",
        "uriextension": "js",
        "resconttype": "text/html",
        "useragent": AGENT,
        "filterresult": "0",
        "fulluri": "a.example/x.js?a|b",
    }


def test_each_line_of_all_samples_is_a_row(test_data: Path, tmp_path: Path) -> None:
    """960 lines of 30 captures, two with quotes inside a field, and each row as it stands in the line."""
    files = sorted((test_data / "logs" / "webgateway").iterdir())
    content = b"".join(path.read_bytes() for path in files)
    assert {recognize(path.read_bytes()).declaration.name for path in files} == {"webgateway-server"}
    found = log_rows(content, declaration("webgateway-server"), tmp_path)

    assert (len(files), found.reading.lines, len(found.rows), found.reading.rejected) == (30, 960, 960, 0)
    assert {row["action"] for row in found.rows} == {"TCP_HIT"}
    assert {row["username"] for row in found.rows} == {"Nico Rosberg"}
    assert {row["reqmethod"] for row in found.rows} == {"GET", "POST", "HEAD"}
    [quoted] = [row for row in found.rows if "icedstats" in row["fulluri"]]
    assert quoted["uriquery"] == '?id\\"'
    assert (quoted["p_date"], quoted["p_time"]) == ("2014-02-22", "03:53:14")
    [typed] = [row for row in found.rows if row.get("resconttype") == 'text/html; charset=\\"iso-8859-1"']
    assert (typed["scbytes"], typed["csbytes"], typed["host"]) == (502, 1455, "fine-art-auctions.com")


def test_the_samples_figures_are_those_of_the_raw_day_of_their_kind(test_data: Path, tmp_path: Path) -> None:
    """The raw day 2015-06-10 has later captures of one collection, whose figures are alike."""
    files = sorted((test_data / "logs" / "webgateway").iterdir())
    content = b"".join(path.read_bytes() for path in files)
    rows = log_rows(content, declaration("webgateway-server"), tmp_path).rows
    day = test_data / "hdfs/user/spot/proxy/hive/y=2015/m=06/d=10/*/*.parquet"
    [theirs] = (
        duckdb.connect()
        .execute(
            "SELECT max(csbytes), max(scbytes), list(DISTINCT webcat), list(DISTINCT action), "
            "count(duration) "
            "FROM read_parquet($1, hive_partitioning = false) WHERE username = 'Nico Rosberg'",
            [str(day)],
        )
        .fetchall()
    )

    # In both, what a client sent is cut at a packet's 1,460 bytes, what it got isn't: nothing is swapped.
    assert max(row["csbytes"] for row in rows) == 1460
    assert theirs[0] <= 1460
    assert max(row["scbytes"] for row in rows) == 5450
    assert [theirs[2], theirs[3]] == [["Internet Services"], ["TCP_HIT"]]
    assert {row["webcat"] for row in rows} == {"Internet Services"}
    assert theirs[4] == 0
    assert all("duration" not in row for row in rows)
