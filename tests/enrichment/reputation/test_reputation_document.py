"""docs/reputation.md is in step with the code: its settings, its file, its example of a service."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined
from support.distribution import installed
from support.reputation_server import Reply, answering

from proxy_oa_assets.enrichment.reputation.client import ReputationClient
from proxy_oa_assets.enrichment.reputation.config import _File, load_reputation
from proxy_oa_assets.enrichment.reputation.registry import service_class, service_names
from proxy_oa_assets.enrichment.reputation.service import LocalService, RemoteService, ReputationService
from proxy_oa_assets.enrichment.reputation.services.blocklist import BlockedList

DOCUMENT = (Path(__file__).parents[3] / "docs" / "reputation.md").read_text(encoding="utf-8")
# What the document's file names, by the settings that name files.
FILES = ("path", "ca_cert", "client_cert", "restclient", "category_file")
FILES_OF_FILES = {"category_file": "code,name,group\n1010,Malicious Sites,Risk\n"}


def _section(heading: str) -> str:
    """Return what stands below a heading, up to the next one of any level."""
    _, found, rest = DOCUMENT.partition(f"\n{heading}")
    assert found, f"the document has no {heading}"
    return re.split(r"\n#+ ", rest)[0]


def _tables(text: str) -> Iterator[dict[str, str]]:
    """Yield each of a text's tables of settings: setting -> default."""
    for table in re.findall(r"\| setting \| default \| meaning \|\n.*\n((?:\|.*\n)+)", text):
        rows = [
            [cell.strip().strip("`") for cell in line.strip("|").split("|")] for line in table.splitlines()
        ]
        yield {row[0]: row[1] for row in rows}


def _blocks(language: str) -> list[str]:
    """Return the document's code in a language, in its order."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def _defaults(model: type, names: set[str]) -> dict[str, str]:
    """Return settings as the document writes them: setting -> default."""
    found = {}
    for name in names:
        default = model.model_fields[name].default
        if default is PydanticUndefined:
            found[name] = "required"
        else:
            found[name] = "none" if default is None else json.dumps(default)
    return found


def _own_settings(kind: str) -> set[str]:
    """Return the settings that a service has, or has other defaults for, than all have."""
    service = service_class(kind)
    shared = {*RemoteService.__mro__, *LocalService.__mro__}
    own = {name for each in service.__mro__ if each not in shared for name in each.__annotations__}
    return own & set(service.model_fields)


@pytest.mark.parametrize("kind", service_names())
def test_each_service_s_settings_are_documented(kind):
    """Each setting with its default, and none that isn't there."""
    assert list(_tables(_section(f"### `{kind}`"))) == [_defaults(service_class(kind), _own_settings(kind))]


def test_the_settings_of_all_services_are_documented():
    """Those of every service, and those of every remote service."""
    for_all, for_remote = _tables(_section("## Settings"))
    assert set(for_all) == set(ReputationService.model_fields)
    remote = set(RemoteService.model_fields) - set(ReputationService.model_fields)
    assert for_remote == _defaults(RemoteService, remote)
    assert set(LocalService.model_fields) == set(ReputationService.model_fields)


def test_the_settings_of_a_list_are_documented():
    """A name that is left out is the file's."""
    (documented,) = _tables(_section("#### `lists`"))
    expected = _defaults(BlockedList, set(BlockedList.model_fields))
    assert documented == expected | {"name": "the file's name"}


def test_the_file_s_sections_are_documented():
    """Privacy and the cache; the services are the sections after it."""
    rows = re.findall(r"\| `(\w+)` \| `(\w+)` \| `(.*?)` \|", _section("## What is sent"))
    sections = {name: field.default for name, field in _File.model_fields.items() if name != "services"}
    assert {(section, name, default) for section, name, default in rows} == {
        (section, name, json.dumps(default))
        for section, model in sections.items()
        for name, default in model.model_dump().items()
    }


def _write_files(content: object, folder: Path) -> None:
    """Write what a reputation file names."""
    if isinstance(content, list):
        for each in content:
            _write_files(each, folder)
    elif isinstance(content, dict):
        for key, value in content.items():
            if key in FILES:
                (folder / value).parent.mkdir(exist_ok=True)
                (folder / value).write_text(FILES_OF_FILES.get(key, "evil.example\n"))
                (folder / value).chmod(0o755)
            else:
                _write_files(value, folder)


def test_the_file_of_the_document_is_one(tmp_path):
    """It has every service that there is, and is read without a warning."""
    text = _blocks("toml")[0]
    path = tmp_path / "reputation.toml"
    path.write_text(text)
    _write_files(tomllib.loads(text), tmp_path)
    configured = load_reputation(path, dict.fromkeys(re.findall(r'_env = "(\w+)"', text), "the-secret"))
    assert {service.service for service in configured.services} == set(service_names())
    assert configured.warnings == ()
    assert configured.privacy.internal_suffixes == ("example.net",)
    assert configured.privacy.allowed_domains == ("partner.example.com",)


@pytest.fixture
def own_service(tmp_path):
    """Install the document's service."""
    (code,) = _blocks("python")
    project = tomllib.loads(_blocks("toml")[1])["project"]
    with installed(tmp_path / "site-packages", "soc_scores", code, project["entry-points"]):
        yield


@pytest.mark.usefixtures("own_service")
def test_the_document_s_own_service_answers_once_it_is_installed(tmp_path):
    """It is configured in the same file as any other; the document's code is complete."""
    scores = {"http://evil.example/a": 95, "http://odd.example/": 20, "http://fine.example/": 0}

    def respond(asked):
        return Reply({"score": scores[dict(asked.query)["url"]], "families": ["kit"]})

    with answering(respond) as server:
        path = tmp_path / "reputation.toml"
        path.write_text(_blocks("toml")[2].replace("https://scores.example.net", server.url))
        configured = load_reputation(path, {"SOC_SCORES_KEY": "the-key"})
        client = ReputationClient(configured, tmp_path / "state")
        found = client.look_up(["evil.example/a?secret=1", "odd.example/", "fine.example/", "printer.local/"])
    assert list(found.uri_rep.values()) == [
        "soc_scores:HIGH:3:kit",
        "soc_scores:MEDIUM:2:kit",
        "soc_scores:NONE:0:kit",
        "soc_scores:UNVERIFIED:-1",
    ]
    assert {asked.headers["Authorization"] for asked in server.asked} == {"Bearer the-key"}
    assert len(server.asked) == 3


def test_the_example_is_about_thirty_lines():
    """A plugin has only to request and to read the response."""
    (code,) = _blocks("python")
    assert len(code.splitlines()) <= 35
