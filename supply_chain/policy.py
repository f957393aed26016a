"""What the project accepts of others' packages and files: `policy.toml`, and the pins."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from packaging.utils import NormalizedName, canonicalize_name

CHECKOUT = Path(__file__).parents[1]
PINS = CHECKOUT / "constraints.txt"
POLICY = CHECKOUT / "supply_chain" / "policy.toml"


@dataclass(frozen=True)
class Bundled:
    """A file of others that the wheel contains."""

    path: Path
    name: str
    version: str
    licence: str
    purl: str | None = None

    @property
    def digest(self) -> str:
        """The SHA-256 of its content, in hex."""
        return sha256(self.path.read_bytes()).hexdigest()


def policy(file: Path = POLICY) -> dict[str, Any]:
    """Return the policy's sections: tables, and lists of tables."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


def bundled_files() -> Iterator[Bundled]:
    """Yield the files of others in the package; where two patterns fit a file, the first one counts."""
    seen = set[Path]()
    for entry in policy()["bundled"]:
        for path in sorted(set(CHECKOUT.glob(entry["path"])) - seen):
            seen.add(path)
            yield Bundled(**{**entry, "path": path})


def pins(file: Path = PINS) -> Mapping[NormalizedName, str]:
    """Return the pinned version of each package, by its canonical name."""
    lines = (line.partition("#")[0].strip() for line in file.read_text(encoding="utf-8").splitlines())
    named = (line.partition("==") for line in lines if line)
    return {canonicalize_name(name): version for name, _, version in named}
