"""A Kerberos realm of the tests: a KDC on loopback, whose files are in one folder."""

import os
import subprocess
from pathlib import Path
from string import Template

from support.programs import program

from cluster_servers.java_server import JavaServer, Servers, free_port

REALM = "PROXY.TEST"

_KRB5 = Template("""[libdefaults]
  default_realm = $realm
  dns_lookup_realm = false
  dns_lookup_kdc = false
  dns_canonicalize_hostname = false
  rdns = false
  # Java and MIT's programs both speak TCP then.
  udp_preference_limit = 1
[realms]
  $realm = {
    kdc = 127.0.0.1:$port
  }
[domain_realm]
  localhost = $realm
""")
_KDC = Template("""[kdcdefaults]
  kdc_listen = 127.0.0.1:$port
  kdc_tcp_listen = 127.0.0.1:$port
[realms]
  $realm = {
    database_name = $folder/principal
    key_stash_file = $folder/stash
    acl_file = $folder/acl
    supported_enctypes = aes256-cts-hmac-sha1-96:normal
    max_life = 1h
  }
[logging]
  kdc = STDERR
""")


class Kdc(Servers):
    """A realm of its own; started by `start`, ended by `stop`. Nothing of the machine's own is read."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        port = free_port()
        self.krb5_conf = folder / "krb5.conf"
        self.krb5_conf.write_text(_KRB5.substitute(port=port, realm=REALM), encoding="utf-8")
        profile = folder / "kdc.conf"
        profile.write_text(_KDC.substitute(port=port, folder=folder, realm=REALM), encoding="utf-8")
        self.environ = {"KRB5_CONFIG": str(self.krb5_conf), "KRB5_KDC_PROFILE": str(profile)}
        self._port = port
        self._server = JavaServer("krb5kdc", folder, [_program("krb5kdc"), "-n"], self.environ)

    def start(self) -> None:
        """Make the realm and start its KDC."""
        self._run("kdb5_util", "create", "-s", "-W", "-P", "unused", "-r", REALM)
        self._server.start()
        self._server.wait_for_port(self._port)

    def stop(self) -> None:
        """End the KDC."""
        self._server.stop()

    def keytab(self, *principals: str) -> Path:
        """Make principals, and return a file of their keys."""
        path = self.folder / f"{principals[0].replace('/', '-')}.keytab"
        for principal in principals:
            self._run("kadmin.local", "-q", f"addprinc -randkey {principal}@{REALM}")
            self._run("kadmin.local", "-q", f"ktadd -k {path} {principal}@{REALM}")
        return path

    def ticket(self, user: str, life: str = "1h") -> str:
        """Make a user, and get a ticket as `kinit` does; return its place as KRB5CCNAME has it."""
        cache = f"FILE:{self.folder}/{user}.ticket"
        keytab = str(self.keytab(user))
        self._run("kinit", "-l", life, "-k", "-t", keytab, "-c", cache, f"{user}@{REALM}")
        return cache

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [_program(program), *arguments],
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")


def _program(name: str) -> str:
    return str(program(name, "Kerberos (Debian: krb5-kdc, krb5-admin-server, krb5-user)"))
