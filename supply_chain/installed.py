"""What is installed beside the project: its packages' metadata, and what requires what."""

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import requires
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from supply_chain.policy import CHECKOUT

PROJECT = "proxy-oa-assets"
Component = dict[str, Any]


def bill_of_materials() -> dict[str, Any]:
    """Return CycloneDX's bill of the environment that runs this, with the project as its subject."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--no-validate", "--output-reproducible"]
    command += ["--mc-type", "library", "--pyproject", str(CHECKOUT / "pyproject.toml"), sys.executable]
    done = subprocess.run(command, check=True, capture_output=True)
    bill: dict[str, Any] = json.loads(done.stdout)
    return bill


def required(requirements: Iterable[str]) -> Mapping[NormalizedName, set[NormalizedName]]:
    """Return which packages these requirements install here, each with those that it requires itself.

    Names are canonical. Raises importlib.metadata.PackageNotFoundError for one that isn't installed.
    """
    found: dict[tuple[NormalizedName, str], set[NormalizedName]] = {}
    waiting = [*map(Requirement, requirements)]
    while waiting:
        requirement = waiting.pop()
        for extra in ("", *requirement.extras):
            key = (canonicalize_name(requirement.name), extra)
            if key in found:
                continue
            below = [
                each
                for each in map(Requirement, requires(requirement.name) or ())
                if each.marker is None or each.marker.evaluate({"extra": extra})
            ]
            found[key] = {canonicalize_name(each.name) for each in below}
            waiting += below
    names = {name for name, _ in found}
    return {name: set().union(*(below for (of, _), below in found.items() if of == name)) for name in names}
