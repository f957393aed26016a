import json

import pytest

from proxy_oa_assets.enrichment.reputation.config import load_reputation
from proxy_oa_assets.enrichment.reputation.verdict import encode
from proxy_oa_assets.model.errors import ReputationConfigError


@pytest.fixture
def load(tmp_path):
    """Return a function that writes a reputation file (JSON of an object, or a text) and loads it."""
    (tmp_path / "domains.txt").write_text("evil.example\n")
    (tmp_path / "urls.txt").write_text("http://other.example/a\n")

    def written(content, name="reputation.json"):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return load_reputation(path, {}).services

    return written


def _entry(**changed):
    """Return a service with one list, some settings of the list changed; None removes one."""
    one = {"path": "domains.txt", "kind": "domains"} | changed
    return {
        "service": "blocklist",
        "lists": [{key: value for key, value in one.items() if value is not None}],
    }


def _services(*entries):
    return {"services": list(entries)}


TOML = """
[[services]]
service = "blocklist"

[[services.lists]]
path = "domains.txt"   # relative to this file
kind = "domains"
name = "maltrail"

[[services]]
service = "blocklist"
name = "own"

[[services.lists]]
path = "urls.txt"
kind = "urls"
severity = 2
"""


def test_a_toml_file_gives_the_services_in_its_order(load):
    """Two services, their lists beside the file, the defaults where nothing is said."""
    services = load(TOML, "reputation.toml")
    assert [service.name for service in services] == ["blocklist", "own"]
    values = ["evil.example/", "other.example/a"]
    answers = [service.look_up(values) for service in services]
    assert [encode(answer[value] for answer in answers) for value in values] == [
        "blocklist:HIGH:3:maltrail::own:NONE:0",
        "blocklist:NONE:0::own:MEDIUM:2:urls",
    ]


def test_json_gives_the_same_as_toml(load):
    """The same content as JSON gives the same services."""
    second = _entry(path="urls.txt", kind="urls", severity=2) | {"name": "own"}
    services = load(_services(_entry(name="maltrail"), second))
    assert [service.describe() for service in services] == [
        service.describe() for service in load(TOML, "reputation.toml")
    ]


def test_an_empty_list_of_services_is_valid(load):
    """An empty list of services is valid: no lookups."""
    assert load(_services()) == []


def test_an_absolute_path_and_a_home_folder_are_followed(load, tmp_path, monkeypatch):
    """A list may stand elsewhere."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for path in (str(tmp_path / "domains.txt"), "~/domains.txt"):
        (service,) = load(_services(_entry(path=path)))
        assert service.describe() == "1 domains of domains"


WRONG_SERVICES = [
    (None, r"services\[1\]: .*dict"),
    ("blocklist", r"services\[1\]: .*dict"),
    ({}, r"services\[1\]\.service is None"),
    ({"service": "virustotall"}, r"services\[1\]\.service: 'virustotall' is no service.*blocklist"),
    ({"service": 3}, r"services\[1\]\.service is 3"),
    ({"service": ["blocklist"]}, r"services\[1\]\.service is \['blocklist'\]"),
    ({"service": {}}, r"services\[1\]\.service is \{\}"),
    ({"service": "blocklist"}, r"services\[1\]\.lists"),
    ({"service": "blocklist", "lists": []}, r"services\[1\]\.lists"),
    ({"service": "blocklist", "lists": {}}, r"services\[1\]\.lists"),
    ({"service": "blocklist", "lists": "domains.txt"}, r"services\[1\]\.lists"),
    ({"service": "blocklist", "lists": ["domains.txt"]}, r"services\[1\]\.lists\[0\]"),
    (_entry() | {"name": 3}, r"services\[1\]\.name: "),
    (_entry() | {"name": ""}, r"services\[1\]\.name: "),
    (_entry() | {"name": "::"}, r"services\[1\]\.name: it is a text"),
    (_entry() | {"nmae": "x"}, r"services\[1\]\.nmae is no setting"),
    (_entry(), "two services are called 'blocklist'"),
]


@pytest.mark.parametrize(("entry", "named"), WRONG_SERVICES)
def test_a_service_that_cannot_be_used_is_named(load, entry, named):
    """The message has the file, the entry's place and what is wrong with it."""
    with pytest.raises(ReputationConfigError, match=named) as caught:
        load(_services(_entry(), entry))
    assert "reputation.json" in str(caught.value)


WRONG_LISTS = [
    ({"path": None}, "path: "),
    ({"path": 3}, "path: "),
    ({"path": ""}, "path: there is no file"),
    ({"path": "missing.txt"}, "path: there is no file .*missing.txt"),
    ({"path": "."}, "path: there is no file"),
    ({"path": "a\0b"}, "path: there is no file"),
    ({"path": "~no-such-user/list.txt"}, "path"),
    ({"kind": None}, "kind: "),
    ({"kind": "domain"}, "kind: .*'domains' or 'urls'"),
    ({"kind": ["domains"]}, "kind: "),
    ({"name": ""}, "name: it is a text"),
    ({"name": 3}, "name: "),
    ({"severity": -1}, "severity: .*0"),
    ({"severity": 4}, "severity: .*3"),
    ({"severity": "3"}, "severity: .*integer"),
    ({"severity": 2.0}, "severity: .*integer"),
    ({"severity": True}, "severity: .*integer"),
    ({"category": "x"}, "category is no setting"),
]


@pytest.mark.parametrize(("changed", "named"), WRONG_LISTS)
def test_a_list_that_cannot_be_used_is_named(load, changed, named):
    """Each setting of a list is checked, and the message leads to it."""
    with pytest.raises(ReputationConfigError, match=rf"services\[0\]\.lists\[0\]\.{named}"):
        load(_services(_entry(**changed)))


def test_two_entries_with_one_key_need_the_same_limits(tmp_path):
    """A key has one budget; the error names both entries and the setting."""
    path = tmp_path / "reputation.json"
    urls = {"service": "urlhaus", "key_env": "ONE", "per_day": 100}
    hosts = {"service": "urlhaus", "name": "hosts", "key_env": "ONE", "send": "host"}
    path.write_text(json.dumps(_services(urls, hosts)), encoding="utf-8")
    environ = {"ONE": "one", "TWO": "one"}
    with pytest.raises(ReputationConfigError, match=r"'urlhaus' and 'hosts' .*`per_day`"):
        load_reputation(path, environ)
    for right in ({**hosts, "per_day": 100}, {**hosts, "key_env": "TWO"}):
        path.write_text(json.dumps(_services(urls, right)), encoding="utf-8")
        assert len(load_reputation(path, environ).services) == 2


@pytest.mark.parametrize("timeout", [0, float("inf"), float("nan"), 1e300])
def test_a_timeout_that_no_socket_can_have_is_refused(tmp_path, timeout):
    """Before the first request."""
    path = tmp_path / "reputation.json"
    path.write_text(json.dumps(_services({"service": "urlhaus", "key_env": "K", "timeout": timeout})))
    with pytest.raises(ReputationConfigError, match=r"services\[0\]\.timeout: "):
        load_reputation(path, {"K": "k"})


@pytest.mark.parametrize("section", ["internal_suffixes", "allowed_domains"])
@pytest.mark.parametrize(
    "domain", ["*.example.net", "10.0.0.0/8", "8.8.4.4", "https://example.net", "a..b", "", ".", "a b"]
)
def test_a_domain_that_would_match_nothing_is_refused(load, section, domain):
    """Its author expects that nothing of it is sent."""
    content = {"services": [], "privacy": {section: ["example.net", domain]}}
    with pytest.raises(
        ReputationConfigError, match=rf"privacy\.{section}\[1\]: it is no domain; write it as"
    ):
        load(content)


@pytest.mark.parametrize("content", [[], {}, None, 3, "services", {"services": None}, {"services": {}}])
def test_a_file_without_a_list_of_services_is_refused(load, content):
    """The message says how a service begins."""
    with pytest.raises(ReputationConfigError, match=r"reputation\.json: .*services"):
        load(json.dumps(content))


@pytest.mark.parametrize("name", ["reputation.json", "reputation.toml"])
@pytest.mark.parametrize("content", ["{", "services = ", "[[services]", "\ufeff["])
def test_a_text_that_is_no_reputation_file_names_the_file(load, tmp_path, name, content):
    """A typo leads to its file."""
    with pytest.raises(ReputationConfigError, match="can't be read") as caught:
        load(content, name)
    assert str(tmp_path / name) in str(caught.value)


def test_a_file_that_cannot_be_read_names_itself(tmp_path):
    """Missing, a folder, or not UTF-8."""
    latin = tmp_path / "latin.toml"
    latin.write_bytes('name = "\u00fc"'.encode("latin-1"))
    for path in (tmp_path / "missing.toml", tmp_path, latin):
        with pytest.raises(ReputationConfigError, match="can't be read") as caught:
            load_reputation(path, {})
        assert str(path) in str(caught.value)
