"""Write the wheel's software bill of materials: CycloneDX, of its declared dependencies as pinned.

    python -m supply_chain.sbom

The build puts `proxy-oa-assets.cdx.json` into the wheel's `.dist-info/sboms/` (PEP 770). Optional packages
(extras) aren't in it; the bundled files of others are.
"""

import json
import sys
import tomllib
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply_chain.installed import Component, bill_of_materials, required
from supply_chain.licences import licences
from supply_chain.policy import CHECKOUT, Bundled, bundled_files, pins

SBOM = CHECKOUT / "proxy-oa-assets.cdx.json"


class UnpinnedError(Exception):
    """An installed package isn't the pinned one; the message names both versions."""


def _package(component: Component) -> Component:
    kept = {key: component[key] for key in ("bom-ref", "name", "purl", "type", "version")}
    declared = [f"({each})" if " " in each else each for each in dict.fromkeys(licences(component))]
    return {**kept, "licenses": [{"expression": " AND ".join(declared)}]}


def _file(bundled: Bundled) -> Component:
    path = str(bundled.path.relative_to(CHECKOUT))
    return {
        "bom-ref": path,
        "type": "library" if bundled.purl else "data",
        "name": bundled.name,
        "version": bundled.version,
        **({"purl": bundled.purl} if bundled.purl else {}),
        "licenses": [{"license": {"id": bundled.licence}}],
        "hashes": [{"alg": "SHA-256", "content": bundled.digest}],
        "evidence": {"occurrences": [{"location": path}]},
    }


def made() -> dict[str, Any]:
    """Return the bill. Raises UnpinnedError if an installed package isn't the pinned one."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    direct = {canonicalize_name(Requirement(each).name) for each in project["dependencies"]}
    graph, pinned, bill = required(project["dependencies"]), pins(), bill_of_materials()
    packages = {
        canonicalize_name(each["name"]): _package(each) for each in bill["components"] if "purl" in each
    }
    for name in graph:
        if (version := packages[name]["version"]) != pinned.get(name):
            raise UnpinnedError(
                f"{name} {version} is installed, and {pinned.get(name)} pinned: install the pins"
            )
    files = [_file(each) for each in bundled_files()]
    root = bill["metadata"]["component"]
    below = [(root["bom-ref"], direct), *((packages[name]["bom-ref"], graph[name]) for name in sorted(graph))]
    depends = {ref: sorted(packages[name]["bom-ref"] for name in names) for ref, names in below}
    depends[root["bom-ref"]] += [each["bom-ref"] for each in files]
    return {
        **{key: bill[key] for key in ("$schema", "bomFormat", "specVersion", "version")},
        "metadata": {"component": root},
        "components": [*(packages[name] for name in sorted(graph)), *files],
        "dependencies": [{"ref": ref, "dependsOn": refs} for ref, refs in depends.items()],
    }


def problem(text: str) -> str | None:
    """Return why a text is no valid CycloneDX bill; None if it is one."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    return None if found is None else str(found)


def main() -> int:
    """Write the bill, if it is valid; return the exit code."""
    bill = made()
    text = json.dumps(bill, indent=1, ensure_ascii=False) + "\n"
    if found := problem(text):
        print(found, file=sys.stderr)
        return 1
    SBOM.write_text(text, encoding="utf-8")
    print(f"{SBOM.name}: {len(bill['components'])} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
