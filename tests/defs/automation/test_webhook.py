import socket
from base64 import b64encode

import pytest
from support.receiver import SECRET

from proxy_oa_assets.defs.automation.webhook import WebhookError, post


@pytest.mark.usefixtures("fast")
@pytest.mark.parametrize("answers", [[500, 429], [503]])
def test_a_failing_server_is_retried(receiver, answers):
    """Up to three attempts, without the wait that the server asks for: Dagster gives a tick a minute."""
    receiver.answers = answers.copy()
    post(receiver.url, {"text": "x"})
    assert receiver.bodies == [{"text": "x"}] * (len(answers) + 1)


@pytest.mark.usefixtures("fast")
def test_a_dead_address_fails_without_being_named(written):
    """Neither the error nor urllib3's own warnings about the connection have the address."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/services/{SECRET}"
        with pytest.raises(WebhookError, match=r"PROXY_OA_FAILURE_WEBHOOK .* ConnectionError") as raised:
            post(url, {})
    assert raised.value.__context__ is None
    assert url not in str(raised.getrepr(style="long", showlocals=False))
    assert not written(SECRET)


@pytest.mark.parametrize(
    "url", [f"http://[::1/{SECRET}", f"http://{'a' * 70}.example/{SECRET}", f"ftp://x/{SECRET}"]
)
def test_an_address_that_cannot_be_used_is_not_named(url):
    """The error has the class of the exception that requests raises, without its text."""
    with pytest.raises(WebhookError) as raised:
        post(url, {})
    assert SECRET not in str(raised.value)
    assert raised.value.__context__ is None


def test_the_password_of_netrc_is_not_sent(receiver, tmp_path, monkeypatch):
    """The account's password for the webhook's host stays here; one that is part of the address is sent."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    post(receiver.url, {})
    post(receiver.url.replace("://", "://us:er@"), {})

    assert receiver.passwords == [None, f"Basic {b64encode(b'us:er').decode()}"]


def test_the_environments_proxy_takes_the_post(receiver, monkeypatch):
    """A machine may reach the webhook by it alone; `no_proxy` is heeded."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("http_proxy", receiver.url)

    post(f"http://chat.example/{SECRET}", {})
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    post(receiver.url, {})

    assert receiver.paths[0] == f"http://chat.example/{SECRET}"
    assert not receiver.paths[1].startswith("http:")
