import pytest
from support.reputation_server import Reply

from proxy_oa_assets.enrichment.reputation.config import load_reputation
from proxy_oa_assets.enrichment.reputation.verdict import Status
from proxy_oa_assets.model.errors import ReputationConfigError

KEY = "0123456789abcdef-the-misp-key"
UNVERIFIED = "misp:UNVERIFIED:-1"


def _attribute(kind, value, info="campaign", category="Network activity"):
    return {
        "id": "12345",
        "event_id": "12",
        "category": category,
        "type": kind,
        "value": value,
        "to_ids": True,
        "timestamp": "1617875568",
        "Event": {"id": "12", "info": info},
    }


def _found(*attributes):
    return Reply({"response": {"Attribute": list(attributes)}})


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ([("url", "http://evil.example/a")], "HIGH:3"),
        ([("uri", "HTTP://Evil.Example/a")], "HIGH:3"),
        ([("domain", "evil.example"), ("url", "http://evil.example/a")], "HIGH:3"),
        ([("domain", "evil.example")], "MEDIUM:2"),
        ([("hostname", "Evil.Example")], "MEDIUM:2"),
        ([("url", "http://evil.example/A")], "NONE:0"),
        ([("url", "http://evil.example/ab"), ("domain", "example")], "NONE:0"),
        ([], "NONE:0"),
    ],
)
def test_the_exact_url_is_high_and_its_host_alone_medium(service, attributes, said):
    """Case matters only in a URL's path; MISP's database can ignore it."""
    with service("misp", lambda _: _found(*(_attribute(*each) for each in attributes)), KEY) as asking:
        (answer,) = asking.said("evil.example/a")
    assert answer == f"misp:{said}" + (":Network activity|campaign" if said != "NONE:0" else "")


def test_a_host_s_front_page_is_not_the_host(service):
    """The domain alone doesn't make the URL of its root a listed one."""
    with service("misp", lambda _: _found(_attribute("domain", "evil.example")), KEY) as asking:
        assert asking.said("evil.example/") == ["misp:MEDIUM:2:Network activity|campaign"]


def test_each_event_s_category_is_named_once(service):
    """A URL of several events has several categories; those of its host aren't mixed in."""
    url = "http://evil.example/a"
    attributes = [
        _attribute("url", url),
        _attribute("url", url),
        _attribute("uri", url, "other: one", "Payload delivery"),
        _attribute("domain", "evil.example", "host"),
    ]
    with service("misp", lambda _: _found(*attributes), KEY) as asking:
        assert asking.said("evil.example/a") == [
            "misp:HIGH:3:Network activity|campaign;Payload delivery|other one"
        ]


def test_an_attribute_without_its_event_is_read(service):
    """`Event` may be missing."""
    attribute = _attribute("url", "http://evil.example/a")
    del attribute["Event"]
    with service("misp", lambda _: _found(attribute), KEY) as asking:
        assert asking.said("evil.example/a") == ["misp:HIGH:3:Network activity"]


@pytest.mark.parametrize(
    ("send", "sought"),
    [
        ("url", ["http://evil.example/a?b=c", "evil.example"]),
        ("url_no_query", ["http://evil.example/a", "evil.example"]),
        ("host", ["evil.example"]),
    ],
)
def test_url_and_host_are_searched_in_one_list(service, send, sought):
    """The specification's request; whole URLs may be sent, for MISP is the site's own."""
    with service("misp", lambda _: _found(), KEY, send=send) as asking:
        asking.said("evil.example/a?b=c")
    (asked,) = asking.server.asked
    assert (asked.method, asked.target) == ("POST", "/attributes/restSearch")
    assert asked.json == {
        "returnFormat": "json",
        "value": sought,
        "type": ["url", "uri", "domain", "hostname"],
        "to_ids": True,
        "enforceWarninglist": True,
    }
    assert (asked.headers["Authorization"], asked.headers["Accept"]) == (KEY, "application/json")


def test_a_host_that_is_sent_is_medium_at_most(service):
    """With `send` host, a listed front page isn't the looked-up value."""
    with service("misp", lambda _: _found(_attribute("url", "evil.example")), KEY, send="host") as asking:
        assert asking.said("evil.example/a") == ["misp:MEDIUM:2:Network activity|campaign"]


@pytest.mark.parametrize(("entry", "sizes"), [({}, [200, 200, 50]), ({"batch": 100}, [100] * 4 + [50])])
def test_values_are_looked_up_in_batches(service, entry, sizes):
    """200 values a request, each with its host; each value gets its own verdict."""

    def respond(asked):
        return _found(*(_attribute("url", text) for text in asked.json["value"] if text.endswith("/7")))

    values = [f"host{number % 3}.example/{number}" for number in range(450)]
    with service("misp", respond, KEY, threads=1, **entry) as asking:
        said = asking.said(*values)
    assert [len(asked.json["value"]) - 3 for asked in asking.server.asked] == sizes
    assert [value for value, answer in zip(values, said, strict=True) if answer != "misp:NONE:0"] == [
        "host1.example/7"
    ]


def test_a_wildcard_is_not_searched(service):
    """MISP reads a final % as a wildcard: of such a URL only the host is searched."""
    with service("misp", lambda _: _found(), KEY) as asking:
        assert asking.said("evil.example/%") == ["misp:NONE:0"]
    (asked,) = asking.server.asked
    assert asked.json["value"] == ["evil.example"]


def test_a_wrong_key_ends_the_lookup(service):
    """403: no further request in this run."""
    with service("misp", lambda _: Reply({"message": "no"}, 403), KEY, threads=1, batch=1) as asking:
        found = asking.look_up("a.example/", "b.example/")
    stats = found.stats["misp"]
    assert set(found.uri_rep.values()) == {UNVERIFIED}
    assert (len(asking.server.asked), stats.down) == (1, True)


def test_an_attribute_that_cannot_be_read_costs_no_other_verdict(service):
    """Of 200 attributes one may be broken; it may be that of any value which no other one matches."""
    broken = {**_attribute("url", "http://other.example/a"), "value": None}
    found = _found(_attribute("url", "http://evil.example/a"), broken)
    with service("misp", lambda _: found, KEY) as asking:
        said = asking.said("evil.example/a", "other.example/a")
    assert said == ["misp:HIGH:3:Network activity|campaign", UNVERIFIED]


def test_an_attribute_is_found_in_its_own_form_of_a_host(service):
    """MISP has what people entered: Unicode, upper case, a final dot."""
    with service("misp", lambda _: _found(_attribute("domain", "B\u00fccher.Example.")), KEY) as asking:
        (said,) = asking.said("xn--bcher-kva.example/a")
    assert said.startswith("misp:MEDIUM:2")


@pytest.mark.parametrize("side", [{"category": None}, {"Event": None}, {"Event": {"info": 7}}, {"Event": []}])
def test_a_side_field_of_another_type_costs_no_verdict(service, side):
    """Category and event are what a person reads; the risk doesn't depend on them."""
    attribute = {**_attribute("domain", "evil.example"), **side}
    with service("misp", lambda _: _found(attribute), KEY) as asking:
        (said,) = asking.said("evil.example/a")
    assert said.startswith("misp:MEDIUM:2")


@pytest.mark.parametrize("answer", [{}, {"response": {}}, {"response": {"Attribute": [{"type": "url"}]}}, []])
def test_an_undocumented_response_is_no_verdict(service, answer):
    """-1, a failure; it doesn't count as a miss."""
    with service("misp", lambda _: Reply(answer), KEY) as asking:
        found = asking.look_up("evil.example/a")
    assert found.uri_rep == {"evil.example/a": UNVERIFIED}
    assert found.stats["misp"].statuses == {Status.FAILED: 1}


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ("", r"services\[0\]\.url: "),
        ('url = "http://misp.example"', r"services\[0\]\.url: plain http"),
        ('url = "https://misp.example"\nbatch = 201', r"services\[0\]\.batch: "),
        ('url = "https://misp.example"\nca_cert = "none.pem"', r"services\[0\]\.ca_cert: there is no file"),
    ],
)
def test_a_setting_that_cannot_be_is_named(tmp_path, settings, named):
    """The address has no default, and plain http is for this machine alone."""
    file = tmp_path / "reputation.toml"
    file.write_text(f'[[services]]\nservice = "misp"\nkey_env = "MISP_KEY"\n{settings}\n')
    with pytest.raises(ReputationConfigError, match=named):
        load_reputation(file, {"MISP_KEY": KEY})
