"""Apache Spot's own reputation_config.json."""

import copy
import dataclasses
import json
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
from support.reputation_server import Reply, answering

from proxy_oa_assets.enrichment.reputation.client import ReputationClient
from proxy_oa_assets.enrichment.reputation.config import load_reputation
from proxy_oa_assets.model.errors import ReputationConfigError

PASSWORD, APP_SECRET = "the gti password", "the fb secret"
CI = (
    '{"ci":{"cliid":"<cliid>", "prn":"<prn>", "sdkv":"1.0", "pv":"1.0.0", "pev":1, "rid":1, "affid":"0"},'
    '"q":[###QUERY###]}'
)
# As it is shipped, the placeholders filled in.
SPOTS = {
    "gti": {
        "server": "gti.example.net",
        "user": "spot",
        "password": PASSWORD,
        "ci": CI,
        "refclient": "restclient",
        "category_file": "gti_catcodes.csv",
    },
    "fb": {"app_id": "555", "app_secret": APP_SECRET},
}


@pytest.fixture
def load(tmp_path):
    """Return a function that writes a file's content and loads it; the program and the codes are there."""
    program = tmp_path / "restclient"
    program.write_text(
        f"#!{sys.executable}\n"
        "import json, sys\n"
        f"json.dump(sys.argv[1:], open({str(tmp_path / 'arguments')!r}, 'w'))\n"
        'print(\'{"a": [{"rep": 60, "cat": [1010]}]}\')\n'
    )
    program.chmod(0o755)
    (tmp_path / "gti_catcodes.csv").write_text("1010,Malicious Sites,Risk\n")

    def written(content):
        path = tmp_path / "reputation_config.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return load_reputation(path, {})

    return written


def _changed(kind, **settings):
    """Return Spot's file with settings changed; None takes one away."""
    content = copy.deepcopy(SPOTS)
    content[kind] = {name: value for name, value in (content[kind] | settings).items() if value is not None}
    return content


def test_spot_s_file_is_read_as_it_is_with_a_warning(load):
    """Both services, in its order; the warning says where secrets belong."""
    found = load(SPOTS)
    assert [service.name for service in found.services] == ["gti", "fb"]
    (warning,) = found.warnings
    assert "put these into the environment" in warning
    assert PASSWORD not in repr(found)
    assert APP_SECRET not in repr(found)


def test_spot_s_file_asks_as_spot_did(load, tmp_path):
    """The client gets server, user, password and `ci`; ThreatExchange the app's token."""

    def respond(asked):
        (operation,) = json.loads(asked.form["batch"])
        (text,) = parse_qs(urlsplit(operation["relative_url"]).query)["text"]
        data = [{"status": "MALICIOUS", "raw_indicator": text}]
        return Reply([{"code": 200, "body": json.dumps({"data": data})}])

    found = load(SPOTS)
    with answering(respond) as server:
        # Spot's file has no address: it is Meta's.
        gti, fb = found.services
        found = dataclasses.replace(found, services=[gti, fb.model_copy(update={"url": server.url})])
        uri_rep = ReputationClient(found, tmp_path / "state").look_up(["evil.example/a?b"]).uri_rep
    assert uri_rep == {"evil.example/a?b": "gti:High:3:Malicious Sites|Risk::fb:MALICIOUS:3"}
    arguments = json.loads((tmp_path / "arguments").read_text())
    query = arguments.pop(3)
    assert arguments == ["-s", "gti.example.net", "-q", "-i", "spot", "-p", PASSWORD, "-t"]
    assert json.loads(query) == json.loads(
        CI.replace("###QUERY###", '{"op": "url", "url": "http://evil.example/a"}')
    )
    assert server.asked[0].form["access_token"] == f"555|{APP_SECRET}"


@pytest.mark.parametrize("kind", ["gti", "fb"])
def test_one_of_the_services_is_enough(load, kind):
    """A site that uses one has only that in its file."""
    assert [service.name for service in load({kind: SPOTS[kind]}).services] == [kind]


def test_the_category_file_may_be_left_out(load, tmp_path):
    """Then there are no categories."""
    for missing in (None, ""):
        found = load({"gti": _changed("gti", category_file=missing)["gti"]})
        uri_rep = ReputationClient(found, tmp_path / f"state{missing}").look_up(["evil.example/"]).uri_rep
        assert uri_rep == {"evil.example/": "gti:High:3"}


@pytest.mark.parametrize("value", [None, "", 3, ["x"]])
@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        *[("gti", setting) for setting in ("server", "user", "password", "ci", "refclient")],
        *[("fb", setting) for setting in ("app_id", "app_secret")],
    ],
)
def test_a_setting_that_is_missing_is_named(load, kind, setting, value):
    """By Spot's own names, with the file; no secret of the rest is repeated."""
    with pytest.raises(
        ReputationConfigError, match=rf"reputation_config.json: {kind}\.{setting} is missing"
    ) as caught:
        load(_changed(kind, **{setting: value}))
    _assert_reveals_no_secret(caught.value)


@pytest.mark.parametrize(
    ("kind", "changed", "named"),
    [
        (
            "gti",
            {"refclient": "<refclient location>"},
            r"gti\.restclient: there is no file .*<refclient location>",
        ),
        ("gti", {"refclient": "gti_catcodes.csv"}, r"gti\.restclient: .*may not be run"),
        ("gti", {"category_file": "none.csv"}, r"gti\.category_file: there is no file .*none.csv"),
        ("gti", {"ci": "<ci>"}, r'gti\.ci is no request with a "ci"'),
        ("gti", {"ci": '{"q":[###QUERY###]}'}, r'gti\.ci is no request with a "ci"'),
        ("gti", {"ci": '{"ci":{},"q":[###QUERY###]}'}, r"gti\.client: "),
        ("fb", {"app_id": "<app_id>"}, r"fb\.app_id: "),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(load, kind, changed, named):
    """Mostly a placeholder that was never filled in."""
    with pytest.raises(ReputationConfigError, match=f"reputation_config.json: {named}") as caught:
        load(_changed(kind, **changed))
    _assert_reveals_no_secret(caught.value)


@pytest.mark.parametrize("content", [{"gti": None}, {"fb": []}, {"gti": "x"}])
def test_a_service_that_is_no_object_is_named(load, content):
    """It lacks what is asked for first."""
    with pytest.raises(ReputationConfigError, match=r"(gti\.server|fb\.app_id) is missing"):
        load(content)


def _assert_reveals_no_secret(error):
    while error:
        assert PASSWORD not in repr(error)
        assert APP_SECRET not in repr(error)
        error = error.__cause__ or error.__context__
