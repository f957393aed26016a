"""A reputation service's verdict on a value, its form in `uri_rep`, and the statistics of a day's lookups.

A verdict is `service:LABEL:risk` or `service:LABEL:risk:categories`; those of several services are joined by
`::`. Readers split on `::`, then on `:`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from proxy_oa_assets.model.files import read_bytes, replacing
from proxy_oa_assets.model.text_file import IgnoredLines

_SEPARATORS = re.compile(r"[:;|\s]+")


class Risk(IntEnum):
    """The risk that a service sees, highest gravest; an analyst's `Severity` counts the other way."""

    UNVERIFIED = -1
    NONE = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Status(StrEnum):
    """How a verdict came about, kept apart from its risk: "no data" isn't "failed"."""

    OK = "ok"
    NO_DATA = "no_data"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    OVER_QUOTA = "over_quota"
    NOT_SENT = "not_sent"


@dataclass(frozen=True)
class Category:
    """A category that a service put the value in, and the group of categories it belongs to, if any."""

    name: str
    group: str = ""


@dataclass(frozen=True)
class Verdict:
    """One service's verdict; `expires` is the service's own end of it, in Unix time."""

    service: str
    label: str
    risk: Risk
    status: Status = Status.OK
    categories: tuple[Category, ...] = ()
    expires: float | None = None

    def encoded(self) -> str:
        """Return `service:LABEL:risk[:CAT|GROUP;CAT|GROUP]`."""
        head = f"{_text(self.service)}:{_text(self.label)}:{self.risk}"
        categories = ";".join(
            f"{_text(category.name)}|{_text(category.group)}" if category.group else _text(category.name)
            for category in self.categories
        )
        return f"{head}:{categories}" if categories else head


def encode(verdicts: Iterable[Verdict]) -> str:
    """Return verdicts as `uri_rep` holds them; the empty string for none."""
    return "::".join(verdict.encoded() for verdict in verdicts)


def decode(uri_rep: str) -> list[Verdict]:
    """Return the verdicts of a `uri_rep`, without their status; none for the empty string.

    Text in another form, as in an installation's older rows, is left out.
    """
    risks = {str(risk.value): risk for risk in Risk}
    found = []
    for text in uri_rep.split("::"):
        service, label, value, categories, *_ = *text.split(":"), "", "", ""
        if value in risks:
            parts = (part.partition("|") for part in categories.split(";") if part)
            named = tuple(Category(name, group) for name, _, group in parts)
            found.append(Verdict(service, label, risks[value], categories=named))
    return found


def gravest(uri_rep: str) -> Verdict | None:
    """Return the verdict of a `uri_rep` with the highest risk; None if there is none."""
    return max(decode(uri_rep), key=lambda verdict: verdict.risk, default=None)


def _text(text: str) -> str:
    """Return a label or category without the characters that separate verdicts; `-` if nothing is left."""
    return _SEPARATORS.sub(" ", text).strip() or "-"


@dataclass
class LookupStats:
    """Counts of distinct values, requested in this run, cached and by status; and each error once.

    `down` says that requests ended early because the service refused them or didn't respond; `ignored` are
    lines of local lists that can match nothing. The aliases are the file's names.
    """

    requested: Annotated[int, Field(alias="asked")] = 0
    cached: int = 0
    statuses: Counter[Status] = field(default_factory=Counter)
    errors: Annotated[list[str], Field(alias="troubles")] = field(default_factory=list)
    down: bool = False
    ignored: IgnoredLines = field(default_factory=IgnoredLines)

    @property
    def coverage(self) -> float:
        """The share with a verdict, "no data" included, of the values that may be sent and can be judged."""
        answered = self.statuses[Status.OK] + self.statuses[Status.NO_DATA]
        missing = self.statuses[Status.FAILED] + self.statuses[Status.OVER_QUOTA]
        return answered / (answered + missing) if answered + missing else 1.0


@dataclass(frozen=True)
class LookupResult:
    """The verdicts of each value in the services' order, and the stats by service."""

    verdicts: Mapping[str, Sequence[Verdict]]
    stats: Mapping[str, LookupStats]

    @cached_property
    def uri_rep(self) -> dict[str, str]:
        """The column `uri_rep` by value."""
        return {value: encode(verdicts) for value, verdicts in self.verdicts.items()}


_BY_SERVICE = TypeAdapter(dict[str, LookupStats])


def write_lookup_stats(folder: Path, stats: Mapping[str, LookupStats]) -> None:
    """Replace `reputation.json` in a day's data folder."""
    with replacing(folder / "reputation.json") as file:
        file.write(_BY_SERVICE.dump_json(dict(stats), indent=1, by_alias=True))


def read_lookup_stats(folder: Path) -> dict[str, LookupStats] | None:
    """Return the stats by service from a day's data folder; None if there is no readable file."""
    try:
        return _BY_SERVICE.validate_json(read_bytes(folder / "reputation.json"))
    except (FileNotFoundError, ValidationError):
        return None
