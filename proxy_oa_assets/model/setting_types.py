"""Types of settings: what each takes, and the remedy that a refused value's error names."""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError
from proxy_oa_assets.model.network import is_web_address


def _checked(holds: Callable[[Any], object], remedy: str) -> AfterValidator:
    """Refuse a value that a predicate doesn't hold for, or a path that this user may not look up."""

    def check(value: object) -> object:
        try:
            if holds(value):
                return value
        except OSError as error:
            raise ValueError(f"{error.strerror}; make the path readable for this user") from error
        raise ValueError(remedy)

    return AfterValidator(check)


def _spelled(pattern: str, remedy: str) -> BeforeValidator:
    """Refuse another spelling; pydantic alone takes ` 5 `, `1_0` and `1.0` for whole numbers."""
    return BeforeValidator(_checked(re.compile(pattern, re.ASCII).fullmatch, remedy).func)


def _absolute(path: Path) -> Path:
    try:
        whole = path.expanduser().absolute()
        str(whole).encode("utf-8")
    except RuntimeError as error:
        raise ValueError("`~` names a user that doesn't exist; write the whole path") from error
    except UnicodeEncodeError as error:
        # DuckDB, Dagster and notebooks write paths as UTF-8.
        raise ValueError("a name in the path has bytes that aren't UTF-8; rename that folder") from error
    return whole


def _huser(huser: str) -> str:
    """Return HUSER as HDFS spells it, because it is compared with locations that the engine reports."""
    if not huser.startswith("/") or ".." in huser.split("/"):
        raise ValueError("write an absolute HDFS path, such as /user/spot")
    return "".join(f"/{part}" for part in huser.split("/") if part not in ("", "."))


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("write a name of the time zone database, such as Europe/Madrid") from error
    return name


def _date(text: str) -> dt.date:
    try:
        return Day.parse(text).date
    except DayError as error:
        raise ValueError(str(error)) from None


def _are_name_nodes(url: str) -> bool:
    # The package `hdfs` retries forever when all of its addresses are the same.
    addresses = url.split(";")
    # A password in an address would be shown wherever the address is.
    is_plain = "@" not in url
    return is_plain and all(map(is_web_address, addresses)) and len(set(addresses)) == len(addresses)


def _may_be_folder(path: Path) -> bool:
    return path.is_dir() or not path.exists()


def _owners(text: str) -> tuple[str, ...]:
    owners = tuple(owner.strip() for owner in text.split(","))
    if not all(re.fullmatch(_OWNER, owner, re.ASCII) for owner in owners):
        raise ValueError("write mail addresses and team:NAME, joined by commas")
    return owners


def _branch(url: str) -> tuple[str, str]:
    """Return the address of a project's pages before `/tree/`, and the branch after it."""
    project, _, branch = url.partition("/tree/")
    if not (is_web_address(url) and branch):
        raise ValueError(
            "write the address of a branch's files, such as https://github.com/NAME/REPOSITORY/tree/main "
            "(of GitLab, .../-/tree/main)"
        )
    return project, branch.rstrip("/")


def _patterns(text: str) -> tuple[str, ...]:
    """Return the patterns as absolute paths."""
    patterns = [pattern.strip() for pattern in re.split("[;\n]", text) if pattern.strip()]
    for pattern in patterns:
        if "%" in re.sub(f"%[{_DATE_CODES}%]", "", pattern):
            raise ValueError(
                f"{pattern} has a % that is no date code; write one of {_DATE_CODES} after it, or %% for a "
                f"percent sign"
            )
    return tuple(str(_absolute(Path(pattern))) for pattern in patterns)


def _voices(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    if not set(names) <= set(_VOICES):
        raise ValueError(
            f"write {' or '.join(_VOICES)}, joined by a comma; PROXY_OA_SIGMA_RULES switches Sigma's rules on"
        )
    return names


def _log_format(text: str) -> str:
    """Return a format's name, or the path of its file as an absolute one."""
    if not text.endswith(".toml"):
        return text
    path = _absolute(Path(text))
    if not path.is_file():
        raise ValueError("the file doesn't exist; correct the path")
    return str(path)


_VOICES = ("fisher", "topics")
# Those of strftime that stand in the names of logs.
_DATE_CODES = "YymdjbBFHIMSpaAuUVWG"
# As Dagster takes them.
_OWNER = r"team:[\w .-]+|[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,7}"

AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
Folder = Annotated[AbsolutePath, _checked(_may_be_folder, "it is a file; name a folder")]
ExistingFile = Annotated[AbsolutePath, _checked(Path.is_file, "the file doesn't exist; correct the path")]
ExistingFolder = Annotated[AbsolutePath, _checked(Path.is_dir, "the folder doesn't exist; correct the path")]
WebAddress = Annotated[str, _checked(is_web_address, "write a whole web address, with http:// or https://")]
NameNodes = Annotated[
    str, _checked(_are_name_nodes, "write different web addresses joined by ;, such as http://namenode:9870")
]
Identifier = Annotated[str, _spelled("[A-Za-z][A-Za-z0-9_]*", "write letters, digits and underscores")]
Whole = Annotated[int, _spelled(r"[1-9]\d{0,8}", "write a whole number, from 1")]
Count = Annotated[int, _spelled(r"0|[1-9]\d{0,8}", "write a whole number, from 0")]
Seconds = Annotated[Whole, Field(le=24 * 3600)]
Share = Annotated[float, _spelled(r"0(\.\d+)?|1(\.0+)?", "write a share from 0 to 1, such as 0.9")]
# A file of certificates to trust; `unverified` switches verification off; None trusts the machine's own.
CaCert = Literal["unverified"] | ExistingFile | None
Huser = Annotated[str, AfterValidator(_huser)]
# A path, without its first slash. What follows a `?` could be a secret, and errors show paths.
HttpPath = Annotated[
    str,
    _spelled(r"[\w!$%&'()*+,./:;=@~-]+", "write the path alone, such as cliservice"),
    AfterValidator(lambda path: path.lstrip("/")),
]
# RFC 6750: what an HTTP header can carry.
BearerToken = Annotated[
    SecretStr, _spelled(r"[\w.~+/-]+=*", "write the token alone: letters, digits and - . _ ~ + / =")
]
Timezone = Annotated[str, AfterValidator(_timezone)]
Date = Annotated[dt.date, BeforeValidator(_date)]
Owners = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_owners)]
Branch = Annotated[tuple[str, str], NoDecode, BeforeValidator(_branch)]
# Paths of logs with globs and date codes; a `:` can stand in a path.
LogPatterns = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_patterns)]
Voices = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_voices)]
LogFormat = Annotated[str, AfterValidator(_log_format)]
