"""What an analyst writes into a notebook, apart from what programs add when they run and save it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from proxy_oa_assets.model.text_file import parse_nested

# Metadata that JupyterLab, Jupyter Notebook and VS Code write when a notebook is opened, run or scrolled.
_OF_PROGRAMS = {
    *("kernelspec", "language_info", "widgets", "signature", "trusted", "orig_nbformat", "vscode"),
    *("execution", "ExecuteTime", "collapsed", "scrolled", "jupyter", "id"),
}
# What JupyterLab's property inspector writes for a cell that is as every cell.
_DEFAULTS: tuple[object, ...] = ([], {}, "", None, {"slide_type": ""})


def digest_of_cells(content: bytes) -> str | None:
    """Return a digest of a notebook's cells: kind, source, attachments and metadata; None if it is none.

    Outputs, execution counts and what programs write into metadata don't count.
    """
    try:
        notebook = parse_nested(json.loads, content)
        work = ([_work(cell) for cell in notebook["cells"]], _metadata(notebook))
    except (ValueError, AttributeError, KeyError, TypeError):
        return None
    text = json.dumps(work, sort_keys=True, ensure_ascii=True)
    return f"cells:{hashlib.sha256(text.encode()).hexdigest()}"


def _work(cell: Mapping[str, Any]) -> list[object]:
    source = cell["source"]
    return [
        cell["cell_type"],
        source if isinstance(source, str) else "".join(source),
        cell.get("attachments") or None,
        _metadata(cell),
    ]


def _metadata(of: Mapping[str, Any]) -> dict[str, object]:
    return {
        name: value
        for name, value in of.get("metadata", {}).items()
        if name not in _OF_PROGRAMS
        and value not in _DEFAULTS
        and not (name in ("editable", "deletable") and value is True)
    }
