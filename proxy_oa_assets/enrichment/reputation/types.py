"""The kinds of values that entries of the reputation file have."""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainValidator, SecretStr, ValidationInfo

from proxy_oa_assets.model.network import is_web_address


class NamedSecret(SecretStr):
    """A secret out of the environment, and the name of its variable."""

    def __init__(self, secret: str, variable: str) -> None:
        super().__init__(secret)
        self.variable = variable


def _text(text: str) -> str:
    if not text.strip(" :;|\t\r\n"):
        raise ValueError("it is a text with more than separators in it")
    return text


def web_address(address: str) -> str:
    """Return an address without its final slash. Raises ValueError if a service can't be asked there."""
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


def _secret(given: object, info: ValidationInfo) -> SecretStr:
    # Only Spot's own file, which holds the secrets themselves, is read into this type.
    if isinstance(given, SecretStr):
        return given
    if not isinstance(given, str) or not re.fullmatch(r"[A-Za-z_]\w*", given, re.ASCII):
        raise ValueError("it is the name of the environment variable that has the secret")
    environ: Mapping[str, str] = (info.context or {}).get("environ", {})
    # The name isn't repeated: it may be the secret itself, put here by mistake.
    if not environ.get(given):
        raise ValueError("the environment variable that it names isn't set")
    return NamedSecret(environ[given], given)


def _beside_the_file(given: object, info: ValidationInfo) -> object:
    if not isinstance(given, str):
        return given
    folder: Path = (info.context or {}).get("folder", Path())
    try:
        return folder / Path(given).expanduser()
    except RuntimeError as error:
        raise ValueError(str(error)) from error


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    return path


def _executable(path: Path, info: ValidationInfo) -> Path:
    if not (info.context or {}).get("may_run_programs", True):
        raise ValueError(
            "a reputation file that `.env` of the working folder chose may not name a program; set "
            "PROXY_OA_REPUTATION in the environment, or in `.env` of the home"
        )
    if not os.access(path, os.X_OK):
        raise ValueError(f"{path} may not be run; make it executable")
    return path


# A name that stands in `uri_rep`.
Text = Annotated[str, AfterValidator(_text)]
# An https address without a final slash; http only on this machine.
WebAddress = Annotated[str, AfterValidator(web_address)]
# In the file the name of an environment variable, here its value.
Secret = Annotated[SecretStr, PlainValidator(_secret)]
# A file that there is; a relative path counts from the reputation file's folder.
ExistingFile = Annotated[Path, BeforeValidator(_beside_the_file), AfterValidator(_existing)]
# The same for a program.
Executable = Annotated[ExistingFile, AfterValidator(_executable)]
