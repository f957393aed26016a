"""Shared by all clients of servers: addresses, trusted certificates, retries, silent loggers."""

import logging
import math
import re
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

import tenacity

# Python's `ssl` begins its reason with this, in the errors of every package.
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"
# Total time in seconds for attempts at a cluster's server: each attempt at one that hangs costs a time-out.
PATIENCE_SECONDS = 30

_REASON = re.compile(r"certificate verify failed: (.+?)\.?(?: \(_ssl|['\")]*$)", re.MULTILINE)


def is_web_address(text: str) -> bool:
    """Return whether a text is an http or https address with a host."""
    # urlsplit silently drops line feeds and tabs.
    if not re.fullmatch(r"https?://[!-~]+", text, re.ASCII | re.IGNORECASE):
        return False
    with suppress(ValueError):
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    return False


def system_certificates() -> bool | str:
    """Return the location of this machine's trusted certificates, as `requests` takes it in `verify`.

    By default `requests` trusts the list that it ships, which lacks a company's own authority. True, for that
    list, where the machine has none. SSL_CERT_FILE and SSL_CERT_DIR name other locations, as for every
    program that uses OpenSSL.
    """
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or True


def certificate_problem(server: str, error: str, *, certificate: str, address: str) -> str:
    """Return what is wrong with a server's certificate, and which setting fixes it.

    `error` is the exception's text; `certificate` and `address` are the names of the settings for the trusted
    file and for the server's address.
    """
    found = _REASON.search(error)
    reason = found[1] if found else "no reason given"
    if "not valid for" in reason:
        return f"{server} showed a certificate for another name ({reason}); set {address} to that name"
    return (
        f"{server} showed a certificate that isn't trusted ({reason}); set {certificate} to the file of the "
        f"authority that signed it"
    )


def retrying(
    attempts: int,
    is_transient: Callable[[BaseException], bool],
    longest_pause: float,
    *,
    patience: float = math.inf,
    requested_pause: Callable[[BaseException], float | None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> tenacity.Retrying:
    """Return a caller that repeats a function while it fails with a transient error; raises the last one.

    Pauses double from half a second to `longest_pause` seconds, with jitter; `requested_pause` returns the
    pause that a server asked for. At least two attempts are made; none starts after `patience` seconds.
    """
    backoff = tenacity.wait_exponential_jitter(multiplier=0.5, max=longest_pause)
    enough = tenacity.stop_all(tenacity.stop_after_attempt(2), tenacity.stop_after_delay(patience))

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        requested = requested_pause(error) if error else None
        return backoff(state) if requested is None else requested

    return tenacity.Retrying(
        stop=tenacity.stop_any(tenacity.stop_after_attempt(attempts), enough),
        wait=pause,
        retry=tenacity.retry_if_exception(is_transient),
        sleep=sleep,
        reraise=True,
    )


def silence(*loggers: str) -> None:
    """Drop every record of these loggers: their packages log URLs with secrets, and errors they raise."""
    # Unlike a level, a filter survives an application that sets the levels of all loggers.
    for name in loggers:
        logging.getLogger(name).addFilter(_nothing)


def _nothing(_: logging.LogRecord) -> bool:
    return False


# They log URLs and headers, which can contain secrets.
silence(
    *(
        f"urllib3.{name}"
        for name in ("connection", "connectionpool", "poolmanager", "response", "util.retry")
    ),
    "requests",
)
