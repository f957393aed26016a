"""The columns of the notebooks' tables: headings, texts, orders and what a click on a value opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from proxy_oa_assets.enrichment.reputation.verdict import Risk, gravest
from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.ranking.reasons import sentence

# In characters; an opened value is longer, up to a limit: a client can send a megabyte.
_WIDTH, MOST_TEXT = 400, 20_000

Pivot = Literal["client", "host", "uri"]


def cell(value: object) -> str:
    """Return a value as the text of a cell."""
    return printable(value, _WIDTH)


@dataclass(frozen=True)
class TableColumn:
    """A column of a frame, and how to show it.

    `text` converts a value to its text, `whole` to the longer one that is shown on demand, `order` to its
    sort key, which is the value itself by default. A `wide` column takes the remaining width; a `wrapped` one
    has line breaks. A click on a value of a `pivot` column opens what is known of that client, host or URI.
    In a column of `names` (hosts, URIs, referers) letters that imitate others are marked. A column that isn't
    `shown` at first can be chosen.
    """

    name: str
    heading: str
    text: Callable[[object], str] = cell
    kind: Literal["text", "number", "wide", "wrapped", "heading"] = "text"
    order: Callable[[object], float] | None = None
    pivot: Pivot | None = None
    names: bool = False
    shown: bool = True
    whole: Callable[[object], str] | None = None

    def opened(self, value: object) -> str:
        """Return a value's whole text, up to 20,000 characters."""
        if self.whole:
            return self.whole(value)
        return printable(value, MOST_TEXT) if self.text is cell else self.text(value)


def columns(names: str) -> tuple[TableColumn, ...]:
    """Return the notebooks' columns of these names, which blanks separate.

    A name that ends in `?` is of a column that isn't shown at first.
    """
    found = ((_COLUMNS[name.removesuffix("?")], not name.endswith("?")) for name in names.split())
    return tuple(replace(column, shown=shown) for column, shown in found)


def severity_text(value: object) -> str:
    """Return a severity such as `High`; an empty text for none."""
    return next((severity.name.capitalize() for severity in Severity if severity == value), "")


def _score(value: object) -> str:
    return f"{value:.2e}" if isinstance(value, float) else ""


def _verdict(value: object) -> str:
    """Return the label of the gravest verdict, such as `HIGH`."""
    verdict = gravest(str(value))
    return cell(verdict.label) if verdict else ""


def _risk_order(value: object) -> int:
    verdict = gravest(str(value))
    return -verdict.risk if verdict else -Risk.UNVERIFIED + 1


def _reasons(value: object, width: int = _WIDTH) -> str:
    return printable(sentence(value), width)


def _all_reasons(value: object) -> str:
    return _reasons(value, MOST_TEXT)


_COLUMNS = {
    column.name: column
    for column in (
        TableColumn("ml_score", "score", _score, "number"),
        TableColumn("uri_sev", "severity", severity_text),
        TableColumn("day", "day"),
        TableColumn("time", "time"),
        TableColumn("p_time", "time"),
        TableColumn("first", "first"),
        TableColumn("last", "last"),
        TableColumn("clientip", "client", pivot="client"),
        TableColumn("network_context", "network"),
        TableColumn("username", "user"),
        TableColumn("host", "host", pivot="host", names=True),
        TableColumn("fulluri", "URI", kind="wide", names=True),
        TableColumn("uri_rep", "verdict", _verdict, order=_risk_order),
        TableColumn("reqmethod", "method"),
        TableColumn("respcode", "code"),
        TableColumn("respcode_name", "response"),
        TableColumn("resconttype", "content type"),
        TableColumn("csbytes", "sent", kind="number"),
        TableColumn("scbytes", "received", kind="number"),
        TableColumn("duration", "ms", kind="number"),
        TableColumn("referer", "referer", kind="wide", names=True),
        TableColumn("useragent", "user agent"),
        TableColumn("webcat", "category"),
        TableColumn("serverip", "server"),
        TableColumn("uriport", "port"),
        TableColumn("scored_rows", "rows", kind="number"),
        TableColumn("requests", "requests", kind="number"),
        TableColumn("connections", "connections", kind="number"),
        TableColumn("clients", "clients", kind="number"),
        TableColumn("hosts", "hosts", kind="number"),
        TableColumn("useragents", "agents", kind="number"),
        TableColumn("content_types", "types", kind="number"),
        TableColumn("story", "story"),
        TableColumn("link", "link"),
        TableColumn("effect", "effect"),
        TableColumn("points", "points", lambda value: f"{value:.1f}", "number"),
        TableColumn("given_on", "given on"),
        TableColumn("until", "until"),
        TableColumn("by", "by", kind="wide"),
        TableColumn("because", "because", kind="wide"),
        TableColumn("word", "because", _reasons, "wide", whole=_all_reasons),
    )
}
# Of values in which letters that imitate others are marked.
NAME_HEADINGS = frozenset(column.heading for column in _COLUMNS.values() if column.names)
