"""A day's notebooks: copies of the templates that never overwrite an analyst's work."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from proxy_oa_assets.investigation.notebook.cells import digest_of_cells
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import TemplateError
from proxy_oa_assets.model.files import read_bytes, replace_if_other, replacing
from proxy_oa_assets.model.text_file import parse_nested

_SUFFIX = "_master.ipynb"
_OLDEST_FORMAT = 3
_DAY, _HOME = "@proxy-oa day@", "@proxy-oa home@"


@dataclass(frozen=True)
class Copies:
    """Names of the notebooks that equal their templates, and of edited ones that were kept."""

    fresh: list[str]
    kept: list[str]


class _WrittenNotebooks:
    """What was written into a folder, by file name: digests of files, and of their cells.

    A file is edited if it has another digest, and other cells: JupyterLab saves outputs into one that is run.
    """

    def __init__(self, folder: Path) -> None:
        self._record = folder / ".written.json"
        self._digests = _recorded(self._record)

    def may_replace(self, path: Path) -> bool:
        """Return whether a file is missing or unedited."""
        if not path.exists() or self._is_as_written(path):
            return True
        return digest_of_cells(read_bytes(path)) in self._digests.get(path.name, [])

    def was_run(self, path: Path, content: bytes) -> bool:
        """Return whether a file holds the cells of a notebook, and was saved by another program."""
        if not path.exists() or self._is_as_written(path):
            return False
        return digest_of_cells(read_bytes(path)) == digest_of_cells(content)

    def write(self, path: Path, content: bytes) -> None:
        digests = self._digests.setdefault(path.name, [])
        new = [each for each in (_digest(content), digest_of_cells(content)) if each and each not in digests]
        if new:
            # Recorded first: after a kill in between, the file still counts as unedited.
            digests += new
            with replacing(self._record) as file:
                file.write(json.dumps(self._digests, indent=1, sort_keys=True).encode("utf-8"))
        if not self.was_run(path, content):
            # A file with this content stays: JupyterLab asks about an open notebook that was replaced.
            replace_if_other(path, content)

    def _is_as_written(self, path: Path) -> bool:
        return _digest(read_bytes(path)) in self._digests.get(path.name, [])


def copy_templates(templates: Path, folder: Path, day: Day, home: str) -> Copies:
    """Copy each `*_master.ipynb` to `folder` without `_master` in its name, set to its day and home.

    An edited notebook stays; the fresh one is written beside it as `<name>.new.ipynb`. One that was only run
    keeps its outputs until its template changes. Raises TemplateError for a template that isn't a notebook.
    """
    written = _WrittenNotebooks(folder)
    copies = Copies([], [])
    for template in sorted(templates.glob(f"*{_SUFFIX}")):
        name = template.name.removesuffix(_SUFFIX)
        notebook, beside = folder / f"{name}.ipynb", folder / f"{name}.new.ipynb"
        content = _for_day(template, upgraded_templates(folder), day, home)
        if written.may_replace(notebook) or written.was_run(notebook, content):
            copies.fresh.append(notebook.name)
            written.write(notebook, content)
            if beside.exists() and written.may_replace(beside) and not written.was_run(beside, content):
                beside.unlink()
        else:
            copies.kept.append(notebook.name)
            if written.may_replace(beside):
                written.write(beside, content)
    return copies


def upgraded_templates(folder: Path) -> Path:
    """Return the folder that keeps the templates of a day's notebook folder in the current format."""
    return folder.parent / ".templates"


def _for_day(template: Path, upgraded: Path, day: Day, home: str) -> bytes:
    """Return a template in the current notebook format, its cell tagged `parameters` set to day and home.

    `upgraded` is the folder that keeps upgraded templates: importing nbformat takes a quarter of a day's run.
    """
    content = read_bytes(template)
    kept = upgraded / f"{_digest(content)}.ipynb"
    if not kept.is_file():
        notebook = _upgraded(template, content)
        with replacing(kept, durable=True) as file:
            file.write(notebook.encode())
    text = read_bytes(kept).decode("utf-8")
    for placeholder, value in ((_DAY, day.key), (_HOME, home)):
        # Each stands in a JSON string.
        text = text.replace(placeholder, json.dumps(repr(value), ensure_ascii=False)[1:-1])
    return text.encode()


def _upgraded(template: Path, content: bytes) -> str:
    """Return a template in the current notebook format, with placeholders in its cell tagged `parameters`."""
    nbformat = import_module("nbformat")  # its functions are untyped
    try:
        original = nbformat.reader.reads(content.decode("utf-8"))
        version = nbformat.reader.get_version(original)
        _check_format(version[0])
        has_ids = version >= (4, 5)
        notebook = nbformat.v4.upgrade(nbformat.convert(original, 4))
        _set_ids(notebook.cells, keep=has_ids)
        for cell in notebook.cells:
            if "parameters" in cell.metadata.get("tags", []):
                cell.source = f"DAY = {_DAY}\nHOME = {_HOME}"
        nbformat.validate(notebook)
        return f"{nbformat.writes(notebook)}\n"
    # For JSON that is no notebook, nbformat raises what its own code runs into.
    except (
        nbformat.ValidationError,
        ValueError,
        AttributeError,
        KeyError,
        TypeError,
        RecursionError,
    ) as error:
        reason = str(error).partition("\n")[0]
        raise TemplateError(
            f"{template} is no Jupyter notebook ({type(error).__name__}: {reason}); repair or remove it"
        ) from error


def _check_format(major: int) -> None:
    # nbformat takes a notebook without a number for its first format, in which it repeats or drops cells.
    if major < _OLDEST_FORMAT:
        raise ValueError(f"its nbformat is missing or below {_OLDEST_FORMAT}")


def _set_ids(cells: Iterable[Any], *, keep: bool) -> None:
    """Set each cell's id by its position: nbformat's are random. With `keep`, unique ids stay."""
    used = set[str]()
    for number, cell in enumerate(cells):
        if not keep or cell.get("id") in (None, *used):
            cell.id = f"cell-{number}"
        used.add(cell.id)


def _recorded(record: Path) -> dict[str, list[str]]:
    """Read the digests; without a readable record, every notebook that exists counts as edited."""
    try:
        match parse_nested(json.loads, read_bytes(record).decode("utf-8")):
            case dict(found) if all(map(_is_digests, found.values())):
                return found
    except (FileNotFoundError, ValueError):
        pass
    return {}


def _is_digests(value: object) -> bool:
    # A null would be the digest of every file that is no notebook.
    return isinstance(value, list) and all(isinstance(digest, str) for digest in value)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
