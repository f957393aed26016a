"""The lists of domains that say what is known of a host, shipped in `lists/` or a site's own.

A list has a domain per line; `#` begins a comment. What holds for a domain holds for all names below it. A
line of a top list, `1,example.com`, is a domain, too. A file may be gzipped.
"""

import datetime as dt
import gzip
import importlib.resources
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import idna

from proxy_oa_assets.model.errors import RankingError
from proxy_oa_assets.model.text_file import IgnoredLines, numbered_lines

SETTING = "PROXY_OA_RANKING_LISTS"
# The list's name and what it says of a domain; `lists/README.md` names the sources.
LISTS = {
    "popular": "popular sites",
    "imitated": "sites that look-alikes imitate",
    "own_domains": "the organization's own domains",
    "ip_echo": "services that say a client's own address",
    "revocation": "certificate revocation",
    "updates": "updates of operating systems and programs",
    "dynamic_dns": "dynamic DNS",
    "shorteners": "URL shorteners",
    "user_content": "files and pages of any customer",
    "content_networks": "content networks that give names by contract",
}
# A user agent per line.
AGENTS = "known_good_agents"
SUFFIXES = "public_suffix_list.dat"
_SHIPPED = Path(__file__).with_name("lists")
_RANK = re.compile(r"\d+,")
_LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*", re.ASCII)
# A list is as old as its header says.
_AS_OF = re.compile(r"(?:# as of: |// VERSION: )(\d{4}-\d\d-\d\d)")
# Top lists have a million.
_MAX_LINES = 2_000_000


@dataclass(frozen=True)
class SuffixRule:
    """A rule of the Public Suffix List.

    `kind` is plain, wildcard (`*.name`) or exception (`!name`). `of` is registry for the rules of domain
    registries, company for those of companies that give names below their own.
    """

    name: str
    kind: str
    of: str


@dataclass(frozen=True)
class ListInForce:
    """A list's file, the number of its entries and the day it is of."""

    name: str
    path: Path
    entries: int
    as_of: dt.date
    is_own: bool


@dataclass(frozen=True)
class Lists:
    """The lists of a ranking: those of a folder, which PROXY_OA_RANKING_LISTS names, before the shipped ones.

    Each method raises RankingError naming file and line of what can't be used.
    """

    folder: Path | None = None

    @classmethod
    def of(cls, folder: str | None) -> Self:
        """Return the lists of a folder that a site configured, or the shipped ones."""
        return cls(Path(folder) if folder else None)

    def domains(self, name: str) -> list[str]:
        """Return a list's domains as DNS spells them."""
        path = self._path(f"{name}.txt")
        if path.parent == _SHIPPED:
            # Those are spelled so already, and checking 57,000 lines takes a fourth of a second.
            content = path.read_bytes()
            text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
            return [line for line in text.splitlines() if not line.startswith("#")]
        found = (_domain(path, number, line) for number, line in _lines(path))
        return list(dict.fromkeys(domain for domain in found if domain))

    def suffix_rules(self) -> list[SuffixRule]:
        """Return the rules of the Public Suffix List, those for names beyond ASCII as DNS spells them."""
        path, rules, of = self._path(SUFFIXES), [], "registry"
        for number, line in _lines(path):
            if line.startswith("//"):
                of = "company" if "BEGIN PRIVATE DOMAINS" in line else of
            elif rule := line.split(maxsplit=1)[:1]:
                kind = {"!": "exception", "*": "wildcard"}.get(rule[0][0], "plain")
                name = _domain(path, number, rule[0].lstrip("!"))
                rules.append(SuffixRule(name, kind, of))
        if not rules:
            raise RankingError(f"{path} has no rule; write the Public Suffix List, or remove the file")
        return rules

    def known_good_agents(self) -> list[str]:
        """Return the user agents that are known to be good, in which `*` is any text."""
        lines = (line.strip() for _, line in _lines(self._path(f"{AGENTS}.txt")))
        return [line for line in lines if line and not line.startswith("#")]

    def confusables(self) -> list[tuple[str, str]]:
        """Return letters of other scripts, each with the one of ASCII that it looks like."""
        lines = (line.split() for _, line in _lines(_SHIPPED / "confusables.txt") if not line.startswith("#"))
        return [(letter, like) for letter, like in lines]

    def in_force(self) -> Iterator[ListInForce]:
        """Yield each list with its size and age; a site's file without a date is as old as the file."""
        self._check_names()
        for name in LISTS:
            yield self._of(name, f"{name}.txt", len(self.domains(name)))
        yield self._of(AGENTS, f"{AGENTS}.txt", len(self.known_good_agents()))
        yield self._of(SUFFIXES, SUFFIXES, len(self.suffix_rules()))

    def _of(self, name: str, file: str, entries: int) -> ListInForce:
        path = self._path(file)
        dated = ((number, found[1]) for number, line in _lines(path) if (found := _AS_OF.match(line)))
        number, first = next(dated, (0, ""))
        try:
            as_of = dt.date.fromisoformat(first) if first else _date_of_file(path)
        except ValueError as error:
            raise RankingError(f"{path}:{number}: {first} is no date ({error}); correct it") from error
        return ListInForce(name, path, entries, as_of, is_own=path.parent == self.folder)

    def _path(self, file: str) -> Path:
        if self.folder:
            for path in (self.folder / file, self.folder / f"{file}.gz"):
                if path.is_file():
                    return path
        if file == SUFFIXES:
            # The package is the list, released as the list changes.
            return Path(str(importlib.resources.files("publicsuffixlist") / file))
        shipped = _SHIPPED / file
        return shipped if shipped.is_file() else _SHIPPED / f"{file}.gz"

    def _check_names(self) -> None:
        """Refuse a file that no list reads: its name is likely misspelled."""
        known = {*(f"{name}.txt" for name in (*LISTS, AGENTS)), SUFFIXES}
        for path in sorted(self.folder.iterdir()) if self.folder else ():
            if path.suffix in {".txt", ".dat", ".gz"} and path.name.removesuffix(".gz") not in known:
                raise RankingError(
                    f"{path} is no list of {SETTING}; name it as one of {', '.join(sorted(known))}, or "
                    f"remove it"
                )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    ignored = IgnoredLines()
    try:
        yield from numbered_lines(path, ignored, max_lines=_MAX_LINES)
    except (OSError, ValueError) as error:
        raise RankingError(f"{path} can't be read: {error}; {SETTING} names its folder") from error
    if ignored:
        raise RankingError(f"{ignored.first[0]}; write one entry per line")


def _date_of_file(path: Path) -> dt.date:
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC).date()


def _domain(path: Path, number: int, line: str) -> str:
    """Return the domain of a line, the empty string if it has none."""
    text = line.partition("#")[0].strip().lower()
    if _DOMAIN.fullmatch(text):
        return text
    name = _RANK.sub("", text, count=1) if text[:1].isdigit() else text
    name = name.removeprefix("*").removeprefix(".").removesuffix(".")
    if not name.isascii():
        try:
            name = idna.encode(name, uts46=True).decode("ascii")
        except idna.IDNAError:
            name = "?"
    if name and not _DOMAIN.fullmatch(name):
        raise RankingError(
            f"{path}:{number}: {text!r} is no domain; write one such as example.com, without scheme and path"
        )
    return name
