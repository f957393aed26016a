"""How often, and after which pauses, what the network refused is tried again."""

import math
import time
from collections.abc import Callable

import tenacity

_FIRST_PAUSE_SECONDS = 0.5
# For a server of the cluster: one that hangs costs a whole time-out with each try.
PATIENCE_SECONDS = 30


def retrying(
    attempts: int,
    passes: Callable[[BaseException], bool],
    longest_pause: float,
    *,
    patience: float = math.inf,
    told_pause: Callable[[BaseException], float | None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> tenacity.Retrying:
    """Return what calls a function again while it fails by something that passes; the last error is raised.

    Pauses double from half a second up to the longest, in seconds, and vary a little, so that many clients
    don't come back at once; `told_pause` gives the pause that a server asked for. But for the second one, no
    try is begun once the patience, in seconds, is over.
    """
    backoff = tenacity.wait_exponential_jitter(multiplier=_FIRST_PAUSE_SECONDS, max=longest_pause)
    enough = tenacity.stop_all(tenacity.stop_after_attempt(2), tenacity.stop_after_delay(patience))

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        told = told_pause(error) if error else None
        return backoff(state) if told is None else told

    return tenacity.Retrying(
        stop=tenacity.stop_any(tenacity.stop_after_attempt(attempts), enough),
        wait=pause,
        retry=tenacity.retry_if_exception(passes),
        sleep=sleep,
        reraise=True,
    )
