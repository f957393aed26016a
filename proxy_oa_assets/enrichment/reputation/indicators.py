"""Lines of published lists of domains and URLs, and the hosts or URLs that they mean.

Lists are plain, CSV, hosts files, Squid's `dstdomain` or ad blockers' rules, and can be defanged
(`hxxp://evil[.]example`).
"""

import re
from collections.abc import Callable, Iterator
from typing import Literal

from proxy_oa_assets.enrichment.address_ranges import parse_address
from proxy_oa_assets.enrichment.reputation.uri import is_address, parse_uri
from proxy_oa_assets.model.text_file import cells

Kind = Literal["domains", "urls"]

# Most lines of most lists. A last label that begins with a digit could end an address.
_USUAL = re.compile(
    r"(?:(?:0\.0\.0\.0|127\.0\.0\.1)\s+|\*?\.|(?P<rule>\|\|))?"
    r"(?P<name>(?:[a-z0-9_-]{1,63}\.)+[a-z_][a-z0-9_-]{0,62})(?(rule)\^|\.?)",
    re.ASCII,
)
_NAME = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*", re.ASCII)
_LONGEST_NAME = 253
_COMMENT = re.compile(r"\s*(?:[#!;]|\[adblock|$)", re.IGNORECASE)
_TRAILING_COMMENT = {"domains": re.compile(r"\s[#;]"), "urls": re.compile(r"\s#")}
# A comma or semicolon can be part of a URL.
_SEPARATOR = {"domains": re.compile(r"[,;\t]"), "urls": re.compile(r"\t")}
# A header's first word is neither a domain nor a URL. IDNA has three more dots.
_NO_HEADER = re.compile(r"[.:/\[\u3002\uff0e\uff61]")
_DEFANGED_SCHEME = re.compile(r"^(?:h[x*]{2}p|hxtp|htxp)(s?)(?=[:\[({])", re.IGNORECASE)
# Linear in runs of blanks, which begin once.
_DEFANGED = re.compile(
    r"(?<!\s)\s*+(?:[\[({](?:(?P<text>[.:/]++)|dot)[\])}]|\\\.|\[\.|\.\])\s*+", re.IGNORECASE
)
_ALL_BELOW = re.compile(r"^\*?\.")
_AD_BLOCKER = re.compile(r"\|\|(?P<host>[^/^$|]+)\^?(?:\$(?P<options>.*))?")
# Options that leave the rule one for the whole domain.
_OF_THE_DOMAIN = {"all", "important", "document", "doc", "popup", "third-party", "3p"}
# What a hosts file says of its own machine.
_OF_THE_MACHINE = re.compile(r"[^.]*|localhost\.localdomain|0\.0\.0\.0")


def indicators(
    lines: Iterator[tuple[int, str]], kind: Kind, reject: Callable[[int, str], None]
) -> Iterator[tuple[int, str, str]]:
    """Yield number, indicator and category of each line of a list but blank ones, comments and a header.

    A first line without a domain or a URL is the header of a CSV file. Without a header there are no
    categories.
    """
    used = ((number, line) for number, line in lines if not _COMMENT.match(line))
    number, first = next(used, (0, ""))
    found = re.search(r"[,;\t]", first)
    separator = found[0] if found else ","
    if not _NO_HEADER.search(refanged(first.partition(separator)[0])):
        yield from _rows(used, separator, reject)
        return
    while first:
        try:
            yield number, _plain(first, kind), ""
        except ValueError as error:
            reject(number, str(error))
        number, first = next(used, (0, ""))


def _rows(
    lines: Iterator[tuple[int, str]], separator: str, reject: Callable[[int, str], None]
) -> Iterator[tuple[int, str, str]]:
    for number, line in lines:
        try:
            indicator, category, *_ = (*cells(line, separator), "")
        except ValueError as error:
            reject(number, str(error))
        else:
            yield number, indicator.strip(), category.strip()


def _plain(line: str, kind: Kind) -> str:
    """Return a line without a comment and without further columns."""
    text = _TRAILING_COMMENT[kind].split(line, maxsplit=1)[0].strip()
    quoted = text.startswith('"')
    separator = re.search(r"[,;\t]", text.rpartition('"')[0]) if quoted else _SEPARATOR[kind].search(text)
    # The options of an ad blocker's rule have commas, a hosts file may have tabs.
    if quoted or (separator and not text.startswith("||") and parse_address(text.split()[0]) is None):
        return cells(text, separator[0] if separator else ",")[0].strip()
    return text


def refanged(text: str) -> str:
    """Return an indicator without the marks that keep people from following it: `hxxp`, `[.]`, `(dot)`."""
    text = _DEFANGED_SCHEME.sub(r"http\1", text.strip()).removeprefix("//")
    slashes = text.find("//")
    end = text.find("/", slashes + 2 if slashes >= 0 else 0)
    # A path alone can have such marks of its own.
    found = _DEFANGED.search(text)
    if found and (end < 0 or found.start() < end):
        return _DEFANGED.sub(lambda mark: mark["text"] or ".", text)
    return text


def usual_name(text: str) -> str | None:
    """Return the host of a line of a domain list in a usual form, quickly; None for all others."""
    found = _USUAL.fullmatch(text.lower())
    name = found["name"] if found else ""
    return name if name and len(name) <= _LONGEST_NAME and not _OF_THE_MACHINE.fullmatch(name) else None


def domains(text: str) -> list[str]:
    """Return the hosts that a line of a domain list means; none for what a hosts file says of its machine.

    Raises ValueError with the reason if the line can match no host, or would match other ones.
    """
    first, *others = text.split()
    address = parse_address(first)
    if others and address:
        names = [name for name in others if not _OF_THE_MACHINE.fullmatch(name)]
        if names and not address.is_unspecified and not address.is_loopback:
            raise ValueError("it gives a name an address, as a hosts file does; 0.0.0.0 blocks one")
        return [_host(name) for name in names]
    if text.startswith("@@"):
        raise ValueError("it is an ad blocker's exception")
    if rule := _AD_BLOCKER.fullmatch(text):
        if not _OF_THE_DOMAIN.issuperset((rule["options"] or "all").split(",")):
            raise ValueError("it is an ad blocker's rule for some of the domain's requests")
        text = rule["host"]
    return [_host(text)]


def _host(text: str) -> str:
    name = _ALL_BELOW.sub("", text)
    uri = parse_uri(name)
    if uri.path != "/" or uri.query or "#" in name:
        raise ValueError("it is more than a host; URLs belong in a list of kind `urls`")
    _check_host(uri.host)
    # A cell of another column, such as a date. `.zip` means all names below.
    if "." not in uri.host and not is_address(uri.host) and name == text:
        raise ValueError("it is a name without a dot")
    return uri.host


def url(text: str) -> str:
    """Return the URL that a line of a URL list means. Raises ValueError if it can match none."""
    if text.endswith("*"):
        raise ValueError("it ends in a wildcard; URL lists have whole URLs")
    uri = parse_uri(text)
    _check_host(uri.host)
    # A cell of another column, such as a date.
    if "." not in uri.host and not is_address(uri.host) and "/" not in text:
        raise ValueError("it is no URL")
    return uri.normalized()


def _check_host(host: str) -> None:
    if is_address(host):
        # No client reaches 0.0.0.0/8, as which a number in another column reads.
        if parse_address(host) is None or host.startswith("0."):
            raise ValueError("it is no address that a client can reach")
    elif not _NAME.fullmatch(host) or len(host) > _LONGEST_NAME:
        raise ValueError("it has no host that a client can reach")
