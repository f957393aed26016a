"""The day that is investigated, and where; the URIs of its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.deployment import deployment as configured_deployment
from proxy_oa_assets.resources.hdfs import StillHeld
from proxy_oa_assets.tsv import NULL


def investigated(day: Day | str, deployment: Deployment | None) -> tuple[Day, Deployment]:
    """Return the day, which may be given by its key, and the deployment; none given: the configured one."""
    return day if isinstance(day, Day) else Day.parse(day), deployment or _configured()


@contextmanager
def changing(day: Day, at: Deployment) -> Iterator[StillHeld]:
    """Keep everybody else from changing what analysts recorded of a day, on every machine of the deployment.

    Gives what to call before each write: it raises LockLostError where the lock was lost meanwhile.
    """
    with at.hdfs.lock(at.workspace.analysts_lock(day)) as still_held:
        yield still_held


def uri_text(fulluri: object) -> str:
    """Return a URI as it is matched: NULL, which a frame holds as None or NaN, is the word `null`."""
    return fulluri if isinstance(fulluri, str) else NULL


@cache
def _configured() -> Deployment:
    return configured_deployment()
