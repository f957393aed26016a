"""A certificate authority of the tests, made by Java's own keytool."""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from support.programs import java_program

PASSWORD = "changeit"
_VALIDITY = ("-validity", "3")
_STORE = ("-storetype", "PKCS12", "-storepass", PASSWORD)


@dataclass(frozen=True)
class Keystore:
    """A server's key, and the certificate of the authority that signed its own."""

    path: Path
    authority: Path
    password: str = PASSWORD


def keystore(folder: Path, names: Iterable[str]) -> Keystore:
    """Return the key of a server that goes by these names: `dns:localhost`, `ip:127.0.0.1`."""
    folder.mkdir(parents=True, exist_ok=True)
    signing, server = folder / "authority.p12", folder / "server.p12"
    authority, request, signed = (folder / name for name in ("authority.pem", "request.csr", "signed.pem"))
    pair = ("-genkeypair", "-keyalg", "RSA", "-keysize", "2048", *_VALIDITY)
    signs = ("-ext", "bc:critical=ca:true", "-ext", "ku:critical=keyCertSign,cRLSign")
    _keytool(signing, *pair, "-alias", "authority", "-dname", "CN=Authority of the tests", *signs)
    _keytool(signing, "-exportcert", "-alias", "authority", "-rfc", "-file", authority)
    _keytool(server, *pair, "-alias", "server", "-dname", "CN=server of the tests")
    _keytool(server, "-certreq", "-alias", "server", "-file", request)
    named = ("-ext", f"san={','.join(names)}", *_VALIDITY)
    _keytool(
        signing, "-gencert", "-alias", "authority", "-rfc", "-infile", request, "-outfile", signed, *named
    )
    _keytool(server, "-importcert", "-alias", "authority", "-noprompt", "-file", authority)
    _keytool(server, "-importcert", "-alias", "server", "-noprompt", "-file", signed)
    return Keystore(server, authority)


def _keytool(store: Path, action: str, *arguments: str | Path) -> None:
    command = [java_program("keytool"), action, "-keystore", store, *_STORE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"keytool {action} failed: {done.stdout}{done.stderr}")
