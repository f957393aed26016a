import binascii
import re
from base64 import urlsafe_b64decode
from contextlib import suppress
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.remote_services import ENTRIES, SECRET, SECRET_ENV, entry
from support.reputation_server import Asked, Reply, answering

from proxy_oa_assets.enrichment.reputation.privacy import Privacy
from proxy_oa_assets.enrichment.reputation.service import Send
from proxy_oa_assets.enrichment.reputation.verdict import Status

OURS = Privacy(internal_suffixes=[".Branch.Example.", "intra"], allowed_domains=["partner.example"])


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("evil.example/a?token=secret#part", "http://evil.example/a"),
        ("https://user:word@evil.example:8443/a;b?q", "https://evil.example:8443/a;b"),
        ("ftp://evil.example/a", "http://evil.example/a"),
        ("EVIL.example", "http://evil.example/"),
        ("evil.example:443", "http://evil.example/"),
        ("b\u00fccher.example/\u00e9 \u2028", "http://xn--bcher-kva.example/%C3%A9%20%E2%80%A8"),
        ("evil.example/\udcff", "http://evil.example/%3F"),
        ("evil.example/%41%2fa%", "http://evil.example/%41%2fa%"),
        ("93.184.216.34/a", "http://93.184.216.34/a"),
        ("0x08080808/a", "http://8.8.8.8/a"),
        ("[2606:2800:0220:0001::0001]", "http://[2606:2800:220:1::1]/"),
        ("[2606:2800:220:1::1]:8080/a", "http://[2606:2800:220:1::1]:8080/a"),
    ],
)
def test_a_url_goes_out_without_query_user_and_fragment(value, sent):
    """The default: scheme, host, port and path; a scheme is added where the log has none."""
    assert Privacy().outgoing(value, Send.URL_NO_QUERY) == sent


def test_send_limits_what_goes_out():
    """Nothing, the host, or the query as well."""
    value = "http://user@Evil.example:81/a?b=c d#e"
    said = {send: Privacy().outgoing(value, send) for send in Send}
    assert said == {
        Send.NONE: None,
        Send.HOST: "evil.example",
        Send.URL_NO_QUERY: "http://evil.example:81/a",
        Send.URL: "http://evil.example:81/a?b=c%20d",
    }


INSIDE = [
    *("intranet/", "10.0.0.1/a", "172.16.0.1", "192.168.1.1:8080/", "127.0.0.1/", "169.254.169.254/latest"),
    *("0.0.0.0/", "100.64.0.1/", "224.0.0.1/", "255.255.255.255/", "192.0.2.1/"),
    # What browsers take for an IPv4 address, too.
    *("127.1/", "0x7f000001/", "0x7f.1/", "2130706433/", "0177.0.0.1/", "10.1/", "1.2.3.4.5/"),
    *("[::1]/", "[fe80::1]/", "[fc00::1]:80/", "[::ffff:10.0.0.1]/", "[64:ff9b::a00:1]/", "[2002:a00:1::]/"),
    # Obsolete forms with an IPv4 address within, site-local ones, and unassigned ones.
    *(
        "[::10.0.0.1]/",
        "[::ffff:0:10.0.0.1]/",
        "[64:ff9b:1::a00:1]/",
        "[fec0::1]/",
        "[4000::1]/",
        "[ff0e::1]/",
    ),
    # Written one after the other, host and path would be a host inside.
    *("evil.example:.branch.example/", "evil.example:80.x.corp/", "[2606:2800:220:1::1].x.corp/"),
    *("[2606:2800:220:1::1%x.corp]/", "[2606:2800:220:1::1%25x.corp]/"),
    *("printer.local/", "host.internal/a", "x.corp", "a.b.lan:3128/", "nas.home.arpa/", "x.localhost/"),
    *("www.branch.example/", "branch.example/", "PARTNER.example./", "mail.intra/"),
    # Hosts that no resolver has an answer for.
    *("evil.example:\uff18\uff10/", "evil.example:123456/", "evil.example:80x/"),
    *("", "/a", "?q", "-", "a b.example/", "evil.example\\@10.0.0.1/", "a\0.example/", "[x]/", "..", "a..b/"),
    *(
        "\u2024.example/",
        f"{'x' * 64}\u00fc.example/",
        f"{'x' * 64}.example/",
        f"{'x.' * 127}example/",
        "evil.example%00.corp/",
    ),
]


@pytest.mark.parametrize("value", INSIDE)
def test_internal_hosts_never_go_out(value):
    """Private, loopback and link-local addresses however written, internal names, the site's own."""
    assert {OURS.outgoing(value, send) for send in Send} == {None}


def test_names_that_only_resemble_ours_go_out():
    """A suffix counts from a dot on."""
    for host in ("notbranch.example", "branch.example.com", "local.example", "xintra.example"):
        assert OURS.outgoing(host, Send.HOST) == host


@given(st.text(), st.sampled_from(list(Send)))
def test_sent_text_is_printable_ascii_without_query(text, send):
    """Any text: nothing, or a host or URL of printable ASCII; a query only if the setting says so."""
    sent = OURS.outgoing(text, send)
    if sent is not None:
        assert re.fullmatch("[!-~]+", sent)
        assert "#" not in sent
        assert send is Send.URL or "?" not in sent


def test_a_service_receives_nothing_private(client_of):
    """A server that records all that it gets has no query, user, fragment, and no inside host, by default."""
    values = [
        *INSIDE,
        "http://user:word@evil.example/path?token=secret#part",
        "evil.example/path?other=secret2",
    ]
    with answering(lambda _: Reply({}, 404)) as server:
        entry = {"service": "vt", "url": server.url, "key_env": "K", "per_minute": None}
        found = client_of(entry, privacy=OURS, K="k").look_up(values)
    # One value as sent, asked once.
    (asked,) = server.asked
    assert asked.path == "/urls/aHR0cDovL2V2aWwuZXhhbXBsZS9wYXRo"
    assert found.stats["vt"].statuses == {Status.NOT_SENT: len(INSIDE), Status.NO_DATA: 2}


def _readable(asked: Asked) -> str:
    """Return all that a request says of a value: its target and body, percent- and base64-decoded."""
    sent = f"{asked.target} {asked.body.decode()}"
    texts = [sent, unquote(sent), unquote(unquote(sent))]
    for part in asked.path.split("/"):
        with suppress(binascii.Error, UnicodeDecodeError):
            texts.append(urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode())
    return " ".join(texts)


@pytest.mark.parametrize("kind", ENTRIES)
def test_no_service_s_requests_hold_anything_private(client_of, kind):
    """By default, in each service's form of a value."""
    hosts = [value.partition("/")[0] for value in INSIDE if "evil.example" not in value]
    private = ["the-user", "the-word", "the-query", "the-part", *(host for host in hosts if len(host) > 5)]
    values = ["http://the-user:the-word@evil.example/path?a=the-query#the-part", *INSIDE]
    with answering(lambda _: Reply({}, 404)) as server:
        client = client_of(entry(kind, server.url), privacy=OURS, **{SECRET_ENV: SECRET})
        client.look_up(values)
    sent = " ".join(map(_readable, server.asked))
    assert "http://evil.example/path" in sent
    assert [text for text in private if text in sent] == []


@pytest.mark.parametrize(
    ("send", "said"), [("none", "is sent nothing (`send`)"), ("host", "isn't asked for")]
)
def test_doctor_sends_no_more_than_a_run(client_of, send, said):
    """Nothing where nothing is sent, and nothing of a domain that is kept inside."""
    with answering(lambda _: Reply({}, 404)) as server:
        entry = {"service": "vt", "url": server.url, "key_env": "K", "send": send}
        client = client_of(entry, privacy=Privacy(allowed_domains=["example.com"]), K="k")
        assert client.probes()["vt"]().startswith(said)
    assert server.asked == []
