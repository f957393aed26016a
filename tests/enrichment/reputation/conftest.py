import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.gti import CLIENT, PASSWORD
from support.reputation_server import Asked, Reply, ReputationServer, answering
from support.threat_exchange import SECRET

from proxy_oa_assets.enrichment.reputation.client import ReputationClient
from proxy_oa_assets.enrichment.reputation.config import ReputationConfig
from proxy_oa_assets.enrichment.reputation.limits import Clock
from proxy_oa_assets.enrichment.reputation.privacy import Privacy
from proxy_oa_assets.enrichment.reputation.registry import service_class
from proxy_oa_assets.enrichment.reputation.verdict import LookupResult


@dataclass
class ServedService:
    """A service and the test's server that it uses."""

    server: ReputationServer
    client: ReputationClient

    def look_up(self, *values: str) -> LookupResult:
        """Look up values as a run does."""
        return self.client.look_up(values)

    def said(self, *values: str) -> list[str]:
        """Return each value's `uri_rep`."""
        uri_rep = self.look_up(*values).uri_rep
        return [uri_rep[value] for value in values]


@pytest.fixture
def service(tmp_path) -> Callable[..., Iterator[ServedService]]:
    """Return a function that makes a service by its entry, and a server that responds to it."""

    @contextmanager
    def made(kind: str, respond: Callable[[Asked], Reply], key: str = "", **entry: object):
        secrets = {"key_env": "THE_KEY"} if key else {}
        with answering(respond) as server:
            configured = service_class(kind).model_validate(
                {"service": kind, "url": server.url, **secrets, **entry},
                context={"environ": {"THE_KEY": key}, "folder": Path(tmp_path)},
            )
            client = ReputationClient(ReputationConfig([configured]), tmp_path / "state")
            yield ServedService(server, client)

    return made


@pytest.fixture
def client_of(tmp_path) -> Callable[..., ReputationClient]:
    """Return a function that makes a client with the services of entries, and an environment."""

    def made(*entries: dict[str, object], privacy: Privacy | None = None, **environ: str) -> ReputationClient:
        given = {"environ": environ, "folder": Path(tmp_path)}
        services = [service_class(entry["service"]).model_validate(entry, context=given) for entry in entries]
        return ReputationClient(ReputationConfig(services, privacy or Privacy()), tmp_path / "state")

    return made


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """Let waits pass at once on a clock that they advance; return each one's seconds."""
    waited: list[float] = []

    def clock(_stop: threading.Event) -> Clock:
        return Clock(
            lambda: time.time() + sum(waited),
            lambda seconds: bool(waited.append(seconds)),
            elapsed=lambda: time.monotonic() + sum(waited),
        )

    monkeypatch.setattr("proxy_oa_assets.enrichment.reputation.client.machine_clock", clock)
    return waited


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, ssl.SSLContext]:
    """Return a self-signed server certificate, and the server's TLS context."""
    folder = tmp_path_factory.mktemp("certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1".split(),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


@pytest.fixture
def untrusted(certificate) -> ssl.SSLContext:
    """Return the TLS context of a server that no client trusts."""
    return certificate[1]


@pytest.fixture
def vt(client_of):
    """Return a function that makes the service at a URL, without limits."""

    def made(url, **entry):
        free = {"per_minute": None, "per_day": None, "key_env": "THE_KEY"}
        return client_of({"service": "vt", "url": url, **free, **entry}, THE_KEY="the-key", OTHER="other")

    return made


@pytest.fixture
def fb(client_of):
    """Return a function that makes the service at a URL."""

    def made(url, **entry):
        app = {"app_id": "555", "app_secret_env": "FB_SECRET"}
        return client_of({"service": "fb", "url": url, **app, **entry}, FB_SECRET=SECRET)

    return made


@pytest.fixture
def gti(client_of):
    """Return a function that makes GTI by HTTPS at a URL; None removes a setting."""

    def made(server, **entry):
        by = {"transport": "https", "user": "us er", "password_env": "GTI_PASSWORD"}
        given = {"service": "gti", "server": server, "client": CLIENT, **by, **entry}
        return client_of(
            {name: value for name, value in given.items() if value is not None}, GTI_PASSWORD=PASSWORD
        )

    return made
