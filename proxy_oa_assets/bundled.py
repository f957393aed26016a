"""Files that ship with the package: in the wheel's `bundled` folder, or in the checkout's root."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def bundled(name: str) -> Path:
    """Return the path of a shipped file or folder, such as `proxy_conf.json`.

    Raises FileNotFoundError if the installation lacks it.
    """
    for folder in (_PACKAGE / "bundled", _PACKAGE.parent):
        path = folder / name
        if path.exists():
            return path
    raise FileNotFoundError(
        f"{name} is missing from the installation at {_PACKAGE}; install the package again"
    )
