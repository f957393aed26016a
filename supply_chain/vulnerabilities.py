"""Look the pinned packages up in the advisories of OSV, by pip-audit.

    python -m supply_chain.vulnerabilities [--unreachable warn] [--osv-url URL]

Exit codes: 0 no known vulnerability, 1 one that `policy.toml` doesn't accept, or an acceptance that has
expired, 3 not audited. With `--unreachable warn` it is 0 instead of 3 if the advisories can't be reached,
after the line NOT AUDITED.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from supply_chain.policy import PINS, POLICY, policy

_NOT_AUDITED = 3
# How the last line of pip-audit's errors begins if nothing answers, or a proxy in OSV's place.
_NO_ROUTE = (
    "requests.exceptions.",
    "pip_audit._service.interface.",
    "ERROR:pip_audit._cli:Tip: your network may be blocking this service",
)


class NotAuditedError(Exception):
    """The pins can't be audited, or the advisories don't cover one; the message says why."""


class UnreachableError(NotAuditedError):
    """The advisories can't be reached."""


def found_in(pins: Path, osv_url: str | None) -> list[dict[str, Any]]:
    """Return the pinned packages with what pip-audit knows of each. Raises NotAuditedError."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(pins), "--no-deps", "--disable-pip"]
    command += ["--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off"]
    if osv_url:
        command += ["--osv-url", osv_url]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError as error:
        last = done.stderr.strip().splitlines()[-1:] or [f"pip-audit ended with {done.returncode}"]
        failure = UnreachableError if last[0].startswith(_NO_ROUTE) else NotAuditedError
        raise failure(last[0]) from error
    if skipped := [package["skip_reason"] for package in packages if "skip_reason" in package]:
        raise NotAuditedError("; ".join(skipped))
    return packages


def unaccepted(
    packages: Iterable[dict[str, Any]], accepted: Sequence[dict[str, Any]], today: date
) -> Iterator[str]:
    """Yield a line for each advisory that isn't accepted today, and for each acceptance that has expired."""
    for entry in accepted:
        if entry["until"] < today:
            yield f"{entry['id']} of {entry['package']} was accepted until {entry['until']}: look at it again"
    standing = {(entry["package"], entry["id"]) for entry in accepted}
    for package in packages:
        for advisory in package["vulns"]:
            names = {advisory["id"], *advisory["aliases"]}
            if not any((package["name"], name) in standing for name in names):
                fixed = ", ".join(advisory["fix_versions"]) or "no version"
                yield f"{package['name']} {package['version']}: {advisory['id']}, fixed in {fixed}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the vulnerabilities found; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m supply_chain.vulnerabilities")
    parser.add_argument("--unreachable", choices=("fail", "warn"), default="fail")
    parser.add_argument("--osv-url")
    parser.add_argument("--pins", type=Path, default=PINS)
    parser.add_argument("--policy", type=Path, default=POLICY)
    options = parser.parse_args(arguments)
    try:
        packages = found_in(options.pins, options.osv_url)
    except NotAuditedError as error:
        print(f"NOT AUDITED: the advisories of {options.pins.name} weren't read: {error}", file=sys.stderr)
        permitted = options.unreachable == "warn" and isinstance(error, UnreachableError)
        return 0 if permitted else _NOT_AUDITED
    accepted = policy(options.policy).get("vulnerabilities", {}).get("accepted", [])
    found = [*unaccepted(packages, accepted, datetime.now(UTC).date())]
    for line in found:
        print(line, file=sys.stderr)
    print(f"advisories of {len(packages)} packages: {len(found)} to settle, {len(accepted)} accepted")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
