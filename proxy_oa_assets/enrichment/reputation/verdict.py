"""What a reputation service says of a value, and how `uri_rep` writes it.

One answer is `service:LABEL:value` or `service:LABEL:value:categories`; the answers of several services are
joined by `::`. Readers split on `::`, then on `:`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

UNVERIFIED, NONE, LOW, MEDIUM, HIGH = -1, 0, 1, 2, 3
_VALUES = {str(value) for value in (UNVERIFIED, NONE, LOW, MEDIUM, HIGH)}

_SEPARATORS = re.compile(r"[:;|\s]+")


class Status(StrEnum):
    """How an answer came about; kept apart from its severity, for "no data" isn't "failed"."""

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
    """One service's answer. `value` is -1 unverified, 0 none, 1 low, 2 medium, 3 high."""

    service: str
    label: str
    value: int
    status: Status = Status.OK
    categories: tuple[Category, ...] = ()
    # When the service itself says that its answer ends, in Unix time.
    expires: float | None = None

    def encoded(self) -> str:
        """Return `service:LABEL:value[:CAT|GROUP;CAT|GROUP]`."""
        head = f"{_text(self.service)}:{_text(self.label)}:{self.value}"
        categories = ";".join(
            f"{_text(category.name)}|{_text(category.group)}" if category.group else _text(category.name)
            for category in self.categories
        )
        return f"{head}:{categories}" if categories else head


def encode(verdicts: Iterable[Verdict]) -> str:
    """Return the answers of several services as `uri_rep` holds them; the empty string for none."""
    return "::".join(verdict.encoded() for verdict in verdicts)


def decode(uri_rep: str) -> list[Verdict]:
    """Return the answers that a `uri_rep` holds; none for the empty string.

    How an answer came about isn't in it. What isn't in the form of an answer (an installation's older rows,
    say) is left out.
    """
    found = []
    for answer in uri_rep.split("::"):
        service, label, value, categories, *_ = *answer.split(":"), "", "", ""
        if value in _VALUES:
            found.append(Verdict(service, label, int(value), categories=_categories(categories)))
    return found


def values(uri_rep: str) -> dict[str, int]:
    """Return what each service said in a `uri_rep`, -1 to 3; nothing for the empty string."""
    return {verdict.service: verdict.value for verdict in decode(uri_rep)}


def gravest(uri_rep: str) -> Verdict | None:
    """Return the answer of a `uri_rep` with the highest value; None if there is none."""
    return max(decode(uri_rep), key=lambda verdict: verdict.value, default=None)


def _categories(text: str) -> tuple[Category, ...]:
    parts = (part.partition("|") for part in text.split(";") if part)
    return tuple(Category(name, group) for name, _, group in parts)


def _text(text: str) -> str:
    """Return a label or category without the characters that separate answers; `-` if nothing is left."""
    return _SEPARATORS.sub(" ", text).strip() or "-"
