"""What keeps a service from answering.

The texts are our own words alone: what a server or a library says could hold a secret.
"""

from proxy_oa_assets.errors import ProxyOaError
from proxy_oa_assets.reputation.verdict import Status


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


def code_failed(error: BaseException) -> ServiceError:
    """Return what is said of a fault in a service's own code, which anybody may have written."""
    return ServiceError(f"its code failed ({type(error).__name__})")
