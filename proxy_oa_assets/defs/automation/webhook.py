"""Posts to the address of PROXY_OA_FAILURE_WEBHOOK."""

from collections.abc import Mapping

from proxy_oa_assets.model.errors import ProxyOaError

SETTING = "PROXY_OA_FAILURE_WEBHOOK"
# Seconds: to connect, to respond; and the wait before the second retry.
_TIMEOUT = (3.0, 8.0)
_BACKOFF = 0.5


class WebhookError(ProxyOaError):
    """The webhook rejected the post; the message names the setting, not the address."""


def post(url: str, body: Mapping[str, object]) -> None:
    """Post JSON; if the connection fails or the response is 429 or 5xx, up to three times.

    It may arrive twice. Redirects aren't followed. Raises WebhookError, which leaves out the secret address.
    """
    problem = _problem(url, body)
    # Raised here, where no exception that knows the address is being handled.
    if problem:
        raise WebhookError(
            f"The webhook of {SETTING} did not take the message: {problem}. "
            f"Check the address, and that this machine reaches it"
        )


def _problem(url: str, body: Mapping[str, object]) -> str | None:
    import requests
    from urllib3 import Retry
    from urllib3.exceptions import HTTPError

    retry = Retry(
        total=2,
        backoff_factor=_BACKOFF,
        status_forcelist=(requests.codes.too_many_requests, *range(500, 600)),
        allowed_methods=None,
        raise_on_status=False,
        # Dagster gives a sensor's tick a minute; a server may ask for an hour.
        respect_retry_after_header=False,
    )
    with requests.Session() as session:
        for scheme in ("http://", "https://"):
            session.mount(scheme, requests.adapters.HTTPAdapter(max_retries=retry))
        try:
            # Prepared without the session, which would send .netrc's password for the webhook's host.
            request = requests.Request("POST", url, json=body, headers=session.headers).prepare()
            # The response's text is of no use, and could be endless.
            environment = session.merge_environment_settings(
                request.url, {}, stream=True, verify=None, cert=None
            )
            with session.send(request, timeout=_TIMEOUT, allow_redirects=False, **environment) as response:
                status = response.status_code
        except (requests.RequestException, HTTPError, UnicodeError) as error:
            return type(error).__name__
    return None if requests.codes.ok <= status < requests.codes.multiple_choices else f"it answered {status}"
