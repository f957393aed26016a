"""Errors of services. Their messages quote no server or library, whose texts could hold a secret."""

from collections.abc import Callable
from typing import TypeVar

from proxy_oa_assets.enrichment.reputation.verdict import Status
from proxy_oa_assets.model.errors import ProxyOaError

T = TypeVar("T")


class ServiceError(ProxyOaError):
    """The service gave no usable response for one value or several."""

    def __init__(
        self, message: str, status: Status = Status.FAILED, *, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.retry_after = status, retry_after


class TransientError(ServiceError):
    """A failure worth a retry, after `retry_after` seconds if the service asks for a pause."""


class RefusedError(ServiceError):
    """The service refuses requests: this run sends it no more."""


class QuotaExceededError(RefusedError):
    """The quota with the service is used up: this run sends it no more requests."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Status.OVER_QUOTA)


def result_or_error(call: Callable[[], T]) -> T | ServiceError:
    """Call a service's code; return its result, or its error as a ServiceError.

    Errors are returned, not raised: an exception raised while another is handled keeps that one as its
    context, whose text can hold the key.
    """
    try:
        return call()
    except ServiceError as error:
        return error
    except ProxyOaError as error:
        return ServiceError(str(error))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's code can raise anything
        # A plugin's fault must cost neither the day nor the other services; the day's metadata, its check
        # and `proxy-oa doctor` report it.
        return ServiceError(f"its code failed ({type(error).__name__})")
