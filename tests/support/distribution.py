"""A package as `pip install` leaves it: a module, and the metadata with its entry points."""

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

EntryPoints = Mapping[str, Mapping[str, str]]


@contextmanager
def installed(folder: Path, module: str, code: str, entry_points: EntryPoints) -> Iterator[None]:
    """Install a package of one module on the import path while the block lasts."""
    record = folder / f"{module}-1.0.dist-info"
    record.mkdir(parents=True)
    (folder / f"{module}.py").write_text(code)
    (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
    (record / "entry_points.txt").write_text(
        "".join(
            f"[{group}]\n" + "".join(f"{name} = {where}\n" for name, where in points.items())
            for group, points in entry_points.items()
        )
    )
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(module, None)
        importlib.invalidate_caches()
