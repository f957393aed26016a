"""The nginx configuration of docs/operating.md, run by nginx."""

import base64
import os
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest
from support.deployed import OPERATING, awaited, free_port
from support.programs import program

SITE = "https://proxy-oa.example.com"
pytestmark = pytest.mark.server


@dataclass(frozen=True)
class Proxy:
    """nginx with the document's configuration, reached by TLS."""

    plain_port: int
    port: int
    certificate: Path

    def request(
        self, path: str, *, password: str | None = "s3cret", method: str = "GET", **headers: str
    ) -> tuple[int, str]:
        """Return status and body of a request as user `analyst`, or without credentials if no password."""
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        trusted.check_hostname = False
        connection = HTTPSConnection("127.0.0.1", self.port, timeout=60, context=trusted)
        sent = {name.replace("_", "-"): value for name, value in headers.items()} | {
            "Host": SITE.removeprefix("https://")
        }
        if password is not None:
            sent["Authorization"] = "Basic " + base64.b64encode(f"analyst:{password}".encode()).decode()
        connection.request(method, path, headers=sent)
        answer = connection.getresponse()
        # A connection that has been upgraded has no end to read to.
        return answer.status, "" if answer.status == 101 else answer.read().decode()


@pytest.fixture(scope="module")
def proxy(webserver: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx, openssl = program("nginx", "nginx"), program("openssl", "openssl")
    folder = tmp_path_factory.mktemp("nginx")
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=proxy-oa.example.com", "-keyout", folder / "proxy-oa.key"),
            *("-out", folder / "proxy-oa.crt"),
        ],
        capture_output=True,
        check=True,
    )
    hashed = subprocess.run(
        [openssl, "passwd", "-6", "s3cret"], capture_output=True, text=True, check=True
    ).stdout
    (folder / "proxy-oa.users").write_text(f"analyst:{hashed}", encoding="utf-8")
    plain_port, port = free_port(), free_port()
    (block,) = re.findall(r"^```nginx\n(.*?)^```$", OPERATING, re.DOTALL | re.MULTILINE)
    for shown, ours in (
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        ("http://127.0.0.1:3000;", f"http://127.0.0.1:{webserver};"),
        ("/etc/nginx/", f"{folder}/"),
    ):
        assert shown in block
        block = block.replace(shown, ours)
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Root's workers would become a user who can't enter pytest's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    main = f"{user}\ndaemon off;\npid {folder}/pid;\nevents {{}}\n"
    (folder / "nginx.conf").write_text(
        f"{main}http {{\naccess_log off;\n{temporary}\n{block}}}\n", encoding="utf-8"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [nginx, "-c", folder / "nginx.conf", "-p", folder, "-e", folder / "error.log"],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        awaited(process, "nginx", lambda: accepts(port))
        yield Proxy(plain_port, port, folder / "proxy-oa.crt")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def accepts(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_the_proxy_requires_a_password(proxy: Proxy) -> None:
    """401 for every path without one or with a wrong one; 200 with it; plain HTTP is sent to TLS."""
    for path in ("/", "/graphql", "/server_info"):
        assert proxy.request(path, password=None)[0] == 401
        assert proxy.request(path, password="wrong")[0] == 401

    assert proxy.request("/server_info")[0] == 200
    assert proxy.request("/", Accept="text/html")[0] == 200
    plain = HTTPConnection("127.0.0.1", proxy.plain_port, timeout=60)
    plain.request("GET", "/runs", headers={"Host": SITE.removeprefix("https://")})
    moved = plain.getresponse()
    assert (moved.status, moved.getheader("Location")) == (301, f"{SITE}/runs")


def test_the_proxy_passes_websockets_of_its_own_site(proxy: Proxy) -> None:
    """The handshake is answered with 101; without a password with 401, for another site's page with 403."""
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": base64.b64encode(bytes(16)).decode(),
        "Sec_WebSocket_Protocol": "graphql-ws",
    }

    assert proxy.request("/graphql", Origin=SITE, **handshake)[0] == 101
    assert proxy.request("/graphql", Origin=SITE, password=None, **handshake)[0] == 401
    assert proxy.request("/graphql", Origin="https://evil.example", **handshake)[0] == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": SITE, "Sec_Fetch_Site": "same-origin"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": f"{SITE}.evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
    ],
)
def test_the_proxy_refuses_mutations_that_another_site_s_page_sends(
    proxy: Proxy, headers: dict[str, str], status: int
) -> None:
    """Dagster accepts a mutation by GET, to which a browser adds the password from any site's page."""
    address = "/graphql?query=mutation%7BreloadWorkspace%7B__typename%7D%7D"

    assert proxy.request(address, **headers)[0] == status
