"""How often, and after which pauses, what the network refused is tried again."""

from collections.abc import Callable

import tenacity

_FIRST_PAUSE_SECONDS = 0.5


def retrying(
    attempts: int, passes: Callable[[BaseException], bool], longest_pause: float
) -> tenacity.Retrying:
    """Return what calls a function again while it fails by something that passes; the last error is raised.

    Pauses double from half a second up to the longest, in seconds, and vary a little, so that many clients
    don't come back at once.
    """
    return tenacity.Retrying(
        stop=tenacity.stop_after_attempt(attempts),
        wait=tenacity.wait_exponential_jitter(multiplier=_FIRST_PAUSE_SECONDS, max=longest_pause),
        retry=tenacity.retry_if_exception(passes),
        reraise=True,
    )
