"""Run a service's client program, which writes the response to its standard output.

The command line can hold a secret, and the standard library's errors quote it, so none of them is passed on.
"""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO, cast

from proxy_oa_assets.enrichment.reputation.service_errors import RefusedError, ServiceError, TransientError

# Linux' MAX_ARG_STRLEN, less the zero at its end.
LONGEST_ARGUMENT = 128 * 1024 - 1
_LONGEST_OUTPUT = 1024 * 1024
_PIECE = 64 * 1024
# What programs and their libraries need: the rest of the environment can hold secrets.
_PASSED_ON = (
    *("PATH", "HOME", "TMPDIR", "TZ", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
)


def passed_on(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the environment that the program gets."""
    return {name: environ[name] for name in _PASSED_ON if name in environ}


def output_of(command: Sequence[str], *, environ: Mapping[str, str], seconds: float) -> bytes:
    """Run a command without a shell, and return its output.

    Raises ServiceError if it can't be run, fails, exceeds `seconds` or writes more than 1 MB.
    """
    # Raised here, where no exception that quotes the command is being handled.
    found = _run(command, environ, seconds)
    if isinstance(found, ServiceError):
        raise found
    return found


def _run(command: Sequence[str], environ: Mapping[str, str], seconds: float) -> bytes | ServiceError:
    ends = time.monotonic() + seconds
    try:
        # A list and no shell: a URI reaches the program as one argument.
        process = subprocess.Popen(  # noqa: S603 - the reputation file's author chooses the program
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            # Its complaints can quote its arguments.
            stderr=subprocess.DEVNULL,
            # A process group, to be killed with all that it started.
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        return RefusedError(f"`restclient` can't be run: {reason}")
    with process:
        output = _output(process, ends)
        if output is None or len(output) > _LONGEST_OUTPUT:
            # It isn't reaped yet, so the pid is still its own.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if output is None:
        return TransientError(f"`restclient` took longer than {seconds:g} s (`timeout`)")
    if len(output) > _LONGEST_OUTPUT:
        return ServiceError(f"what `restclient` writes is longer than {_LONGEST_OUTPUT // 1024**2} MB")
    if process.returncode:
        return TransientError(f"`restclient` ended with exit code {process.returncode}")
    return output


def _output(process: subprocess.Popen[bytes], ends: float) -> bytes | None:
    """Return a process's output, cut soon after 1 MB; None if it doesn't end in time."""
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
