"""Posting to a webhook, whose address is a secret: no log line and no error has it."""

import threading
from collections.abc import Mapping

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from proxy_oa_assets.errors import ProxyOaError
from proxy_oa_assets.network.untold import untold

# Seconds: to connect, to answer; and the wait before the second retry, twice that before the third.
_TIMEOUT = (3.0, 8.0)
_BACKOFF = 0.5


class WebhookError(ProxyOaError):
    """The webhook didn't take the post; the message names the setting, not the address."""


def post(url: str, setting: str, body: Mapping[str, object]) -> None:
    """Post JSON, up to three times if the connection fails or the answer is 429 or 5xx; it may arrive twice.

    Redirects aren't followed. Raises WebhookError naming the setting that the address is from.
    """
    problem = _problem(url, body)
    # Raised here, where no exception that knows the address is being handled.
    if problem:
        raise WebhookError(
            f"The webhook of {setting} did not take the message: {problem}. "
            f"Check the address, and that this machine reaches it"
        )


def _problem(url: str, body: Mapping[str, object]) -> str | None:
    thread = threading.get_ident()
    with requests.Session() as session, untold(lambda record: record.thread == thread):
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=_retry()))
        try:
            # The answer's text is of no use, and could be endless.
            with session.post(
                url, json=body, timeout=_TIMEOUT, allow_redirects=False, stream=True
            ) as response:
                status = response.status_code
        except (requests.RequestException, HTTPError, UnicodeError) as error:
            return type(error).__name__
    return None if requests.codes.ok <= status < requests.codes.multiple_choices else f"it answered {status}"


def _retry() -> Retry:
    return Retry(
        total=2,
        backoff_factor=_BACKOFF,
        status_forcelist=(requests.codes.too_many_requests, *range(500, 600)),
        allowed_methods=None,
        raise_on_status=False,
        # Dagster gives a sensor's tick a minute; a server may ask for an hour.
        respect_retry_after_header=False,
    )
