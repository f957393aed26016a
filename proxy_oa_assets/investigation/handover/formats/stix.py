"""The format `stix`: a STIX 2.1 bundle with a report per threat, and its indicators with what was observed.

It names no client and no user, so that it can be shared. Two exports of the same records are equal: ids are
UUIDv5 of the content, and times those of the records.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import idna

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.investigation.handover.format import Format
from proxy_oa_assets.investigation.handover.selection import HandOver, Indicator, Threat
from proxy_oa_assets.investigation.handover.web_addresses import Kind, strict_url
from proxy_oa_assets.investigation.handover.wording import stamp, what_is_known
from proxy_oa_assets.model.text import printable, printable_lines

if TYPE_CHECKING:
    from stix2 import patterns, v21

_IDS = uuid.UUID("8f0fd2a0-7f0a-5f5a-9b8b-7a4a4f1d2c11")
_INDICATES: dict[Severity | None, str] = {Severity.HIGH: "malicious-activity", Severity.LOW: "benign"}
_MOST_COUNTED = 999_999_999
_PATHS = {Kind.URL: "url:value", Kind.IPV4: "ipv4-addr:value", Kind.IPV6: "ipv6-addr:value"}
_MARKINGS = {"clear": "TLP_WHITE", "green": "TLP_GREEN", "amber": "TLP_AMBER", "red": "TLP_RED"}
_FIRST_TIME = "2026-01-01T00:00:00Z"  # of what is the same in every bundle

_Common = dict[str, Any]


def content(handed: HandOver) -> bytes:
    """Return the bundle."""
    from stix2 import v21

    source = v21.Identity(
        id=_id("identity", "proxy-oa-assets"),
        name="proxy-oa-assets",
        identity_class="system",
        created=_FIRST_TIME,
        modified=_FIRST_TIME,
    )
    marked = [getattr(v21, _MARKINGS[handed.tlp])] if handed.tlp else []
    common = {"created_by_ref": source.id} | ({"object_marking_refs": marked} if marked else {})
    objects = {each.id: each for each in (source, *marked)}
    of_threat: dict[str, list[str]] = {threat.key: [] for threat in handed.threats}
    for indicator in handed.indicators:
        made = list(_of_indicator(handed, indicator, common))
        objects |= {each.id: each for each in made}
        for key in indicator.threats:
            of_threat[key] += [each.id for each in made]
    for threat in handed.threats:
        report = _report(handed, threat, of_threat[threat.key] or [source.id], common)
        objects[report.id] = report
    name = _id("bundle", *(each.serialize() for each in objects.values()))
    bundle = v21.Bundle(*objects.values(), id=name)
    return f"{bundle.serialize(indent=1, ensure_ascii=True)}\n".encode("ascii")


def _of_indicator(handed: HandOver, indicator: Indicator, common: _Common) -> Iterator[v21._STIXBase21]:
    """Yield what was observed of an indicator, and if it is for detection, the indicator and its sighting.

    What isn't for detection has a note on what was observed. A host that STIX doesn't know as one is an
    indicator in any case: nothing else can hold it.
    """
    from stix2 import v21

    first, last = indicator.first, indicator.last
    name = (handed.day.key, indicator.kind.value, str(indicator), stamp(first))
    saved = [threat.at for threat in indicator.threats.values() if threat.at]
    times = {"created": first, "modified": max([first, *saved])} | common
    seen, count = _observables(indicator), min(indicator.requests, _MOST_COUNTED)
    yield from seen
    refs = [each.id for each in seen]
    if seen and count:
        data = v21.ObservedData(
            id=_id("observed-data", *name),
            first_observed=first,
            last_observed=last,
            number_observed=count,
            object_refs=refs,
            **times,
        )
        yield data
        refs = [data.id]
    known = "\n".join(what_is_known(indicator))
    if seen and not indicator.for_detection:
        yield v21.Note(id=_id("note", *name), content=known, object_refs=refs, **times)
        return
    labels = {"labels": [f"severity-{indicator.severity.name.lower()}"]} if indicator.severity else {}
    made = v21.Indicator(
        id=_id("indicator", *name),
        name=printable(indicator),
        description=known,
        indicator_types=[_INDICATES.get(indicator.severity, "anomalous-activity")],
        pattern=_pattern(indicator),
        pattern_type="stix",
        valid_from=first,
        **labels,
        **times,
    )
    yield made
    if count:
        yield v21.Sighting(
            id=_id("sighting", *name),
            first_seen=first,
            last_seen=last,
            count=count,
            sighting_of_ref=made.id,
            where_sighted_refs=[common["created_by_ref"]],
            **({"observed_data_refs": refs} if seen else {}),
            **times,
        )


def _observables(indicator: Indicator) -> list[v21._Observable]:
    """Return the observable objects, none for a host that STIX doesn't know as a name."""
    from stix2 import v21

    if indicator.kind is Kind.HOST or (indicator.kind is Kind.DOMAIN and not _is_idna(indicator.value)):
        return []
    if indicator.kind is Kind.URL:
        return [v21.URL(value=strict_url(indicator.value))]
    kinds = {Kind.DOMAIN: v21.DomainName, Kind.IPV4: v21.IPv4Address, Kind.IPV6: v21.IPv6Address}
    host = kinds[indicator.kind](value=indicator.value)
    if indicator.port is None:
        return [host]
    return [host, v21.NetworkTraffic(dst_ref=host.id, dst_port=indicator.port, protocols=["tcp"])]


def _is_idna(name: str) -> bool:
    """Return whether registries give such a name (RFC 5890); browsers open others, too, such as emoji."""
    try:
        idna.encode(name)
    except idna.IDNAError:
        return False
    return True


def _pattern(indicator: Indicator) -> str:
    from stix2 import patterns

    if indicator.port is not None:
        port = patterns.EqualityComparisonExpression(
            "network-traffic:dst_port", patterns.IntegerConstant(indicator.port)
        )
        host = _equal("network-traffic:dst_ref.value", _in_pattern(indicator.value))
        return str(patterns.ObservationExpression(patterns.AndBooleanExpression([host, port])))
    path = _PATHS.get(indicator.kind, "domain-name:value")
    spelled = [_equal(path, text) for text in _spellings(indicator)]
    met = patterns.OrBooleanExpression(spelled) if len(spelled) > 1 else spelled[0]
    return str(patterns.ObservationExpression(met))


def _equal(path: str, value: str) -> patterns.EqualityComparisonExpression:
    from stix2 import patterns

    return patterns.EqualityComparisonExpression(path, patterns.StringConstant(value))


def _spellings(indicator: Indicator) -> list[str]:
    """Return the texts that mean the same: as browsers send it, as RFC 3986 has it, as it is logged."""
    if indicator.kind is not Kind.URL:
        return [_in_pattern(indicator.value)]
    scheme, _, _ = indicator.value.partition("://")
    logged = [text if "://" in text else f"{scheme}://{text}" for text in indicator.logged]
    shown = [text for text in logged if text.isprintable()]
    return list(dict.fromkeys((indicator.value, strict_url(indicator.value), *shown)))


def _in_pattern(text: str) -> str:
    """Return a text without NUL and other control characters, which databases of patterns refuse."""
    return text if text.isprintable() else quote(text, safe="")


def _report(handed: HandOver, threat: Threat, refs: list[str], common: _Common) -> v21.Report:
    from stix2 import v21

    first = handed.first_seen(threat)
    at = threat.at or first
    return v21.Report(
        id=_id("report", handed.day.key, threat.key, stamp(first)),
        name=printable(threat.title),
        report_types=["indicator", "observed-data"],
        published=at,
        created=at,
        modified=at,
        object_refs=list(dict.fromkeys(refs)),
        **({"description": printable_lines(threat.text)} if threat.text else {}),
        **common,
    )


def _id(kind: str, *names: str) -> str:
    return f"{kind}--{uuid.uuid5(_IDS, json.dumps([kind, *names]))}"


FORMAT = Format(
    "stix", "stix.json", "a STIX 2.1 bundle: a report per threat, its indicators", content, "stix2"
)
