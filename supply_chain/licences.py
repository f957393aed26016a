"""Hold the licences of the installed packages, and of the bundled files, to `policy.toml`.

    python -m supply_chain.licences

Fails if a package has a licence that isn't allowed, or none; if NOTICE lacks a bundled file; and if the
package has a file of others that the policy doesn't list.
"""

import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import metadata

from license_expression import ExpressionError, get_spdx_licensing
from packaging.utils import canonicalize_name

from supply_chain.installed import PROJECT, Component, bill_of_materials
from supply_chain.policy import CHECKOUT, bundled_files, pins, policy

# Endings of files that others made; the project's own are TOML, CSS, JavaScript, SVG, HTML and one CSV.
_OF_OTHERS = (".mjs", ".txt", ".gz", ".woff", ".woff2", ".wasm", ".so", ".jar", ".dat", ".min.js", ".min.css")


_spdx = cache(get_spdx_licensing)


def is_allowed(licence: str) -> bool:
    """Return whether an SPDX expression can be met with allowed licences: all of an AND, one of an OR.

    Raises license_expression.ExpressionError for text that is no such expression.
    """
    licensing = _spdx()
    expression = licensing.parse(licence, validate=True)
    allowed = set(policy()["licences"]["allowed"])
    values = {
        symbol: licensing.TRUE if symbol.key in allowed else licensing.FALSE
        for symbol in licensing.license_symbols(expression)
    }
    return bool(expression.subs(values).simplify() == licensing.TRUE)


def licences(component: Component) -> list[str]:
    """Return a component's licences: SPDX expressions, or words of its metadata that are none."""
    section = policy()["licences"]
    declared = []
    for entry in component.get("licenses", ()):
        licence = entry.get("license", {})
        name = licence.get("name", "")
        declared.append(
            entry.get("expression") or licence.get("id") or section["classifiers"].get(name, name)
        )
    texts = [text.strip() for text in metadata(component["name"]).get_all("License") or ()]
    return declared or [section["texts"].get(text, text) for text in texts if text]


def problems(components: Sequence[Component]) -> Iterator[str]:
    """Yield a line for each component whose licence isn't allowed, unless it is an exception."""
    exceptions = {canonicalize_name(name) for name in policy()["licences"]["exceptions"]}
    for component in components:
        if canonicalize_name(component["name"]) in exceptions:
            continue
        found = licences(component)
        try:
            allowed = bool(found) and all(map(is_allowed, found))
        except ExpressionError:
            allowed = False
        if not allowed:
            yield (
                f"{component['name']} {component['version']}: {', '.join(found) or 'no licence'}; "
                f"choose another package, or enter it in supply_chain/policy.toml with the reason"
            )


def bundled_problems() -> Iterator[str]:
    """Yield a line for each bundled file that NOTICE lacks, and for each file of others that isn't listed."""
    notice = (CHECKOUT / "NOTICE").read_text(encoding="utf-8")
    bundled = {each.path: each for each in bundled_files()}
    for path, each in bundled.items():
        relative = path.relative_to(CHECKOUT)
        if str(relative) not in notice and f"{relative.parent}/*{''.join(path.suffixes)}" not in notice:
            yield f"{relative}: NOTICE doesn't name it ({each.name}, {each.licence})"
        if not is_allowed(each.licence):
            yield f"{relative}: {each.licence} isn't among the allowed licences"
    for path in (CHECKOUT / "proxy_oa_assets").rglob("*"):
        if path.name.endswith(_OF_OTHERS) and path not in bundled:
            where = path.relative_to(CHECKOUT)
            yield f"{where}: a file of others; enter it in supply_chain/policy.toml and in NOTICE"


def main() -> int:
    """Print what doesn't hold, or how much does; return the exit code."""
    components = [each for each in bill_of_materials()["components"] if each["name"] != PROJECT]
    found = [*problems(components), *bundled_problems()]
    for line in found:
        print(line, file=sys.stderr)
    installed = {canonicalize_name(each["name"]) for each in components}
    absent = sorted(pins().keys() - installed)
    print(
        f"licences of {len(components)} packages and {len([*bundled_files()])} bundled files: "
        f"{len(found)} to settle"
        + (f"; not installed here, and so not checked: {', '.join(absent)}" if absent else "")
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
