"""What GTI's answers become, and how it is asked by HTTPS."""

import base64
import ssl
import subprocess

import pytest
from support.gti import CLIENT, PASSWORD
from support.looking_up import says
from support.raw_server import handling, request_of
from support.reputation_server import Reply, answering

from proxy_oa_assets.enrichment.reputation.lookup import PROBED
from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError
from proxy_oa_assets.enrichment.reputation.verdict import Status

UNVERIFIED = "gti:Unverified:-1"
# Waits pass at once.
pytestmark = pytest.mark.usefixtures("waits")


def _answers(*answers):
    return lambda _: Reply({"a": answers})


@pytest.mark.parametrize(
    ("answer", "said", "status"),
    [
        *[({"rep": rep}, "gti:Minimal:1", Status.OK) for rep in (-127, 0, 14)],
        *[({"rep": rep}, UNVERIFIED, Status.OK) for rep in (15, 29)],
        *[({"rep": rep}, "gti:Medium:2", Status.OK) for rep in (30, 49)],
        *[({"rep": rep}, "gti:High:3", Status.OK) for rep in (50, 127)],
        *[(answer, UNVERIFIED, Status.NO_DATA) for answer in ({}, {"aflag": 1}, {"aflag": 0, "rep": 127})],
    ],
)
def test_thresholds_make_the_risk_of_a_reputation(gti, answer, said, status):
    """Below 15 minimal, 30 medium, 50 high; without one, or with `aflag`, it's "no data", which is cached."""
    with answering(_answers(answer)) as server:
        client = gti(server.url)
        answers, stats = says(client, "evil.example/a")
        assert (answers, stats.statuses, stats.errors) == ([said], {status: 1}, [])
        assert says(client, "evil.example/a")[0] == [said]
    assert len(server.asked) == 1


@pytest.mark.parametrize("header", ["", "code,name,group\n", "\ufeffCode, Name, Group\n\n"])
def test_category_codes_become_names_and_groups(gti, tmp_path, header):
    """The file has a header or, as Spot's, none; a code that it lacks stays a number."""
    lines = '1010,Malicious Sites,Risk\n1011,"Phishing; a:b|c", Risk\n7,Alone\n'
    (tmp_path / "codes.csv").write_text(header + lines, encoding="utf-8")
    with answering(_answers({"rep": 127, "cat": [1010, 1011, 7, 99]})) as server:
        answers, _ = says(gti(server.url, category_file="codes.csv"), "evil.example/")
    assert answers == ["gti:High:3:Malicious Sites|Risk;Phishing a b c|Risk;Alone;99"]


@pytest.mark.parametrize("categories", [[1010], [], None])
def test_without_a_category_file_there_are_no_categories(gti, categories):
    """A number says nothing to an analyst."""
    with answering(_answers({"rep": 127, "cat": categories})) as server:
        assert says(gti(server.url), "evil.example/")[0] == ["gti:High:3"]


def test_https_uses_basic_authentication(gti):
    """One POST of JSON with the client and one question."""
    with answering(_answers({"rep": 127})) as server:
        client = gti(f"{server.url}/1/rest/query")
        assert says(client, "evil.example/a?b=c")[0] == ["gti:High:3"]
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("POST", "/1/rest/query")
    assert asked.json == {"ci": CLIENT, "q": [{"op": "url", "url": "http://evil.example/a"}]}
    assert asked.headers["Content-Type"] == "application/json"
    scheme, _, credentials = asked.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(credentials).decode()) == ("Basic", f"us er:{PASSWORD}")


def test_a_query_may_be_sent_to_the_site_s_own_gti(gti):
    """`send` may be url, as for MISP."""
    with answering(_answers({"rep": 0})) as server:
        says(gti(server.url, send="url"), "evil.example/a?b=c")
    assert server.asked[0].json["q"] == [{"op": "url", "url": "http://evil.example/a?b=c"}]


def test_a_host_is_looked_up_as_a_name_or_an_address(gti):
    """`send` is host: no path leaves."""
    with answering(_answers(*[{"rep": 60}] * 3)) as server:
        client = gti(server.url, send="host", batch=3)
        says(client, "evil.example/a?b", "8.8.8.8/a", "[2001:4860:4860::8888]:80/")
    assert server.asked[0].json["q"] == [
        {"op": "url", "url": "evil.example"},
        {"op": "ip", "ip": "8.8.8.8"},
        {"op": "ip", "ip": "2001:4860:4860::8888"},
    ]


@pytest.mark.parametrize(("entry", "sizes"), [({}, [1] * 5), ({"batch": 3}, [2, 3]), ({"batch": 100}, [5])])
def test_responses_are_matched_by_position(gti, entry, sizes):
    """One value a request, or as many as the setting says."""

    def respond(asked):
        return Reply({"a": [{"rep": int(each["url"].rpartition("/")[2])} for each in asked.json["q"]]})

    with answering(respond) as server:
        answers, _ = says(gti(server.url, **entry), *(f"evil.example/{rep}" for rep in (0, 20, 40, 60, 10)))
    assert answers == ["gti:Minimal:1", UNVERIFIED, "gti:Medium:2", "gti:High:3", "gti:Minimal:1"]
    assert sorted(len(asked.json["q"]) for asked in server.asked) == sizes


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ({"a": []}, "it gave 0 answers to 1 questions"),
        ({"a": [{"rep": 127}] * 2}, "it gave 2 answers to 1 questions"),
        ({}, "its answer isn't as documented (at a)"),
        ({"a": [{"rep": "much"}]}, "its answer isn't as documented (at a.0)"),
        ({"a": [None]}, "its answer isn't as documented (at a.0)"),
        (b"<html>", "its answer isn't as documented"),
    ],
)
def test_an_undocumented_response_is_no_verdict(gti, content, error):
    """-1, and looked up again next time."""
    with answering(lambda _: Reply(content)) as server:
        client = gti(server.url)
        answers, stats = says(client, "evil.example/")
        assert (answers, stats.statuses, stats.errors) == ([UNVERIFIED], {Status.FAILED: 1}, [error])
        assert says(client, "evil.example/")[1].requested == 1


def test_a_wrong_password_ends_the_lookup(gti):
    """401: one request, all values failed."""
    with answering(lambda _: Reply(b"", 401)) as server:
        answers, stats = says(gti(server.url, threads=1), *(f"evil.example/{number}" for number in range(9)))
    assert (set(answers), stats.statuses, len(server.asked)) == ({UNVERIFIED}, {Status.FAILED: 9}, 1)
    assert stats.down


def test_a_client_certificate_replaces_the_user(gti, tmp_path):
    """A private GTI that requires a client certificate."""

    def handle(connection):
        request = request_of(connection)
        # What is left unread resets the connection at its end, and the answer is lost.
        while not request.endswith(b"}]}"):
            request += connection.recv(4096)
        requests.append(request)
        shown.append(connection.getpeercert()["subject"])
        body = b'{"a": [{"rep": 127}]}'
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))

    requests, shown = [], []
    server, client = _certificate(tmp_path / "server.pem"), _certificate(tmp_path / "client.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server)
    tls.load_verify_locations(client)
    tls.verify_mode = ssl.CERT_REQUIRED
    with handling(handle, tls) as (url, _):
        without = gti(url, ca_cert=str(server), attempts=1)
        assert says(without, "evil.example/")[0] == [UNVERIFIED]
        assert shown == []
        known = gti(url, ca_cert=str(server), client_cert=str(client), user=None, password_env=None)
        assert says(known, "evil.example/")[0] == ["gti:High:3"]
    assert shown == [((("commonName", "127.0.0.1"),),)]
    assert b"authorization" not in requests[0].lower()


def _certificate(path):
    """Write a certificate that signed itself, with its key, for 127.0.0.1."""
    subprocess.run(
        [
            *"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1".split(),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", path.with_suffix(".crt")),
        ],
        check=True,
        capture_output=True,
    )
    with path.open("ab") as file:
        file.write(path.with_suffix(".crt").read_bytes())
    return path


def test_doctor_reports_the_response(gti):
    """One harmless value is looked up; a refusal is the finding."""
    with answering(_answers({"rep": 3})) as server:
        assert gti(server.url).probes()["gti"]() == f"says Minimal of http://{PROBED}/"
    with answering(_answers({})) as server:
        assert gti(server.url).probes()["gti"]() == f"says Unverified of http://{PROBED}/"
    with answering(lambda _: Reply(b"", 403)) as server, pytest.raises(RefusedError, match="403"):
        gti(server.url).probes()["gti"]()
