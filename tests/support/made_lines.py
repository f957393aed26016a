"""A line of any shipped format, made from its declaration: a request with each field in its place."""

import json
from datetime import UTC, datetime

from proxy_oa_assets.ingest.declaration import SEPARATORS, Declaration
from proxy_oa_assets.ingest.logformat import Clock, Code, read_line

AT = datetime(2026, 9, 10, 0, 26, 40, tzinfo=UTC)
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"
TEXTS = {
    "clientip": "10.1.2.3",
    "url": "http://shop.example.com/cart/add.php?id=7",
    "request": "GET http://shop.example.com/cart/add.php?id=7 HTTP/1.1",
    "host_header": "shop.example.com",
    "reqmethod": "GET",
    "respcode": "200",
    "uriport": "80",
    "uripath": "/cart/add.php",
    "uriquery": "?id=7",
    "urischeme": "http",
    "serverip": "203.0.113.7",
    "supplier_ip": "203.0.113.7",
    "useragent": AGENT,
    "duration": "31",
    "scbytes": "345",
    "csbytes": "12",
    "resconttype": "text/html",
}
_CODES = {
    ">a": "10.1.2.3",
    "rm": "GET",
    "ru": "http://shop.example.com/",
    "rv": "1.1",
    ">Hs": "200",
    "<st": "345",
    "tr": "31",
    "Ss": "TCP_MISS",
    "Sh": "HIER_DIRECT",
    "<a": "203.0.113.7",
    "mt": "text/html",
    "un": "-",
    "{user-agent}>h": AGENT,
}


def header_of(declaration: Declaration) -> bytes:
    """Return header lines that name every field the declaration reads, if its logs have any."""
    names = [name for name in declaration.source_fields() if name] or ["ts"]
    match declaration.header:
        case "zeek":
            path = declaration.zeek_log or "http"
            return f"#separator \\x09\n#path\t{path}\n#fields\t{chr(9).join(names)}\n".encode()
        case "w3c":
            return f"#Fields: {' '.join(names)}\n".encode()
        case "names":
            return (SEPARATORS[declaration.separator].join(names) + "\n").encode()
        case _:
            return b""


def line_of(declaration: Declaration) -> bytes:
    """Return a line, to stand behind `header_of`."""
    if declaration.logformat:
        return _squid_line(declaration.logformat).encode()
    values = _values(declaration)
    match declaration.family:
        case "json":
            flat = {name: value for name, value in values.items() if name[:1] != "$"}
            return json.dumps(flat).encode()
        case "key_value":
            bar = SEPARATORS[declaration.separator]
            return bar.join(f'{name}="{value}"' for name, value in values.items()).encode()
        case "cef":
            names = ("vendor", "product", "version", "signature", "name", "severity")
            head = "|".join(values.get(f"cef.{name}", "1") for name in names)
            inside = {name: value for name, value in values.items() if "." not in name and " " not in name}
            pairs = " ".join(f"{name}={value}" for name, value in inside.items())
            return f"CEF:0|{head}|{pairs}".encode()
    names = declaration.fields if declaration.header in ("none", "hash") else ()
    names = names or tuple(name for name in declaration.source_fields() if name)
    separator = SEPARATORS[declaration.separator]
    quoted = declaration.quote != "none"
    fields = [values.get(name, "x") for name in names]
    return separator.join(
        f'"{field}"' if quoted and (separator in field or '"' in field) else field.replace(separator, "+")
        for field in fields
    ).encode()


def _values(declaration: Declaration) -> dict[str, str]:
    found = dict.fromkeys(filter(None, declaration.source_fields()), "-")
    for name, values in reversed(declaration.columns.items()):
        for value in values:
            found |= dict.fromkeys(value.fields, TEXTS.get(name, "word"))
    for names, words in declaration.only.items():
        found |= {name: words[0].split("|")[0] for name in names.split("|")}
    for time in reversed(declaration.time):
        text = AT.strftime(time.format)
        text = {"epoch": f"{AT.timestamp():.0f}", "iso": "2026-09-10T00:26:40Z"}.get(time.format, text)
        parts = text.split(" ") if len(time.fields) > 1 else [text]
        found |= dict(zip(time.fields, parts, strict=False))
        if time.zone_field:
            found[time.zone_field] = "+0000"
    return found


def _squid_line(logformat: str) -> str:
    line = read_line(logformat)
    text = ""
    for number, token in enumerate(line.tokens):
        inside = "".join(map(_element, token.elements))
        lead = "" if line.split and not number else token.lead
        text += lead + (f'"{inside}"' if token.quoted else inside)
    return text + line.tail


def _element(element: str | Code | Clock) -> str:
    if isinstance(element, Clock):
        return AT.strftime(element.format)
    if isinstance(element, str):
        return element
    times = {"ts": f"{AT.timestamp():.0f}", "tu": "250", "tS": f"{AT.timestamp():.3f}"}
    return {**_CODES, **times}.get(element.key, "-")
