"""The format `text`: indicators and what analysts wrote, defanged, to be read in a mail."""

import textwrap
from collections.abc import Iterator

from proxy_oa_assets.investigation.defanging import defanged
from proxy_oa_assets.investigation.handover.format import Format
from proxy_oa_assets.investigation.handover.selection import HandOver, Threat
from proxy_oa_assets.investigation.handover.web_addresses import Kind, host_of
from proxy_oa_assets.investigation.handover.wording import what_is_known
from proxy_oa_assets.model.text import printable, printable_lines

_WIDTH = 79  # of what can be broken
_ADDRESSES = (Kind.IPV4, Kind.IPV6)
_HEADINGS = {
    "URLs": (Kind.URL,),
    "Host names": (Kind.DOMAIN,),
    "Addresses": _ADDRESSES,
    "Other hosts, as they were logged": (Kind.HOST,),
}


def content(handed: HandOver) -> bytes:
    """Return the text."""
    return "".join(f"{line.rstrip()}\n" for line in _lines(handed)).encode("utf-8")


def _lines(handed: HandOver) -> Iterator[str]:
    yield f"Web proxy threats of {handed.day}"
    if handed.tlp:
        yield f"TLP:{handed.tlp.upper()}"
    yield "URLs and hosts are defanged: hxxp stands for http, [.] for a dot."
    for number, threat in enumerate(handed.threats, 1):
        yield ""
        title = f"{number}. {defanged(printable(threat.title))}"
        yield from (title, "=" * min(len(title), _WIDTH))
        yield from defanged(printable_lines(threat.text)).splitlines()
        yield from _facts(handed, threat)


def _client(client: str) -> str:
    """Return a client; addresses stay as they are, to be searched for."""
    return client if host_of(client).kind in _ADDRESSES else defanged(printable(client))


def _facts(handed: HandOver, threat: Threat) -> Iterator[str]:
    found = handed.indicators_of(threat)
    clients = ", ".join(sorted({_client(client) for client, _ in threat.connections}))
    lines = textwrap.wrap(f"Clients: {clients}", _WIDTH, break_long_words=False, break_on_hyphens=False)
    yield from ("", *lines)
    if threat.by:
        yield f"Saved by {printable(threat.by)}{f', {threat.at:%Y-%m-%d %H:%M} UTC' if threat.at else ''}"
    for heading, kinds in _HEADINGS.items():
        listed = [indicator for indicator in found if indicator.kind in kinds]
        if listed:
            yield from ("", heading)
        for indicator in listed:
            yield f"  {defanged(printable(indicator))}"
            yield from (f"      {defanged(sentence)}" for sentence in what_is_known(indicator))


FORMAT = Format("text", "txt", "indicators and the analysts' texts, defanged, for a mail", content)
