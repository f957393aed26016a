"""The format `csv`: a row per indicator, for spreadsheets and for tools that take lists."""

from proxy_oa_assets.enrichment.reputation.verdict import Risk
from proxy_oa_assets.investigation.handover.format import Format
from proxy_oa_assets.investigation.handover.selection import HandOver, Indicator
from proxy_oa_assets.investigation.handover.wording import stamp, verdict_words
from proxy_oa_assets.model.spreadsheet import spreadsheet
from proxy_oa_assets.model.text import printable

_COLUMNS = (
    *("type", "indicator", "port", "first_seen", "last_seen", "requests", "clients", "severity"),
    "for_detection",
    *("reasons", "verdicts", "incidents", "logged_as"),
)


def content(handed: HandOver) -> bytes:
    """Return the table."""
    return spreadsheet(_COLUMNS, map(_row, handed.indicators))


def _row(indicator: Indicator) -> tuple[object, ...]:
    verdicts = [verdict for verdict in indicator.verdicts.values() if verdict.risk > Risk.NONE]
    return (
        indicator.kind.value,
        printable(indicator.value),
        indicator.port,
        stamp(indicator.first),
        stamp(indicator.last),
        indicator.requests,
        len(indicator.clients),
        indicator.severity.name.lower() if indicator.severity else None,
        "yes" if indicator.for_detection else "no",
        "; ".join(map(printable, indicator.reasons)),
        "; ".join(printable(verdict_words(verdict)) for verdict in verdicts),
        "; ".join(printable(threat.title) for threat in indicator.threats.values()),
        "; ".join(map(printable, indicator.logged)),
    )


FORMAT = Format("csv", "csv", "indicators as a table, safe to open in a spreadsheet", content)
