"""The coverage statement: what a day's raw rows don't have, and what that means for what follows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from proxy_oa_assets.model.text import counted

FEWEST_CLIENTS = 5
# What can't be seen without a column, in the order of its weight.
_CONSEQUENCES = {
    "clientip": "requests can't be told apart by client: scores, edges and stories have none",
    "host": "no request has a host: the ranking knows no site",
    "fulluri": "no request has a URI: nothing can be ranked or looked up",
    "useragent": "rare programs and scripts don't stand out",
    "referer": "a page that was opened directly looks like one that was linked; incidents have no chain",
    "reqmethod": "uploads (POST, PUT) look like downloads",
    "csbytes": "uploads are invisible: data that leaves can't be measured",
    "scbytes": "the size of downloads is unknown",
    "duration": "long connections don't stand out; timelines have no duration",
    "respcode": "refused and failed requests look like successful ones",
    "resconttype": "downloads of programs can't be told by their content type",
    "serverip": "the address behind a host is unknown: domain fronting and bare addresses don't stand out",
    "username": "clients are known by address alone",
    "webcat": "the proxy's categories are no signal",
    "uriquery": "what is sent in queries is lost if the proxy strips them (Squid does: strip_query_terms)",
}
_CONNECT_ONLY = (
    "CONNECT only: host, port and bytes are known, but no path, query, user agent or type; the proxy doesn't "
    "look into TLS"
)
_FEW_CLIENTS = (
    "{}: prevalence is blind, since nothing can be rare among so few; if there are more, the log has the "
    "address of a gateway (NAT) or of another proxy"
)
_OWN = "the client is the server, too, in {}: they are the proxy's own, or the log was taken outside of it"
_NOT_OF_CONNECT = ("useragent", "referer", "resconttype", "uriquery")


@dataclass(frozen=True)
class RawFigures:
    """What a day's raw rows have: counts of rows, and of the values of two columns.

    `filled` are the rows with a value, by column; `connects` those of CONNECT; `own` those whose client is
    the server that answered.
    """

    rows: int
    clients: int
    hosts: int
    connects: int
    own: int
    filled: Mapping[str, int]


def coverage(figures: RawFigures) -> dict[str, str]:
    """Return what a day's rows can't show, a sentence for each column or figure; none if they show all."""
    return dict(_sentences(figures)) if figures.rows else {}


def _sentences(figures: RawFigures) -> Iterator[tuple[str, str]]:
    only_connect = figures.connects == figures.rows
    if only_connect:
        yield "connect", _CONNECT_ONLY
    elif figures.connects * 2 >= figures.rows:
        share = figures.connects / figures.rows
        yield "connect", f"{share:.0%} of the requests are CONNECT: only their host, port and bytes are known"
    if figures.clients < FEWEST_CLIENTS:
        yield "clients", _FEW_CLIENTS.format(counted(figures.clients, "client"))
    if figures.own:
        yield "own", _OWN.format(counted(figures.own, "request"))
    for column, consequence in _CONSEQUENCES.items():
        if not figures.filled[column] and not (only_connect and column in _NOT_OF_CONNECT):
            yield column, f"{column} is empty: {consequence}"
