"""The values that a variable of the environment can have. Each raises SettingsError naming the variable."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from proxy_oa_assets.errors import SettingsError

_FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def one_of(environ: Mapping[str, str], variable: str, known: tuple[str, ...]) -> str:
    """Return the variable's value, the first of the known ones if it isn't set."""
    chosen = environ.get(variable) or known[0]
    if chosen not in known:
        raise SettingsError(f"{variable}={chosen!r}: this version knows {', '.join(known)}")
    return chosen


def required(environ: Mapping[str, str], variable: str, what: str) -> str:
    """Return the value of a variable that must be set."""
    chosen = environ.get(variable)
    if not chosen:
        raise SettingsError(f"{variable} is missing: {what}")
    return chosen


def whole_number(environ: Mapping[str, str], variable: str, default: int, most: int) -> int:
    """Return a whole number from 1 to the most."""
    text = environ.get(variable) or str(default)
    if not re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII) or int(text) > most:
        raise SettingsError(f"{variable}={text!r}: it is a whole number from 1 to {most}")
    return int(text)


def share(environ: Mapping[str, str], variable: str, default: str) -> float:
    """Return a share from 0 to 1."""
    text = environ.get(variable) or default
    if not re.fullmatch(r"0(\.\d+)?|1(\.0+)?", text, re.ASCII):
        raise SettingsError(f"{variable}={text!r}: it is a share from 0 to 1, such as {default}")
    return float(text)


def flag(environ: Mapping[str, str], variable: str) -> bool:
    """Return whether something is switched on; off if it isn't set."""
    chosen = environ.get(variable) or "false"
    if chosen.lower() not in _FLAGS:
        raise SettingsError(f"{variable}={chosen!r}: it is true or false")
    return _FLAGS[chosen.lower()]


def local_path(variable: str, text: str) -> Path:
    """Return the absolute path that a variable's text names; `~` is a user's home."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise SettingsError(f"{variable}={text!r}: there is no such user, so `~` has no home") from error


def existing_file(environ: Mapping[str, str], variable: str) -> Path | None:
    """Return the path of a file that there is; None if the variable isn't set."""
    chosen = environ.get(variable)
    if not chosen:
        return None
    path = local_path(variable, chosen)
    if not path.is_file():
        raise SettingsError(f"{variable}={chosen!r}: there is no such file")
    return path


def web_address(environ: Mapping[str, str], variable: str) -> str | None:
    """Return an http or https address; an error doesn't repeat the value, which may be a secret."""
    address = environ.get(variable)
    if not address:
        return None
    if not is_web_address(address):
        raise SettingsError(f"{variable} is no web address: write it whole, with http:// or https://")
    return address


def is_web_address(text: str) -> bool:
    """Return whether a text is an http or https address, with a host."""
    # urlsplit drops line feeds and tabs without a word.
    if not re.fullmatch(r"https?://[!-~]+", text, re.ASCII | re.IGNORECASE):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
