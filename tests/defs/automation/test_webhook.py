import socket

import pytest
from support.receiver import SECRET

from proxy_oa_assets.defs.automation.failure_webhook import WebhookError, post


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("answers", [[500, 429], [503]])
def test_a_server_in_trouble_is_asked_again(receiver, answers):
    """Up to three tries, whatever wait the server asks for: Dagster gives a tick a minute."""
    receiver.answers = answers.copy()
    post(receiver.url, "SETTING", {"text": "x"})
    assert receiver.bodies == [{"text": "x"}] * (len(answers) + 1)


@pytest.mark.usefixtures("fast")
def test_a_dead_address_fails_without_being_named(written):
    """Neither the error nor urllib3's own warnings about the connection have the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/services/{SECRET}"
        with pytest.raises(
            WebhookError, match=r"SETTING did not take the message: ConnectionError\."
        ) as raised:
            post(url, "SETTING", {})
    assert raised.value.__context__ is None
    assert url not in str(raised.getrepr(style="long", showlocals=False))
    assert not written(SECRET)


@pytest.mark.parametrize(
    "url", [f"http://[::1/{SECRET}", f"http://{'a' * 70}.example/{SECRET}", f"ftp://x/{SECRET}"]
)
def test_an_address_that_cannot_be_used_is_not_named(url):
    """Whatever requests makes of an address, our error has its class alone."""
    with pytest.raises(WebhookError) as raised:
        post(url, "SETTING", {})
    assert SECRET not in str(raised.value)
    assert raised.value.__context__ is None
