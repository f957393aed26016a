"""Running a program that asks a service for us, and answers on its standard output.

Its command line can hold a secret, and the standard library's errors repeat it; so none of them is passed on.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, cast

from proxy_oa_assets.enrichment.reputation.service_errors import PassingError, RefusedError, ServiceError

# Linux takes no longer argument: MAX_ARG_STRLEN, with the zero at its end.
LONGEST_ARGUMENT = 128 * 1024 - 1
_LONGEST_OUTPUT = 1024 * 1024
_PIECE = 64 * 1024
# What programs and their libraries need; our environment has secrets that are none of their business.
_PASSED_ON = (
    *("PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what such a program may know of the environment."""
    return {name: environ[name] for name in _PASSED_ON if name in environ}


def output_of(command: Sequence[str], *, environ: Mapping[str, str], seconds: float) -> bytes:
    """Run a command, without a shell, and return what it writes.

    Raises ServiceError if it can't be run, fails, takes longer or writes too much.
    """
    # Raised here, where no exception that knows the command is being handled.
    found = _run(command, environ, seconds)
    if isinstance(found, ServiceError):
        raise found
    return found


def _run(command: Sequence[str], environ: Mapping[str, str], seconds: float) -> bytes | ServiceError:
    ends = time.monotonic() + seconds
    try:
        # A list and no shell: what stands in a log reaches the program as its arguments, whatever it says.
        process = subprocess.Popen(  # noqa: S603 - who may write the reputation file decides what runs
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # What it complains of may repeat its arguments.
            stderr=subprocess.DEVNULL,
            # A group of its own, to be ended with all that it started.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return RefusedError(f"`restclient` can't be run: {reason}")
    with process:
        output = _output(process, ends)
        if output is None or len(output) > _LONGEST_OUTPUT:
            # Nobody has waited for it yet, so the number is still its own.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if output is None:
        return PassingError(f"`restclient` took longer than {seconds:g} s (`timeout`)")
    if len(output) > _LONGEST_OUTPUT:
        return ServiceError(f"what `restclient` writes is longer than {_LONGEST_OUTPUT // 1024**2} MB")
    if process.returncode:
        return PassingError(f"`restclient` ended with exit code {process.returncode}")
    return output


def _output(process: subprocess.Popen[bytes], ends: float) -> bytes | None:
    """Return what a process writes until it ends, or until that is too long; None if time is up before."""
    stream = cast("IO[bytes]", process.stdout)
    output = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while selector.select(max(ends - time.monotonic(), 0)):
            piece = os.read(stream.fileno(), _PIECE)
            output += piece
            if len(output) > _LONGEST_OUTPUT:
                return bytes(output)
            if not piece:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(max(ends - time.monotonic(), 0))
                    return bytes(output)
                break
    return None
