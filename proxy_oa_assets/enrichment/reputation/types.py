"""Types of the reputation file's settings."""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, SecretStr, ValidationInfo

from proxy_oa_assets.model.network import is_web_address


class Section(BaseModel):
    """A part of the reputation file."""

    # Errors hide the input: it may be a secret in the wrong place.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class NamedSecret(SecretStr):
    """A secret from the environment, with the name of its variable."""

    def __init__(self, secret: str, variable: str) -> None:
        super().__init__(secret)
        self.variable = variable


def _text(text: str) -> str:
    if not text.strip(" :;|\t\r\n"):
        raise ValueError("it is a text with more than separators in it")
    return text


def web_address(address: str) -> str:
    """Return a URL without its final slash. Raises ValueError if it can't be a service's."""
    if not is_web_address(address):
        raise ValueError("it is no web address; write it whole, with https://")
    parts = urlsplit(address)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("the address has a user, a query or a fragment; leave these out")
    if parts.scheme.lower() != "https" and not _is_loopback(parts.hostname or ""):
        raise ValueError("plain http is for this machine alone (localhost); use https://")
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _secret(name: object, info: ValidationInfo) -> SecretStr:
    # Spot's own file holds the secrets themselves; spot_config.py wraps them.
    if isinstance(name, SecretStr):
        return name
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        raise ValueError("it is the name of the environment variable that has the secret")
    environ: Mapping[str, str] = (info.context or {}).get("environ", {})
    # The error doesn't quote the name: it may be the secret itself, put here by mistake.
    if not environ.get(name):
        raise ValueError("the environment variable that it names isn't set")
    return NamedSecret(environ[name], name)


def _existing(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path())
    try:
        found = folder / path.expanduser()
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    if not found.is_file():
        raise ValueError(f"there is no file {found}")
    return found


def _executable(path: Path, info: ValidationInfo) -> Path:
    if not (info.context or {}).get("may_run_programs", True):
        raise ValueError(
            "a reputation file that `.env` of the working folder chose may not name a program; set "
            "PROXY_OA_REPUTATION in the environment, or in `.env` of the home"
        )
    if not os.access(path, os.X_OK):
        raise ValueError(f"{path} may not be run; make it executable")
    return path


# A text that can stand in `uri_rep`.
Text = Annotated[str, AfterValidator(_text)]
# An https URL without a final slash; http only for this machine.
WebAddress = Annotated[str, AfterValidator(web_address)]
# The file has the name of an environment variable, the field its value.
Secret = Annotated[SecretStr, PlainValidator(_secret)]
# A path relative to the reputation file's folder.
ExistingFile = Annotated[Path, Field(strict=False), AfterValidator(_existing)]
Executable = Annotated[ExistingFile, AfterValidator(_executable)]
