import json
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply_chain.policy import CHECKOUT, bundled_files, pins
from supply_chain.sbom import SBOM, made, problem

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def text() -> str:
    return SBOM.read_text(encoding="utf-8")


def test_the_bill_is_valid_cyclonedx(text: str) -> None:
    """By the schema of the version that it names; a component without a name isn't."""
    broken = json.loads(text)
    del broken["components"][0]["name"]

    assert problem(text) is None
    assert problem(json.dumps(broken)) is not None


def test_the_bill_has_each_dependency_at_its_pin(text: str) -> None:
    """It is that of this version; make sbom writes it again."""
    bill = json.loads(text)
    packages = {
        canonicalize_name(each["name"]): each["version"]
        for each in bill["components"]
        if each.get("purl", "").startswith("pkg:pypi/")
    }

    assert bill["metadata"]["component"]["version"] == PROJECT["version"]
    assert {canonicalize_name(Requirement(each).name) for each in PROJECT["dependencies"]} <= packages.keys()
    assert packages.items() <= dict(pins()).items()
    assert not packages.keys() & {"pytest", "jupyterlab", "pip-audit"}


def test_the_bill_has_the_bundled_files_with_their_digests(text: str) -> None:
    """Cytoscape.js among them, under npm's name."""
    digests = {
        each["bom-ref"]: each["hashes"][0]["content"]
        for each in json.loads(text)["components"]
        if "hashes" in each
    }

    assert digests == {str(each.path.relative_to(CHECKOUT)): each.digest for each in bundled_files()}
    assert '"pkg:npm/cytoscape@3.35.0"' in text


def test_every_dependency_of_the_bill_leads_to_a_component(text: str) -> None:
    """Its graph has no reference to what it lacks, and reaches all that it has."""
    bill = json.loads(text)
    references = {each["bom-ref"] for each in bill["components"]}
    reached = {ref for each in bill["dependencies"] for ref in each["dependsOn"]}

    assert reached == references


def test_the_bill_made_here_names_no_path_of_this_machine() -> None:
    """Nor where packages were installed from, nor when."""
    made_here = json.dumps(made())

    assert str(CHECKOUT) not in made_here
    assert "site-packages" not in made_here
    assert "://" not in made_here.replace("http://cyclonedx.org/schema", "")
