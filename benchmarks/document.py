"""Write measured figures into a document, between marks that name what writes them."""

import os
import platform
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def write_measured(document: Path, section: str, text: str) -> None:
    """Replace a document's section of measured figures with Markdown text.

    The section stands between `<!-- measured: SECTION -->` and `<!-- end: SECTION -->`, each on its own line.
    Raises ValueError if the document lacks it.
    """
    before = document.read_text(encoding="utf-8")
    name = re.escape(section)
    marks = re.compile(rf"(<!-- measured: {name} -->\n).*?(<!-- end: {name} -->)", re.DOTALL)
    after, found = marks.subn(lambda match: f"{match[1]}\n{text.strip()}\n\n{match[2]}", before)
    if found != 1:
        raise ValueError(f"{document} has {found} sections {section!r}; it needs one, between its marks")
    document.write_text(after, encoding="utf-8")


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)


def machine(*packages: str) -> str:
    """Return a line with the machine's processors, memory, system and Python, and the packages' versions."""
    gigabytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return (
        f"{os.cpu_count()} processors ({platform.machine()}), {gigabytes:.0f} GB of memory, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}; {versions}."
    )
