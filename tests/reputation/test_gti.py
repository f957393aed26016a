"""What GTI's answers become, how it is asked by HTTPS, and which settings go together."""

import base64
import re
import ssl
import subprocess

import pytest
from pydantic import ValidationError
from support.looking_up import says
from support.raw_server import handling, request_of
from support.reputation_server import Reply, answering

from proxy_oa_assets.reputation.panel import HARMLESS
from proxy_oa_assets.reputation.trouble import RefusedError
from proxy_oa_assets.reputation.verdict import Status

PASSWORD = "pass:wörd€"
CLIENT = {"cliid": "7", "prn": "Spot", "sdkv": "1.0", "pv": "1.0.0", "pev": 1, "rid": 1, "affid": "0"}
UNVERIFIED = "gti:Unverified:-1"
# Pauses pass at once.
pytestmark = pytest.mark.usefixtures("waits")


@pytest.fixture
def gti(asking_of):
    """Return what makes the service at an address; None takes a setting away."""

    def made(server, **entry):
        by = {"transport": "https", "user": "us er", "password_env": "GTI_PASSWORD"}
        given = {"service": "gti", "server": server, "client": CLIENT, **by, **entry}
        return asking_of(
            {name: value for name, value in given.items() if value is not None}, GTI_PASSWORD=PASSWORD
        )

    return made


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
def test_a_reputation_makes_a_severity(gti, answer, said, status):
    """Below 15 minimal, 30 medium, 50 high; without one, or with `aflag`, it's "no data": not asked again."""
    with answering(_answers(answer)) as server:
        panel = gti(server.url)
        answers, tally = says(panel, "evil.example/a")
        assert (answers, tally.statuses, tally.troubles) == ([said], {status: 1}, [])
        assert says(panel, "evil.example/a")[0] == [said]
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


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "can be looked up"),
        (b"code,name,group\n", "can be looked up"),
        (b"code,name,group\n1,a,b\nx,y,z\n", r"codes.csv:3 isn't code,name,group"),
        (b"1,a,b\n2\n", r"codes.csv:2 isn't code,name,group"),
        (b"1,\xff,b\n", "codes.csv can't be read"),
    ],
)
def test_a_category_file_that_cannot_be_used_is_named(gti, tmp_path, content, named):
    """The message has the setting, the file and the line."""
    (tmp_path / "codes.csv").write_bytes(content)
    with pytest.raises(ValidationError, match=f"`category_file`: .*{named}"):
        gti("https://gti.example", category_file="codes.csv")


def test_by_https_a_user_is_told_by_basic_authentication(gti):
    """One POST of JSON: the client, and one question."""
    with answering(_answers({"rep": 127})) as server:
        panel = gti(f"{server.url}/1/rest/query")
        assert says(panel, "evil.example/a?b=c")[0] == ["gti:High:3"]
    (asked,) = server.asked
    assert (asked.method, asked.target) == ("POST", "/1/rest/query")
    assert asked.json == {"ci": CLIENT, "q": [{"op": "url", "url": "http://evil.example/a"}]}
    assert asked.headers["Content-Type"] == "application/json"
    scheme, _, credentials = asked.headers["Authorization"].partition(" ")
    assert (scheme, base64.b64decode(credentials).decode()) == ("Basic", f"us er:{PASSWORD}")


def test_a_query_may_be_sent_to_a_gti_of_the_site_s_own(gti):
    """`send` may be url, which it may for MISP alone else."""
    with answering(_answers({"rep": 0})) as server:
        says(gti(server.url, send="url"), "evil.example/a?b=c")
    assert server.asked[0].json["q"] == [{"op": "url", "url": "http://evil.example/a?b=c"}]


def test_a_host_is_asked_for_as_a_name_or_an_address(gti):
    """`send` is host: no path leaves."""
    with answering(_answers(*[{"rep": 60}] * 3)) as server:
        panel = gti(server.url, send="host", batch=3)
        says(panel, "evil.example/a?b", "8.8.8.8/a", "[2001:4860:4860::8888]:80/")
    assert server.asked[0].json["q"] == [
        {"op": "url", "url": "evil.example"},
        {"op": "ip", "ip": "8.8.8.8"},
        {"op": "ip", "ip": "2001:4860:4860::8888"},
    ]


@pytest.mark.parametrize(("entry", "sizes"), [({}, [1] * 5), ({"batch": 3}, [2, 3]), ({"batch": 100}, [5])])
def test_answers_are_told_apart_by_their_position(gti, entry, sizes):
    """One value a request, or as many as the setting says."""

    def respond(asked):
        return Reply({"a": [{"rep": int(each["url"].rpartition("/")[2])} for each in asked.json["q"]]})

    with answering(respond) as server:
        answers, _ = says(gti(server.url, **entry), *(f"evil.example/{rep}" for rep in (0, 20, 40, 60, 10)))
    assert answers == ["gti:Minimal:1", UNVERIFIED, "gti:Medium:2", "gti:High:3", "gti:Minimal:1"]
    assert sorted(len(asked.json["q"]) for asked in server.asked) == sizes


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        ({"a": []}, "it gave 0 answers to 1 questions"),
        ({"a": [{"rep": 127}] * 2}, "it gave 2 answers to 1 questions"),
        ({}, "its answer isn't as documented (at a)"),
        ({"a": [{"rep": "much"}]}, "its answer isn't as documented (at a.0.rep)"),
        ({"a": [None]}, "its answer isn't as documented (at a.0)"),
        (b"<html>", "its answer isn't as documented"),
    ],
)
def test_an_answer_in_another_shape_is_none(gti, content, trouble):
    """-1, and asked again the next time."""
    with answering(lambda _: Reply(content)) as server:
        panel = gti(server.url)
        answers, tally = says(panel, "evil.example/")
        assert (answers, tally.statuses, tally.troubles) == ([UNVERIFIED], {Status.FAILED: 1}, [trouble])
        assert says(panel, "evil.example/")[1].asked == 1


def test_a_wrong_password_ends_asking(gti):
    """401: one request, all values failed."""
    with answering(lambda _: Reply(b"", 401)) as server:
        answers, tally = says(gti(server.url, threads=1), *(f"evil.example/{number}" for number in range(9)))
    assert (set(answers), tally.statuses, len(server.asked)) == ({UNVERIFIED}, {Status.FAILED: 9}, 1)
    assert tally.down


def test_a_client_s_certificate_stands_in_for_a_user(gti, tmp_path):
    """A private GTI that lets in whoever shows a certificate; without one it lets in nobody."""

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
        nobody = gti(url, ca_cert=str(server), attempts=1)
        assert says(nobody, "evil.example/")[0] == [UNVERIFIED]
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


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"transport": None}, "transport"),
        ({"transport": "ftp"}, "transport.*'restclient' or 'https'"),
        ({"server": "gti.example.net"}, "`server`: it is no web address"),
        ({"server": "http://gti.example.net"}, "`server`: plain http is for this machine alone"),
        ({"client": None}, "client"),
        ({"client": {}}, "client"),
        ({"user": None}, "`user` and `password_env` go together"),
        ({"password_env": None}, "`user` and `password_env` go together"),
        ({"password_env": "NOT_SET"}, "password_env.*isn't set"),
        (
            {"user": None, "password_env": None},
            "transport https needs `user` and `password_env`, or `client_cert`",
        ),
        ({"client_cert": "none.pem"}, "client_cert.*there is no file"),
        ({"restclient": "/bin/sh"}, "`restclient` means nothing to transport https"),
        ({"transport": "restclient"}, "transport restclient needs `restclient`"),
        ({"transport": "restclient", "restclient": "/bin/sh", "user": None}, "restclient needs `user`"),
        ({"transport": "restclient", "restclient": "/bin/sh", "password_env": None}, "needs `password_env`"),
        ({"transport": "restclient", "restclient": "none"}, "restclient.*there is no file"),
        ({"transport": "restclient", "restclient": "plain.txt"}, "restclient.*may not be run"),
        (
            {"transport": "restclient", "restclient": "/bin/sh", "ca_cert": "plain.txt"},
            "`ca_cert` means nothing to transport restclient",
        ),
        (
            {"transport": "restclient", "restclient": "/bin/sh", "client_cert": "plain.txt"},
            "`client_cert` means nothing to transport restclient",
        ),
        ({"batch": 101}, "batch"),
    ],
)
def test_settings_that_do_not_go_together_are_named(gti, tmp_path, changed, named):
    """Which setting a transport lacks, or has no use for; the password isn't repeated."""
    (tmp_path / "plain.txt").write_text("no program")
    with pytest.raises(ValidationError) as caught:
        gti(**{"server": "https://gti.example.net", **changed})
    message = " ".join(str(caught.value).split())
    assert re.search(named, message)
    assert PASSWORD not in message


def test_doctor_says_what_came_back(gti):
    """One harmless value is asked; a refusal is the finding."""
    with answering(_answers({"rep": 3})) as server:
        assert gti(server.url).trials()["gti"]() == f"says Minimal of http://{HARMLESS}/"
    with answering(_answers({})) as server:
        assert gti(server.url).trials()["gti"]() == f"says Unverified of http://{HARMLESS}/"
    with answering(lambda _: Reply(b"", 403)) as server, pytest.raises(RefusedError, match="403"):
        gti(server.url).trials()["gti"]()
