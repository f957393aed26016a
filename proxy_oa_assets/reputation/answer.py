"""What a service answered, read as it documents; what it refused.

Its own words, which can echo a secret that was sent, are passed on in no error.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from urllib3 import Retry
from urllib3.exceptions import InvalidHeader

from proxy_oa_assets.reputation.trouble import PassingError, RefusedError, ServiceError
from proxy_oa_assets.reputation.verdict import Status

_LONGEST_RETRY_AFTER = 30.0
_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, *range(500, 600)}

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class Answer:
    """What a service answered: the HTTP status, and the body whole."""

    status: int
    body: bytes
    retry_after: str | None = None

    def read(self, shape: type[Shape]) -> Shape:
        """Return the body, JSON, in the shape that the service documents. Raises ServiceError if it isn't."""
        try:
            return shape.model_validate_json(self.body)
        except ValidationError as error:
            place = error.errors(include_input=False)[0]["loc"]
        # Of an object's keys those alone that the service documents: others are the server's words.
        schema = shape.model_json_schema()
        documented = {
            name
            for each in (schema, *schema.get("$defs", {}).values())
            for name in each.get("properties", ())
        }
        where = ".".join(str(part) for part in place if isinstance(part, int) or part in documented)
        raise ServiceError(f"its answer isn't as documented{f' (at {where})' if where else ''}")

    def refuse(self) -> None:
        """Raise what the status means, if it isn't success."""
        if self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise RefusedError(f"it answered {self.status}: the key is wrong, or may not ask this")
        if self.status in _AGAIN:
            of_quota = self.status == HTTPStatus.TOO_MANY_REQUESTS
            how = Status.OVER_QUOTA if of_quota else Status.FAILED
            seconds = _seconds(self.retry_after)
            if seconds is not None and seconds > _LONGEST_RETRY_AFTER:
                raise RefusedError(
                    f"it answered {self.status}, and wants to be asked again in {seconds:.0f} s", how
                )
            raise PassingError(f"it answered {self.status}", how, retry_after=seconds)
        if HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST:
            raise ServiceError(f"it answered {self.status}, a redirect, which isn't followed; check `url`")
        if not HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES:
            raise ServiceError(f"it answered {self.status}")


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After; a date (RFC 9110 allows it) is read by urllib3's own rule."""
    if retry_after is None:
        return None
    try:
        return max(Retry().parse_retry_after(retry_after), 0)
    except (InvalidHeader, ValueError, OverflowError):
        return None
