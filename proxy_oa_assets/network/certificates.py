"""The certificates that servers show: which are trusted, and what is wrong with one that isn't."""

import re
import ssl

# So Python's `ssl` begins, whichever package tells it on.
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"

_REASON = re.compile(r"certificate verify failed: (.+?)\.?(?: \(_ssl|['\")]*$)", re.MULTILINE)
_ANOTHER_NAME = "not valid for"


def machines_own() -> bool | str:
    """Return where this machine keeps the certificates that it trusts, as `requests` takes it.

    By itself `requests` trusts a list that comes with it, and no authority of a company that the machine
    trusts; where the machine keeps none, that list it is. The variables SSL_CERT_FILE and SSL_CERT_DIR
    name others, as for every program that uses OpenSSL.
    """
    kept = ssl.get_default_verify_paths()
    return kept.cafile or kept.capath or True


def complaint(server: str, told: str, *, certificate: str, address: str) -> str:
    """Return what is wrong with a server's certificate, and the setting that mends it.

    `told` is the error's text; `certificate` and `address` are the settings of the trusted file and of the
    server's address.
    """
    found = _REASON.search(told)
    reason = found[1] if found else "no reason given"
    if _ANOTHER_NAME in reason:
        return f"{server} showed a certificate for another name ({reason}); {address} is to have that name"
    return (
        f"{server} showed a certificate that isn't trusted ({reason}); set {certificate} to the file of the "
        f"authority that signed it"
    )
