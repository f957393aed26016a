"""What no verdict depends on costs none: any JSON in any other place of each service's answer."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.remote_services import SECRET, SECRET_ENV, entry

from proxy_oa_assets.enrichment.reputation.http import ServiceResponse
from proxy_oa_assets.enrichment.reputation.registry import service_class, service_names
from proxy_oa_assets.enrichment.reputation.service_errors import ServiceError
from proxy_oa_assets.enrichment.reputation.verdict import Risk

VALUE, OTHER = "http://evil.example/a", "http://other.example/b"
TEXTS = st.text(st.characters()) | st.just("\ud83d half a pair")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just(10**400),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(TEXTS, each, max_size=3),
    max_leaves=6,
)
Place = tuple[str | int, ...]


@dataclass(frozen=True)
class Answer:
    """A service's answer that a value is bad, and the places of it that say so."""

    kind: str
    tree: object
    needed: tuple[Place, ...]
    values: tuple[str, ...] = (VALUE,)
    send: str = "url_no_query"
    body: Callable[[object], object] = lambda tree: tree

    def sides(self) -> list[Place]:
        """Return the paths of all places that aren't needed, nor hold one that is."""
        return [
            path
            for path in _paths(self.tree)
            if not any(path[: len(needed)] == needed or needed[: len(path)] == path for needed in self.needed)
        ]


def _paths(tree: object, above: Place = ()) -> Iterator[Place]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, below in items:
        yield (*above, key)
        yield from _paths(below, (*above, key))


def _of_meta(tree: dict) -> list[object]:
    first, second = tree["outer"]
    return [{**first, "body": json.dumps(tree["inner"])}, second]


DESCRIPTOR = {"id": "8", "raw_indicator": VALUE, "type": "URI", "status": "MALICIOUS", "confidence": 50}
ATTRIBUTE = {"id": "1", "type": "url", "category": "Network", "Event": {"id": "2", "info": "x"}}
HOST_URLS = [
    {"id": "1", "url": "http://evil.example/x", "url_status": "online", "threat": "t", "tags": ["exe"]}
]
ANSWERS = {
    "vt": Answer(
        "vt",
        {
            "data": {
                "id": "2b",
                "type": "url",
                "attributes": {
                    "last_analysis_stats": {"malicious": 7, "suspicious": 0, "harmless": 1},
                    "categories": {"Webroot": "Phishing"},
                    "reputation": 0,
                    "threat_names": ["x"],
                },
            }
        },
        (("data", "attributes", "last_analysis_stats", "malicious"),),
    ),
    "urlhaus": Answer(
        "urlhaus",
        {
            "query_status": "ok",
            "id": "1",
            "url_status": "online",
            "threat": "malware_download",
            "blacklists": {"spamhaus_dbl": "not listed", "surbl": "listed"},
            "tags": ["emotet"],
            "payloads": [],
            "urls": HOST_URLS,
        },
        (("query_status",), ("url_status",)),
    ),
    "urlhaus of a host": Answer(
        "urlhaus",
        {
            "query_status": "ok",
            "blacklists": {"spamhaus_dbl": "botnet_cc_domain", "surbl": "x"},
            "url_count": "120",
            "urls": HOST_URLS,
        },
        (("query_status",), ("blacklists", "spamhaus_dbl")),
        ("evil.example",),
        "host",
    ),
    "webrisk": Answer(
        "webrisk",
        {
            "threat": {
                "threatTypes": ["MALWARE", "UNWANTED_SOFTWARE"],
                "expireTime": "2019-07-17T15:01:23.0451Z",
            }
        },
        (("threat", "threatTypes", 0),),
    ),
    "misp": Answer(
        "misp",
        {"response": {"Attribute": [{**ATTRIBUTE, "value": VALUE}, {**ATTRIBUTE, "value": OTHER}]}},
        (("response", "Attribute", 0, "type"), ("response", "Attribute", 0, "value")),
        (VALUE, OTHER),
    ),
    "fb": Answer(
        "fb",
        {
            "outer": [{"code": 200, "headers": []}, {"code": 200, "body": "{}"}],
            "inner": {"data": [DESCRIPTOR, {**DESCRIPTOR, "status": "UNKNOWN"}], "paging": {"cursors": {}}},
        },
        (("outer", 0, "code"), ("inner", "data", 0, "status"), ("inner", "data", 0, "raw_indicator")),
        (VALUE, OTHER),
        body=_of_meta,
    ),
    "gti": Answer(
        "gti",
        {"a": [{"rep": 127, "cat": [1010, 1011]}, {"rep": 0}], "v": 1},
        (("a", 0, "rep"),),
        (VALUE, OTHER),
    ),
}


class _Answering:
    """An HTTP client whose every request is answered by this body."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def send(self, *_: object, **__: object) -> ServiceResponse:
        """Return the response."""
        return ServiceResponse(200, self._body)


def _look_up(answer: Answer, tree: object):
    given = {**entry(answer.kind, "https://service.example"), "send": answer.send}
    given |= {"batch": len(answer.values)} if len(answer.values) > 1 else {}
    service = service_class(answer.kind).model_validate(given, context={"environ": {SECRET_ENV: SECRET}})
    return service.look_up(answer.values, _Answering(json.dumps(answer.body(tree)).encode()))


@pytest.mark.parametrize("name", ANSWERS)
@settings(max_examples=60)
@given(data=st.data())
def test_no_side_field_costs_a_verdict_or_a_batch(name, data):
    """Null, another type, half a surrogate pair, an infinite number, or nothing there at all."""
    answer = ANSWERS[name]
    tree = copy.deepcopy(answer.tree)
    *above, last = data.draw(st.sampled_from(answer.sides()))
    parent = tree
    for key in above:
        parent = parent[key]
    if isinstance(parent, dict) and data.draw(st.booleans()):
        del parent[last]
    else:
        parent[last] = data.draw(JSON)
    assert _look_up(answer, tree)[answer.values[0]].risk is Risk.HIGH


def test_all_remote_services_are_tried():
    """The two local ones read files, whose lines stand on their own."""
    assert {answer.kind for answer in ANSWERS.values()} == set(service_names()) - {
        "blocklist",
        "urlhaus_dump",
    }


NO_COUNTS = [-1, True, False, "x", "", None, 0.5, float("nan"), float("inf"), [], {}, "-3"]


@pytest.mark.parametrize("malicious", NO_COUNTS)
@pytest.mark.parametrize("suspicious", [0, 9])
def test_a_number_of_scanners_that_is_none_is_not_believed(malicious, suspicious):
    """Negative, a truth value, a fraction, not a number: no verdict, which isn't "none"."""
    counts = {"malicious": malicious, "suspicious": suspicious}
    with pytest.raises(ServiceError, match="isn't as documented"):
        _look_up(ANSWERS["vt"], {"data": {"attributes": {"last_analysis_stats": counts}}})


@pytest.mark.parametrize(
    ("malicious", "suspicious", "risk"),
    [
        ("4", "0", Risk.HIGH),
        (4.0, 0, Risk.HIGH),
        (10**30, -1, Risk.HIGH),
        (1, None, Risk.MEDIUM),
        (0, 2.0, Risk.MEDIUM),
    ],
)
def test_a_number_of_scanners_may_be_a_text_or_whole_fraction(malicious, suspicious, risk):
    """Enough malicious ones decide, however many suspicious ones there are."""
    counts = {"malicious": malicious, "suspicious": suspicious}
    found = _look_up(ANSWERS["vt"], {"data": {"attributes": {"last_analysis_stats": counts}}})
    assert found[VALUE].risk is risk


def test_no_suspicious_scanners_are_known_without_their_number():
    """No malicious one, and no number of suspicious ones: no verdict."""
    with pytest.raises(ServiceError, match="suspicious"):
        _look_up(ANSWERS["vt"], {"data": {"attributes": {"last_analysis_stats": {"malicious": 0}}}})


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("depth", [300, 100_000])
def test_a_deeply_nested_answer_is_no_verdict(name, depth):
    """It ends as an answer that isn't documented, not in a stack that overflows."""
    for nested in (b"[" * depth, b'{"a":' * depth, b"[" * depth + b"]" * depth):
        answer = ANSWERS[name]
        given = {**entry(answer.kind, "https://service.example"), "send": answer.send}
        service = service_class(answer.kind).model_validate(given, context={"environ": {SECRET_ENV: SECRET}})
        with pytest.raises(ServiceError, match="isn't as documented"):
            service.look_up([VALUE], _Answering(nested))
