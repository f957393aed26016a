"""URIs and hosts as analysts paste them, in the spellings that a log can have."""

import re
from contextlib import suppress

import idna

from proxy_oa_assets.investigation.defanging import refang
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.text import excerpt

_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_HOST_PORT = re.compile(
    r"(?P<host>\[[0-9a-f:.%]+\]|[^\[\]/?#:@\s]+):(?P<port>\d{1,5})(?P<rest>[/?].*)?",
    re.IGNORECASE | re.DOTALL,
)
# A link as Markdown has it.
_LINK = re.compile(r"\[[^\]]+\]\(([^\s()]+)\)")
# What stands for a dot in other scripts, and what programs make of one.
_DOTS = str.maketrans(dict.fromkeys("\u2024\u3002\uff0e\uff61", "."))
# Ports that a URI of these schemes needn't name.
_USUAL_PORTS = ("80", "443")
_AROUND = {"<": ">", "(": ")", "[": "]", "{": "}", "'": "'", "`": "`", "\u2018": "\u2019"}


def refanged(text: str) -> str:
    """Return a pasted text as a log has it, without the brackets, quotes and punctuation around it.

    Raises InvestigationError if nothing is left.
    """
    bare = _without_wrapping(text)
    if link := _LINK.fullmatch(bare):
        bare = link[1]
    bare = _without_wrapping(refang(bare))
    if not bare:
        raise InvestigationError(
            f'{excerpt(text)} is empty without what is around it; to find it, write "{excerpt(text)}"'
        )
    return bare


def uri_spellings(text: str) -> list[tuple[str, str]]:
    """Return the texts to look for in `fulluri`, each with the port that the row must have, or none.

    A log's URI has no scheme, no user, no fragment, and neither a path nor a query of one character; a port
    in it is one that the log wrote into the URI. A URI's part needs no `*` around it. Raises
    InvestigationError for a text that fits every row.
    """
    pasted, text = text, refanged(text)
    text = text.removeprefix("*.").strip("*")
    if scheme := _SCHEME.match(text):
        text = text[scheme.end() :]
        authority = re.split(r"[/?#]", text, maxsplit=1)[0]
        text = text[authority.rfind("@") + 1 :]
    if scheme or "." in text.partition("#")[0]:
        text = text.partition("#")[0]
    if text in ("", ".", "//"):
        raise InvestigationError(
            f'{excerpt(pasted)} fits every row; leave it out, or write it in quotes: "{excerpt(pasted)}"'
        )
    if len(text) > 1:
        text = text.removesuffix("?")
        if "/" not in text[:-1] and "?" not in text:
            text = text.removesuffix("/").removesuffix(".")
    found = [(text, "")]
    if port := _HOST_PORT.fullmatch(text):
        rest = port["rest"] or ""
        found.append((port["host"] + ("" if rest == "/" else rest), port["port"]))
    spelled = []
    for each, of_port in found:
        host = re.split(r"[/?]", each, maxsplit=1)[0]
        rest = each.removeprefix(host)
        for name in (host, *_other_names(host)):
            spelled.append((name + rest, of_port))
            if rest.startswith("/?"):
                spelled.append((name + rest[1:], of_port))
    return list(dict.fromkeys(spelled))


def host_spellings(text: str) -> list[str]:
    """Return the spellings of a pasted host, in lower case, without scheme, port and path."""
    pasted, text = text, refanged(text)
    if scheme := _SCHEME.match(text):
        text = text[scheme.end() :]
    text = re.split(r"[/?#]", text, maxsplit=1)[0].rpartition("@")[2].rstrip(".").lower()
    if port := _HOST_PORT.fullmatch(text):
        text = port["host"]
    if not text.strip("*."):
        raise InvestigationError(
            f"host:{excerpt(pasted)} fits every host; leave it out, or write a name or a part: *evil*"
        )
    if ":" in text:
        # An IPv6 address stands with and without brackets.
        return [text.strip("[]"), f"[{text.strip('[]')}]"]
    return [text, *_other_names(text)]


def uri_readings(text: str) -> list[str]:
    """Return a URI as it stands, and then what a log has for it if it was pasted.

    The log comes first: a value in it can look like a paste.
    """
    found = [text]
    # What is no paste is only searched for as it stands.
    with suppress(InvestigationError):
        for spelled, port in uri_spellings(text):
            if not port or port in _USUAL_PORTS:
                host = re.split(r"[/?]", spelled, maxsplit=1)[0]
                found += [spelled, host.lower() + spelled.removeprefix(host)]
    return list(dict.fromkeys(found))


def host_readings(text: str) -> list[str]:
    """Return a host as it stands, and then what a log has for it if it was pasted."""
    found = [text]
    with suppress(InvestigationError):
        found += host_spellings(text)
    return list(dict.fromkeys(found))


def client_readings(text: str) -> list[str]:
    """Return a client as it stands, and then what a log has for it if it was pasted."""
    return list(dict.fromkeys([text, refang(text).strip()]))


def _other_names(host: str) -> list[str]:
    """Return the name with plain dots, and that of an internationalized one in DNS, or as people write it."""
    if (dotted := host.translate(_DOTS)) != host:
        return [dotted, *_other_names(dotted)]
    # A paste that is no name stays as it is.
    with suppress(UnicodeError):
        if not host.isascii():
            return [idna.encode(host, uts46=True).decode("ascii")]
        if "xn--" in host.lower():
            return [idna.decode(host, uts46=True)]
    return []


def _without_wrapping(text: str) -> str:
    start, end, last_open = 0, len(text), text.rfind("<")
    # One character at a time: a text of a million brackets would be copied as often.
    while start < end:
        first, last = text[start], text[end - 1]
        if first.isspace():
            start += 1
        elif last.isspace() or last in ",;":
            end -= 1
        elif end - start > 1 and last == _AROUND.get(first):
            start, end = start + 1, end - 1
        elif first == "<":  # what a blank inside cut off
            start += 1
        elif last == ">" and last_open < start:
            end -= 1
        else:
            break
    return text[start:end]
