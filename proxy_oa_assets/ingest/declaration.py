"""Declarations of log formats: which field of a log is which column of `proxy`, and how it is written there.

The shipped declarations are the TOML files of `formats/`; a site's own format is the same TOML by path.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from proxy_oa_assets.ingest.logformat_columns import declared
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.model.text_file import parse_nested, settings_text

# A name that begins so is followed by a logformat line.
SQUID = "squid:"
SEPARATORS = {"tab": "\t", "blanks": " ", "comma": ",", "semicolon": ";", "pipe": "|"}
# Quantities that become several columns, or decide about one.
QUANTITIES = ("url", "host_header", "hierarchy", "supplier", "supplier_ip")
COLUMNS = tuple(name for name in PROXY.column_names if name not in ("p_date", "p_time", "fulluri"))


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) else [value]


def _as_values(value: object) -> object:
    if isinstance(value, list | tuple) and any(isinstance(each, Mapping | BaseModel) for each in value):
        return [each if isinstance(each, Mapping | BaseModel) else {"fields": each} for each in value]
    return [{"fields": value} if isinstance(value, str | list) else value]


OneOrMore = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_Part):
    """Where a column's text comes from: the first of `fields` that has a value.

    Of it, the part after the first `after` and before the next `before`, or the first group of `pattern`; the
    encoding `decode` is undone on the part. With `text`, the column has that text where there is a part.
    """

    fields: OneOrMore
    after: str = ""
    before: str = ""
    pattern: str = Field(default="", description="Regular expression (RE2) whose first group is taken")
    decode: Literal["", "percent", "squid", "base64", "hex"] = Field(
        default="", description="`squid`: percent-encoded, and a backslash is written twice"
    )
    null: tuple[str, ...] = Field(default=(), description="Further words that stand for none")
    text: str = ""
    unit: Literal["ms", "s", "us", "ns", "bytes"] = Field(default="ms", description="Of `duration`")


class Time(_Part):
    """When a request was: a field or, joined by blanks, several.

    `format` is `epoch`, `iso` (ISO 8601) or a strptime format; `unit` is that of an epoch, `auto` tells it by
    its magnitude. `zone`: `UTC`; `text`, the time or `zone_field` has it; `local`, the log doesn't say.
    """

    fields: OneOrMore
    format: str = "epoch"
    unit: Literal["auto", "s", "ms", "us", "ns"] = "auto"
    zone: Literal["UTC", "text", "local"] = "UTC"
    zone_field: str = ""


def _as_times(value: object) -> object:
    times = value if isinstance(value, list | tuple) else [value]
    return [{"fields": each} if isinstance(each, str) else each for each in times]


class Declaration(_Part):
    """A log format.

    `fields` are the names of a line's fields in order, for formats whose lines don't name them. Names of
    `columns` are those of `proxy`, and `url` (absolute, or without a scheme), `request` (`GET URL HTTP/1.1`),
    `host_header` (host and port, of which a URL's own host takes precedence), `supplier` and `supplier_ip`
    (the host that the proxy asked, which is the origin if `hierarchy` says so, or, without one, if it has the
    URL's host). Of several values for a column, the first that a line has is taken.
    """

    name: str
    title: str
    family: Literal["delimited", "json", "key_value", "cef", "logformat"]
    logformat: str = Field(default="", description="A Squid logformat line, in place of fields and columns")
    separator: Literal["tab", "blanks", "comma", "semicolon", "pipe"] = "blanks"
    quote: Literal["none", "plain", "backslash", "doubled"] = Field(
        default="none", description='Whether a field can stand in "..", and how a quote in it is written'
    )
    header: Literal["none", "zeek", "w3c", "names", "hash"] = Field(
        default="none",
        description="Lines that name the fields: Zeek's, W3C's directives, one line of names, or names "
        "behind a #; before such a line, a log of W3C or # can have `fields`",
    )
    requires: tuple[str, ...] = Field(
        default=(), description="Fields without which a log isn't of this format; `a|b` is one of two"
    )
    pattern: str = Field(default="", description="Regular expression that lines of this format begin with")
    only: Mapping[str, OneOrMore] = Field(
        default={},
        description="Texts that fields have in this log, `a|b` is one of two; with another, a line is of "
        "another log in the same file",
    )
    within: tuple[str, ...] = Field(default=(), description="JSON objects in which the fields may be wrapped")
    fields: tuple[str, ...] = ()
    surplus: str = Field(
        default="", description="Field that takes the fields a line has too many, with blanks"
    )
    more_fields: bool = Field(default=False, description="Whether further fields at a line's end are ignored")
    fewer_fields: bool = Field(default=False, description="Whether a line's last fields can be missing")
    zeek_log: str = Field(default="", description="The log that a Zeek header's #path names")
    cut_at: int = Field(default=0, description="Bytes at which the proxy cuts a line, 0: never")
    null: tuple[str, ...] = ("-", "")
    time: Annotated[tuple[Time, ...], BeforeValidator(_as_times)] = ()
    time_of: Literal["start", "end"] = "start"
    url_form: Literal["authority", "path"] = Field(
        default="authority", description="What a URL without a scheme begins with"
    )
    request_required: bool = Field(default=False, description="Whether a line without a method is no request")
    columns: Mapping[str, Annotated[tuple[Value, ...], BeforeValidator(_as_values)]] = {}
    constants: Mapping[str, str] = Field(default={}, description="Columns with the same text in each row")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        known = (*COLUMNS, *QUANTITIES, "request")
        if unknown := [name for name in (*self.columns, *self.constants) if name not in known]:
            raise ValueError(f"columns.{unknown[0]} is none of {', '.join(known)}")
        if not self.time:
            raise ValueError("time is missing: name the field that has it")
        missing = sorted(set(self.source_fields()) - set(self.fields))
        if self.fields and self.header == "none" and missing:
            raise ValueError(f"{missing[0]!r} is none of the fields")
        if self.family == "json":
            for name in (*self.source_fields(), *self.within):
                json_steps(name)
        return self

    def source_fields(self) -> tuple[str, ...]:
        """Return the fields that the declaration reads, once each."""
        read = [name for time in self.time for name in (*time.fields, *filter(None, [time.zone_field]))]
        read += [name for values in self.columns.values() for value in values for name in value.fields]
        read += [name for names in self.only for name in names.split("|")]
        if self.header == "none" and not self.fields:
            read += [name for names in self.requires for name in names.split("|")]
        return tuple(dict.fromkeys(read))


# A step of a path: .name, ."name" or [0].
_STEP = re.compile(r'\.(?:"([^"\\]+)"|([^."\\*\[\]]+))|\[(\d+)\]')


@cache
def json_steps(name: str) -> tuple[str | int, ...]:
    """Return the steps to a JSON field: one of a name, several of a path, `$.http.url` or `$.types[0]`.

    Raises ValueError if it begins as a path does, and isn't one.
    """
    found = list(_STEP.finditer(name, 1) if name.startswith("$") else _STEP.finditer(f'."{name}"'))
    if not found or "".join(step[0] for step in found) not in (name[1:], f'."{name}"'):
        raise ValueError(f'{name} is no name, and no path such as $.http.url, $."id.orig_h" or $.types[0]')
    return tuple(int(step[3]) if step[3] else step[1] or step[2] for step in found)


def read_declaration(text: str, where: str, asked_by: Sequence[str] = ()) -> Declaration:
    """Return the declaration that a TOML text has; `asked_by` are the files whose `columns_of` led to it.

    Raises IngestError naming the entry that doesn't fit.
    """
    try:
        given = parse_nested(tomllib.loads, text)
    except ValueError as error:
        raise IngestError(f"{where} is no TOML: {error}") from error
    if "logformat" in given:
        try:
            given = _over(declared(str(given["logformat"])), given)
        except IngestError as error:
            raise IngestError(f"{where}: {error}") from error
    base = given.pop("columns_of", None)
    if base is not None:
        shared = _columns_of(str(base), where, (*asked_by, where))
        given = _over(
            {name: getattr(shared, name) for name in ("columns", "time", "constants", "null")}, given
        )
    return _checked(given, where)


def _columns_of(name: str, where: str, asked_by: Sequence[str]) -> Declaration:
    if Path(name).resolve() in {Path(each).resolve() for each in asked_by}:
        raise IngestError(f"{where}: columns_of is {name}, whose columns_of leads back to it; remove one")
    try:
        return declaration(name, asked_by)
    except IngestError as error:
        raise IngestError(f"{where}: columns_of: {error}") from error


def _over(shared: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return shared entries and columns with the given ones in place of theirs."""
    own = given.get("columns", {})
    return {**shared, **given, "columns": {**shared["columns"], **own} if isinstance(own, Mapping) else own}


def _checked(entries: dict[str, Any], where: str) -> Declaration:
    try:
        return Declaration(**entries)
    except ValidationError as error:
        found = error.errors(include_url=False)[0]
        entry = ".".join(map(str, found["loc"]))
        message = found["msg"].removeprefix("Value error, ")
        raise IngestError(f"{where}: {f'{entry}: ' if entry else ''}{message}; see docs/ingest.md") from error


@cache
def shipped() -> Mapping[str, Declaration]:
    """Return the shipped declarations by name."""
    found = {}
    for entry in sorted(files("proxy_oa_assets.ingest").joinpath("formats").iterdir(), key=lambda e: e.name):
        if entry.name.endswith(".toml"):
            each = read_declaration(entry.read_text(encoding="utf-8"), entry.name)
            found[each.name] = each
    return found


def declaration(name: str, asked_by: Sequence[str] = ()) -> Declaration:
    """Return the declaration of a shipped format's name, a TOML file's path, or `squid:` and a logformat.

    `asked_by` are the files whose `columns_of` led to it. Raises IngestError listing the names, or naming the
    file and its entry that doesn't fit.
    """
    if name.startswith(SQUID):
        entries = {"name": name, "title": "Squid's log in it", **declared(name.removeprefix(SQUID))}
        return _checked(entries, f"--format {name}")
    path = Path(name)
    if path.suffix != ".toml":
        stem = files("proxy_oa_assets.ingest").joinpath("formats", f"{name}.toml")
        if not stem.is_file():
            raise IngestError(
                f"--format {name} is none of {', '.join(format_names())}; name one of them, a TOML file or "
                "auto, or give `squid:` and a logformat"
            )
        return read_declaration(stem.read_text(encoding="utf-8"), stem.name, asked_by)
    try:
        text = settings_text(path.read_bytes())
    except OSError as error:
        raise IngestError(f"{path}: {error.strerror}; name a TOML file that declares the format") from error
    except ValueError as error:
        raise IngestError(f"{path} is no TOML: {error}; save it as UTF-8") from error
    return read_declaration(text, str(path), asked_by)


def format_names() -> Sequence[str]:
    """Return the names of the shipped formats."""
    folder = files("proxy_oa_assets.ingest").joinpath("formats")
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )
