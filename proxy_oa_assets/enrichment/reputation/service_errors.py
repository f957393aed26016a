"""What keeps a service from answering.

The texts are our own words alone: what a server or a library says could hold a secret.
"""

from collections.abc import Callable
from typing import TypeVar

from proxy_oa_assets.enrichment.reputation.verdict import Status
from proxy_oa_assets.model.errors import ProxyOaError

T = TypeVar("T")


class ServiceError(ProxyOaError):
    """A value, or several, for which the service gave no answer that can be used."""

    def __init__(self, what: str, status: Status = Status.FAILED) -> None:
        super().__init__(what)
        self.status = status


class PassingError(ServiceError):
    """What may be over in a moment: it is tried again, after `retry_after` seconds if the service said so."""

    def __init__(
        self, what: str, status: Status = Status.FAILED, *, retry_after: float | None = None
    ) -> None:
        super().__init__(what, status)
        self.retry_after = retry_after


class RefusedError(ServiceError):
    """The service refuses us: nothing more is asked of it in this run."""


class QuotaSpentError(RefusedError):
    """Our quota with the service is used up: nothing more is asked of it in this run."""

    def __init__(self, what: str) -> None:
        super().__init__(what, Status.OVER_QUOTA)


def outcome(call: Callable[[], T]) -> T | ServiceError:
    """Call a service's code, and return what came of it: its answer, or what went wrong.

    Errors are returned, not raised: while another one is handled, a new one would keep it, and its text can
    hold the key.
    """
    try:
        return call()
    except ServiceError as error:
        return error
    except ProxyOaError as error:
        return ServiceError(str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's code raises what its author likes
        # The code may be another package's (kinds.py). Its fault must cost neither the day nor the other
        # services; it is named in the day's metadata, by its check and by `proxy-oa doctor`.
        return ServiceError(f"its code failed ({type(error).__name__})")
