"""Notebooks for a day, copied from the templates without ever losing an analyst's work."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import replace_if_other, replacing

_SUFFIX = "_master.ipynb"


@dataclass(frozen=True)
class Copies:
    """Names of the notebooks that are as the templates, and of edited ones that were kept."""

    fresh: list[str]
    kept: list[str]


def copy_templates(templates: Path, folder: Path, day: Day, home: str) -> Copies:
    """Copy each `*_master.ipynb` to `folder` without `_master` in its name, set to its day and home.

    An edited notebook stays; the fresh one is written beside it as `<name>.new.ipynb`.
    """
    written = _Written(folder)
    copies = Copies([], [])
    for template in sorted(templates.glob(f"*{_SUFFIX}")):
        name = template.name.removesuffix(_SUFFIX)
        notebook, beside = folder / f"{name}.ipynb", folder / f"{name}.new.ipynb"
        content = _for_day(template, day, home)
        if written.is_ours(notebook) or notebook.read_bytes() == content:
            copies.fresh.append(notebook.name)
            written.write(notebook, content)
            if beside.exists() and written.is_ours(beside):
                beside.unlink()
        else:
            copies.kept.append(notebook.name)
            if written.is_ours(beside):
                written.write(beside, content)
    return copies


class _Written:
    """Digests of all that we wrote into a folder, by file name; what differs from each of them was edited."""

    def __init__(self, folder: Path) -> None:
        self._record = folder / ".written.json"
        self._digests = _recorded(self._record)

    def is_ours(self, path: Path) -> bool:
        """Return whether a file may be replaced: there is none, or it is as we wrote it."""
        return not path.exists() or _digest(path.read_bytes()) in self._digests.get(path.name, [])

    def write(self, path: Path, content: bytes) -> None:
        digests = self._digests.setdefault(path.name, [])
        if _digest(content) not in digests:
            # Noted first: if we are killed in between, the file still counts as ours.
            digests.append(_digest(content))
            with replacing(self._record) as file:
                file.write(json.dumps(self._digests, indent=1, sort_keys=True).encode("utf-8"))
        # What is there already stays: JupyterLab, where it is open, would ask whether to take the other one.
        replace_if_other(path, content)


def _recorded(record: Path) -> dict[str, list[str]]:
    """Read the digests; a record that a power cut or an editor broke is as none: every notebook stays."""
    try:
        match json.loads(record.read_text(encoding="utf-8")):
            case dict(found) if all(isinstance(digests, list) for digests in found.values()):
                return found
    except (FileNotFoundError, ValueError):
        pass
    return {}


def _for_day(template: Path, day: Day, home: str) -> bytes:
    """Return a template with its cell tagged `parameters` set to the day and the home.

    A notebook is JSON. nbformat would validate it, too, which a test does with the templates; loading its
    schemas takes longer than all the rest of a small day.
    """
    notebook = json.loads(template.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            cell["source"] = [f"DAY = {day.key!r}\n", f"HOME = {home!r}"]
    return (json.dumps(notebook, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode("utf-8")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
