"""Arbitrary answers of each service, over HTTP: a verdict on what was asked, or the declared error."""

import json
import math
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.gti import CLIENT
from support.mutations import JSON, changed, damaged
from support.reputation_server import Asked, Reply, answering
from support.threat_exchange import answered, descriptor, error_of

from proxy_oa_assets.enrichment.reputation.http import HttpClient
from proxy_oa_assets.enrichment.reputation.registry import service_class
from proxy_oa_assets.enrichment.reputation.service_errors import ServiceError
from proxy_oa_assets.enrichment.reputation.verdict import Risk, Status, decode

KEY = "0123456789abcdef-the-secret-key"
ASKED = ["http://evil.example/a", "http://good.example/b"]
OTHER = "http://other.example/c"
STATUSES = st.sampled_from([200] * 12 + [201, 301, 400, 401, 403, 404, 418, 429, 500, 503])
HEADERS = st.sampled_from(
    [{}, {}, {}]
    + [
        {"Retry-After": text}
        for text in ("5", "-5", "1e9", "x", "Wed, 21 Oct 2045 07:28:00 GMT", KEY, "9" * 400)
    ]
)


def _fb(given: list[str | None]) -> object:
    """Return what members say of each value, and that another URL is malicious."""
    other = descriptor(OTHER, "MALICIOUS")
    return [
        answered(*([descriptor(text, status)] if status else []), other)
        for text, status in zip(ASKED, given, strict=True)
    ]


def _misp(given: list[str | None]) -> object:
    attributes = [
        {"type": "url", "value": text, "category": "Network activity", "Event": {"info": "campaign"}}
        for text, status in zip([*ASKED, OTHER], [*given, "MALICIOUS"], strict=True)
        if status == "MALICIOUS"
    ]
    return {"response": {"Attribute": attributes}}


GTI = {None: {}, "MALICIOUS": {"rep": 80, "cat": [1, 2]}, "NON_MALICIOUS": {"rep": -10}}
VT = {None: 0, "MALICIOUS": 9, "NON_MALICIOUS": 0}
STATUSES_OF = {None: "no_results", "MALICIOUS": "ok", "NON_MALICIOUS": "no_results"}
# By service: the values of a request, an answer to it by what is true of each value, and what asks.
ANSWERS = {
    "fb": (2, _fb, {"app_id": "555", "app_secret_env": "THE_KEY"}),
    "misp": (2, _misp, {"key_env": "THE_KEY"}),
    "gti": (
        2,
        lambda given: {"a": [GTI[each] for each in given]},
        {"transport": "https", "user": "u", "password_env": "THE_KEY", "client": CLIENT, "batch": 2},
    ),
    "vt": (
        1,
        lambda given: {
            "data": {
                "attributes": {
                    "last_analysis_stats": {"malicious": VT[given[0]], "suspicious": 0},
                    "categories": {"a": "malware"},
                }
            }
        },
        {"key_env": "THE_KEY", "per_minute": None, "per_day": None},
    ),
    "webrisk": (
        1,
        lambda given: (
            {"threat": {"threatTypes": ["MALWARE"], "expireTime": "2045-07-17T15:01:23.045123456Z"}}
            if given[0] == "MALICIOUS"
            else {}
        ),
        {"key_env": "THE_KEY"},
    ),
    "urlhaus": (
        1,
        lambda given: {
            "query_status": STATUSES_OF[given[0]],
            "url_status": "online",
            "threat": "malware_download",
            "tags": ["emotet"],
            "blacklists": {"spamhaus_dbl": "not listed"},
        },
        {"key_env": "THE_KEY"},
    ),
}
TRUTH = st.sampled_from([None, "MALICIOUS", "NON_MALICIOUS"])
SHAPES = [
    *(error_of(code) for code in (190, 4, 1, 100)),
    {"error": {"code": "QuotaExceededError"}},
    {"error": {"details": [{"reason": "API_KEY_INVALID"}]}},
    KEY,
]


@dataclass(frozen=True)
class Answer:
    """A service's answer: its body, what is true, and whether the body is as documented."""

    service: str
    given: list[str | None]
    body: bytes
    whole: bool
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@st.composite
def answer(draw) -> Answer:
    service = draw(st.sampled_from(sorted(ANSWERS)))
    number, answer_of, _ = ANSWERS[service]
    given = [draw(TRUTH) for _ in range(number)]
    document: Any = answer_of(given)
    how = draw(st.sampled_from(["whole", "changed", "changed", "inside", "bytes", "any"]))
    if how == "changed":
        document = draw(changed(document))
    elif how == "inside" and service == "fb":
        # Its entries' bodies are texts of JSON.
        document[0]["body"] = json.dumps(draw(changed(json.loads(document[0]["body"]))))
    elif how == "any":
        document = draw(JSON | st.sampled_from(SHAPES))
    body = json.dumps(document).encode()
    if how == "bytes":
        body = draw(damaged(body, most=2))
    status = draw(STATUSES)
    whole = how == "whole" and status in (200, 201)
    return Answer(service, given, body, whole, status, draw(HEADERS))


class Served:
    """The services, whose server gives one answer after another."""

    def __init__(self, url: str) -> None:
        self.answer: Answer | None = None
        self.asking = {}
        for service, (_, _, entry) in ANSWERS.items():
            address = {"server": url} if service == "gti" else {"url": url}
            self.asking[service] = service_class(service).model_validate(
                {"service": service, **address, **entry},
                context={"environ": {"THE_KEY": KEY}, "folder": Path()},
            )


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Served, HttpClient]]:
    """Every service, on one server."""

    def respond(_: Asked) -> Reply:
        given = found.answer
        return Reply(given.body, given.status, given.headers)

    with answering(respond) as server, closing(HttpClient(20, None)) as http:
        found = Served(server.url)
        yield found, http


def _texts(error: BaseException | None) -> str:
    return f"{error!s} {error!r} {_texts(error.__cause__ or error.__context__)}" if error else ""


def _malicious(given: Answer, number: int) -> bool:
    """Return whether a body says of a value that it is bad, by looking for both anywhere in it."""
    words = {"fb": ("MALICIOUS", "SUSPICIOUS"), "misp": ("url", "uri", "domain", "hostname")}[given.service]
    # JSON writes characters beyond ASCII, and any other, as escapes.
    text = given.body.decode("utf-8", "replace").encode().decode("unicode_escape", "replace").lower()
    host = ASKED[number].split("/")[2]
    return host in text and any(word.lower() in text for word in words)


@fuzz("reputation answers", short=60, given=answer())
def test_an_answer_is_a_verdict_on_what_was_asked_or_the_declared_error(
    served: tuple[Served, HttpClient], given: Answer
) -> None:
    """A whole answer is believed; a damaged one gives no other URL's verdict, secret or exception."""
    services, http = served
    services.answer, service = given, services.asking[given.service]
    values = ASKED[: len(given.given)]
    try:
        found = service.look_up(values, http)
    except ServiceError as error:
        assert not given.whole
        assert KEY not in _texts(error)
        pause = error.retry_after
        assert pause is None or (pause >= 0 and math.isfinite(pause))
        return
    assert set(found) <= set(values)
    for number, value in enumerate(values):
        if value not in found:
            continue
        verdict = found[value]
        assert verdict.label == service.labels[verdict.risk]
        assert verdict.status is Status.OK or verdict.risk is Risk.UNVERIFIED
        assert len(verdict.categories) <= 20
        (read,) = decode(verdict.encoded())
        assert (read.service, read.label, read.risk) == (given.service, verdict.label, verdict.risk)
        if given.whole:
            assert (verdict.risk >= Risk.MEDIUM) == (given.given[number] == "MALICIOUS")
        elif given.service in ("fb", "misp") and verdict.risk >= Risk.MEDIUM:
            assert _malicious(given, number)
