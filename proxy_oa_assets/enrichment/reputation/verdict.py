"""A reputation service's verdict on a value, and its form in `uri_rep`.

A verdict is `service:LABEL:risk` or `service:LABEL:risk:categories`; those of several services are joined by
`::`. Readers split on `::`, then on `:`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

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
            found.append(Verdict(service, label, risks[value], categories=_categories(categories)))
    return found


def gravest(uri_rep: str) -> Verdict | None:
    """Return the verdict of a `uri_rep` with the highest risk; None if there is none."""
    return max(decode(uri_rep), key=lambda verdict: verdict.risk, default=None)


def _categories(text: str) -> tuple[Category, ...]:
    parts = (part.partition("|") for part in text.split(";") if part)
    return tuple(Category(name, group) for name, _, group in parts)


def _text(text: str) -> str:
    """Return a label or category without the characters that separate verdicts; `-` if nothing is left."""
    return _SEPARATORS.sub(" ", text).strip() or "-"
