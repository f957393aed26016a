"""Which columns of the day's tables the notebooks show, and how."""

from proxy_oa_assets.investigation.scoring import SEVERITIES
from proxy_oa_assets.notebook_ui.text_table import Column, cell
from proxy_oa_assets.reputation.verdict import UNVERIFIED, gravest

_NAMES = {number: name.capitalize() for number, name in SEVERITIES.items()}


def _score(value: object) -> str:
    return f"{value:.2e}" if isinstance(value, float) else ""


def _severity(value: object) -> str:
    return _NAMES.get(int(str(value)), "") if value is not None else ""


def _verdict(value: object) -> str:
    """Return the label of the gravest answer, such as `HIGH`; the details have every service's."""
    verdict = gravest(str(value))
    return cell(verdict.label) if verdict else ""


def _gravity(value: object) -> int:
    verdict = gravest(str(value))
    return -verdict.value if verdict else -UNVERIFIED + 1


SUSPICIOUS = (
    Column("ml_score", "score", _score, "number"),
    Column("time", "time"),
    Column("clientip", "client"),
    Column("fulluri", "URI", kind="wide"),
    Column("uri_rep", "verdict", _verdict, order=_gravity),
    Column("reqmethod", "method"),
    Column("respcode_name", "response"),
    Column("network_context", "network"),
    Column("scored_rows", "rows", kind="number"),
)

THREATS = (Column("uri_sev", "severity", _severity), Column("fulluri", "URI", kind="wide"))

EDGES = (
    Column("time", "time"),
    Column("reqmethod", "method"),
    Column("respcode", "code"),
    Column("respcode_name", "response"),
    Column("resconttype", "type"),
    Column("csbytes", "sent", kind="number"),
    Column("scbytes", "received", kind="number"),
    Column("referer", "referer", kind="wide"),
    Column("useragent", "user agent"),
    Column("webcat", "category"),
    Column("serverip", "server"),
    Column("uriport", "port"),
)

FOUND = (
    Column("p_time", "time"),
    Column("clientip", "client"),
    Column("username", "user"),
    Column("reqmethod", "method"),
    Column("fulluri", "URI", kind="wide"),
    Column("referer", "referer", kind="wide"),
    Column("respcode", "code"),
    Column("resconttype", "type"),
    Column("csbytes", "sent", kind="number"),
    Column("scbytes", "received", kind="number"),
    Column("duration", "ms", kind="number"),
    Column("useragent", "user agent"),
    Column("webcat", "category"),
    Column("serverip", "server"),
    Column("uriport", "port"),
)
