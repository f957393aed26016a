import html
import json
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from proxy_oa_assets.model.secrets import Secrets

SECRET = 'pä$s "w0rd&x/1'

WRITTEN: dict[str, Callable[[str], str]] = {
    "itself": str,
    "upper case": str.upper,
    "JSON": json.dumps,
    "HTML": html.escape,
    "HTML by numbers": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "a URL": quote,
    "a URL's query": quote_plus,
    "JSON in HTML in a URL": lambda text: quote(html.escape(json.dumps(text))),
    "Python's bytes": lambda text: repr(b"\0spot\0" + text.encode()),
    "UTF-8 as Latin-1": lambda text: text.encode().decode("latin-1"),
    "hexadecimal": lambda text: text.encode().hex(),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "basic authentication": lambda text: b64encode(f"spot:{text}".encode()).decode(),
    "a request with it, in base64": lambda text: b64encode(
        b"Authorization: Basic " + b64encode(f"spot:{text}".encode())
    ).decode(),
    "base64 of a URL": lambda text: urlsafe_b64encode(f"/?a={quote(text)}".encode()).decode(),
    "its beginning": lambda text: text[:10],
    "its end": lambda text: text[-10:],
}


@pytest.mark.parametrize("how", WRITTEN)
def test_a_secret_is_struck_out_however_it_is_written(how: str) -> None:
    """And the text before and after it stays."""
    struck = Secrets(SECRET).struck(f"before {WRITTEN[how](SECRET)} after")
    assert struck.startswith("before ")
    assert struck.endswith(" after")
    assert "***" in struck
    assert not any(write(SECRET) in struck for write in WRITTEN.values())
    assert len(struck) < 70


@pytest.mark.parametrize(
    ("text", "struck"),
    [
        ("GET /?delegation=ABC%2Fdef&op=OPEN", "GET /?delegation=***&op=OPEN"),
        ("Authorization: Negotiate YIIabcdefgh==", "Authorization: Negotiate ***"),
        ('{"Authorization": "Bearer eyJ0.eyJz.sig"}', '{"Authorization": "Bearer ***"}'),
        ("WWW-Authenticate: Negotiate oRQwEqADCgEBoQsGCSqG", "WWW-Authenticate: Negotiate ***"),
        ('Set-Cookie: hadoop.auth="u=x&s=y"; path=/', "Set-Cookie:***"),
        ("password=0penSesame, user=spot", "password=***, user=spot"),
    ],
)
def test_what_carries_a_credential_is_struck_out_though_it_is_unknown(text: str, struck: str) -> None:
    """A NameNode puts a token into a redirect, Kerberos a ticket into a header."""
    assert Secrets().struck(text) == struck


@pytest.mark.parametrize(
    "text",
    [
        'Permission denied: user=spot, access=WRITE, inode="/user/spot":hdfs:hdfs:drwxr-xr-x',
        "token (HDFS_DELEGATION_TOKEN token 5 for spot) can't be found in cache",
        "Basic authentication failed",
        "",
    ],
)
def test_other_texts_stay(text: str) -> None:
    """Servers say what is wrong."""
    assert Secrets(SECRET, None, "").struck(text) == text


def test_an_error_that_quotes_a_secret_is_no_cause() -> None:
    """Nor is one whose own cause does."""
    secrets, first = Secrets(SECRET), ValueError("harmless")
    first.__cause__ = KeyError(SECRET)
    assert secrets.cause(first) is None
    assert secrets.cause(ValueError("harmless")) is not None


def test_secrets_of_requests_are_forgotten_in_their_order() -> None:
    """Kerberos makes one for each request: keeping all would cost a long backfill its memory."""
    secrets = Secrets(SECRET)
    secrets.add("the-token-of-the-first-request")
    assert secrets.struck("the-token-of-the-first-request") == "***"
    secrets.add(*(f"{number:030}" for number in range(1000)))
    assert secrets.struck(f"{SECRET} {999:030}") == "*** ***"
    assert secrets.struck("the-token-of-the-first-request") != "***"


def test_requests_of_other_threads_take_no_secret_s_place() -> None:
    """An error is struck in the thread of its request, while others make requests of their own."""
    secrets = Secrets()
    secrets.add("the-token-of-this-request")
    others = threading.Thread(target=secrets.add, args=[f"{number:030}" for number in range(1000)])
    others.start()
    others.join()
    assert secrets.struck("the-token-of-this-request") == "***"
