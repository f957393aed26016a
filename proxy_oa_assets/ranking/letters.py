"""Hosts whose letters imitate other letters, in words for people."""

import functools
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress

import idna

from proxy_oa_assets.model.text import printable
from proxy_oa_assets.ranking.host_lists import Lists

_HOST = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*://)?(?:[^/?#@]*@)?([^/?#:]+)", re.IGNORECASE)
# DNS has no longer names.
_LONGEST = 255
# As `look_alikes.py` has them: what a word looks like, and how long one is that is worth imitating.
_ASCII_LOOKS, _LEAST = str.maketrans("0135i", "olesl"), 5
# Scripts of one language, which stand with Latin letters, too (UTS #39, highly restrictive).
_TOGETHER = (
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA"},
    {"LATIN", "CJK", "BOPOMOFO"},
    {"LATIN", "CJK", "HANGUL"},
)


def marked(text: str) -> str:
    """Return a host, URI or referer with what `letter_note` says of it, as plain text."""
    note = letter_note(text)
    return f"{text} [{note}]" if note else text


def letter_note(text: str) -> str:
    """Return what the letters in the host of a URI or host imitate, such as `looks like paypal.com`.

    Before it stands how DNS spells the host, or what a host in that spelling (`xn--`) shows. A host has no
    note, an empty text, if its letters are of one script and unlike those of another name. Letters of ASCII
    (`paypa1.com`) are compared with the words of well-known sites.
    """
    found = _HOST.match(text[: 2 * _LONGEST])
    host = found[1].strip().rstrip(".").lower() if found else ""
    if not host or len(host) > _LONGEST:
        return ""
    shown = ".".join(map(shown_label, host.split(".")))
    if shown.isascii():
        like = _as_read(shown)
        return f"looks like {like}" if like != shown and not _known(shown) else ""
    with suppress(UnicodeError):
        if (dns := idna.encode(host, uts46=True).decode("ascii")) != host and "xn--" not in dns:
            return f"stands for {dns}"
    notes = list(_notes(unicodedata.normalize("NFKC", shown)))
    return printable("; ".join([shown if host.isascii() else _spelled(host), *notes])) if notes else ""


def shown_label(label: str) -> str:
    """Return the letters that a label of a domain shows if DNS spells others with it (`xn--`)."""
    if label.startswith("xn--"):
        # Most hostile texts are no labels: they stay as they are.
        with suppress(UnicodeError):
            shown = label.removeprefix("xn--").encode("ascii").decode("punycode").lower()
            # Half a surrogate pair is no text.
            shown.encode()
            return shown
    return label


def _notes(host: str) -> Iterator[str]:
    plain = _without_accents(host)
    like = _as_read(plain.translate(_confusables()))
    # An accent alone is another name's only if that is well known: `münchen.de` is no imitation.
    known = any(one != other and one in _words() for one, other in _pairs(like, host))
    if like.isascii() and (known or not plain.isascii()):
        yield f"looks like {like}"
    for label in host.split("."):
        scripts = {unicodedata.name(char, "?").split()[0] for char in label if char.isalpha()}
        if len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER):
            yield f"mixes {' and '.join(sorted(name.capitalize() for name in scripts))} letters"


def _spelled(host: str) -> str:
    with suppress(UnicodeError):
        return idna.encode(host, uts46=True).decode("ascii")
    labels = (f"xn--{part.encode('punycode').decode('ascii')}" for part in host.split("."))
    pairs = zip(host.split("."), labels, strict=True)
    return ".".join(label if label.isascii() else spelled for label, spelled in pairs)


def _as_read(host: str) -> str:
    """Return a host with the words of well-known sites in place of labels that look like them."""
    *labels, last = host.split(".")
    read = (label if label in _words() else _looks().get(_look(label), label) for label in labels)
    return ".".join([*read, last])


def _pairs(one: str, other: str) -> Iterator[tuple[str, str]]:
    return zip(one.split("."), other.split("."), strict=False)


def _look(word: str) -> str:
    return word.translate(_ASCII_LOOKS).replace("rn", "m").replace("vv", "w")


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))


def _known(host: str) -> bool:
    """Whether a host is a popular or well-known site, or below one."""
    labels = host.split(".")
    return any(".".join(labels[place:]) in _sites() for place in range(len(labels) - 1))


@functools.cache
def _confusables() -> dict[int, str]:
    return {ord(letter): like for letter, like in Lists().confusables()}


@functools.cache
def _sites() -> frozenset[str]:
    lists = Lists()
    return frozenset((*lists.domains("popular"), *lists.domains("imitated")))


@functools.cache
def _words() -> frozenset[str]:
    """Return the words of well-known sites that are long enough to imitate."""
    words = (domain.partition(".")[0] for domain in Lists().domains("imitated"))
    return frozenset(word for word in words if word.isascii() and len(_look(word)) >= _LEAST)


@functools.cache
def _looks() -> dict[str, str]:
    """Return those words by what they look like."""
    return {_look(word): word for word in sorted(_words(), reverse=True)}
