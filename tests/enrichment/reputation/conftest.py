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

from proxy_oa_assets.enrichment.reputation.client import LookupResult, ReputationClient
from proxy_oa_assets.enrichment.reputation.config import ReputationConfig
from proxy_oa_assets.enrichment.reputation.limits import Clock
from proxy_oa_assets.enrichment.reputation.privacy import Privacy
from proxy_oa_assets.enrichment.reputation.registry import service_class


@dataclass
class Asking:
    """A service that asks a server of the test's."""

    server: ReputationServer
    client: ReputationClient

    def look_up(self, *values: str) -> LookupResult:
        """Ask for values as a run does."""
        return self.client.look_up(values)

    def said(self, *values: str) -> list[str]:
        """Return what `uri_rep` holds of each value."""
        uri_rep = self.look_up(*values).uri_rep
        return [uri_rep[value] for value in values]


@pytest.fixture
def service(tmp_path) -> Callable[..., Iterator[Asking]]:
    """Return what makes a service, by an entry of the reputation file, that asks a server answering so."""

    @contextmanager
    def made(kind: str, respond: Callable[[Asked], Reply], key: str = "", **entry: object):
        secrets = {"key_env": "THE_KEY"} if key else {}
        with answering(respond) as server:
            configured = service_class(kind).model_validate(
                {"service": kind, "url": server.url, **secrets, **entry},
                context={"environ": {"THE_KEY": key}, "folder": Path(tmp_path)},
            )
            client = ReputationClient(ReputationConfig([configured]), tmp_path / "state")
            yield Asking(server, client)

    return made


@pytest.fixture
def asking_of(tmp_path) -> Callable[..., ReputationClient]:
    """Return what makes the services of entries, with the given environment, as a reputation file would."""

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
        return Clock(lambda: time.time() + sum(waited), lambda seconds: bool(waited.append(seconds)))

    monkeypatch.setattr("proxy_oa_assets.enrichment.reputation.client.machine_clock", clock)
    return waited


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> tuple[Path, ssl.SSLContext]:
    """Return the certificate of a server that signed its own, and what the server shows."""
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
    """Return what a server shows that nobody trusts."""
    return certificate[1]


@pytest.fixture
def vt(asking_of):
    """Return what makes a service at an address, without limits of its own."""

    def made(url, **entry):
        free = {"per_minute": None, "per_day": None, "key_env": "THE_KEY"}
        return asking_of({"service": "vt", "url": url, **free, **entry}, THE_KEY="the-key", OTHER="other")

    return made


@pytest.fixture
def fb(asking_of):
    """Return what makes the service at an address."""

    def made(url, **entry):
        app = {"app_id": "555", "app_secret_env": "FB_SECRET"}
        return asking_of({"service": "fb", "url": url, **app, **entry}, FB_SECRET=SECRET)

    return made


@pytest.fixture
def gti(asking_of):
    """Return what makes GTI, asked by HTTPS at an address; None takes a setting away."""

    def made(server, **entry):
        by = {"transport": "https", "user": "us er", "password_env": "GTI_PASSWORD"}
        given = {"service": "gti", "server": server, "client": CLIENT, **by, **entry}
        return asking_of(
            {name: value for name, value in given.items() if value is not None}, GTI_PASSWORD=PASSWORD
        )

    return made
