"""Sigma rules of a folder: those for proxies, as conditions of SQL.

https://sigmahq.io/sigma-specification. A rule that can't be used costs no other: it is a `Refused` with its
file and the reason.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaLevel, SigmaRule, SigmaStatus

from proxy_oa_assets.model.text import counted
from proxy_oa_assets.ranking.voices.condition import Condition, Sql, any_of
from proxy_oa_assets.ranking.voices.sigma_sql import UnportableError, condition_of

_CATEGORY = "proxy"
# Reading YAML is slow, and a folder can hold thousands of rules for other logs.
_CONCERNS_PROXIES = re.compile(
    rb"""category['"]?\s*:\s*['"]?proxy\b|^\s*['"]?correlation['"]?\s*:""", re.MULTILINE
)
# Covered by another rule, or of no use as they are; a clone of SigmaHQ's repository has both.
_RETIRED = (SigmaStatus.DEPRECATED, SigmaStatus.UNSUPPORTED)
# PyYAML's errors for `"\UFFFFFFFF"`, `2016-02-30`, `!!int ''` and the like.
_NO_VALUE = (ValueError, LookupError, OverflowError)
# How far a hit raises a pair, by the rule's level; a rule without one is as Sigma's medium ones.
_WEIGHTS = {
    SigmaLevel.INFORMATIONAL: 0.1,
    SigmaLevel.LOW: 0.3,
    SigmaLevel.MEDIUM: 0.5,
    SigmaLevel.HIGH: 0.8,
    SigmaLevel.CRITICAL: 1.0,
}


@dataclass(frozen=True)
class Rule:
    """A rule: what its licence asks to be shown of it, what a hit is worth from 0 to 1, and its condition."""

    title: str
    author: str
    weight: float
    condition: Sql


@dataclass(frozen=True)
class Refused:
    """What can't be used of a file, relative to the folder, and why."""

    file: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(frozen=True)
class RuleFolder:
    """A folder's rules in the order of their files, what was refused, and what works in part."""

    rules: tuple[Rule, ...]
    refused: tuple[Refused, ...]
    limited: tuple[Refused, ...]

    def notes(self, folder: Path) -> list[str]:
        """Return what a user should know of it, a line each."""
        used = f"{counted(len(self.rules), 'Sigma rule')} for proxies in {folder}"
        return [used, *(f"not used: {each}" for each in self.refused), *map(str, self.limited)]


def read_rules(folder: Path) -> RuleFolder:
    """Read each YAML file below a folder."""
    refused: list[Refused] = []
    limited: list[Refused] = []
    rules: list[Rule] = []
    collected: list[tuple[str, SigmaRule]] = []
    filters: list[SigmaFilter] = []
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() not in (".yml", ".yaml") or file.is_dir():
            continue
        name = str(file.relative_to(folder))
        for found in _documents(file):
            match found:
                case SigmaFilter():
                    filters.append(found)
                case SigmaRule():
                    collected.append((name, found))
                case _:
                    refused.append(Refused(name, found))
    for name, rule in collected:
        missing: set[str] = set()
        try:
            rules.append(_converted(_filtered(rule, filters), missing))
        except (SigmaError, UnportableError) as error:
            refused.append(Refused(name, _one_line(error)))
            continue
        if missing:
            fields = ", ".join(sorted(missing))
            limited.append(Refused(name, f"proxy has no {fields}: conditions on it never hold"))
    return RuleFolder(tuple(rules), tuple(refused), tuple(limited))


def _documents(file: Path) -> Iterator[SigmaRule | SigmaFilter | str]:
    """Yield a file's rules and filters for proxies, and the reason for each document that can't be one."""
    try:
        content = file.read_bytes()
        if not _CONCERNS_PROXIES.search(content):
            return
        collection = SigmaCollection.from_yaml(
            content.decode("utf-8-sig"), collect_errors=True, collect_filters=True, resolve_references=False
        )
    except OSError as error:
        yield f"it can't be read: {error.strerror}"
        return
    except UnicodeDecodeError:
        yield "it isn't UTF-8; save it as UTF-8"
        return
    except (yaml.YAMLError, SigmaError, *_NO_VALUE, AttributeError, TypeError, RecursionError) as error:
        # pySigma takes it for granted that a document is a mapping with texts as keys.
        yield f"it is no Sigma rule: {_one_line(error)}"
        return
    errors = [*collection.errors, *(error for rule in collection.rules for error in rule.errors)]
    yield from dict.fromkeys(map(_one_line, errors))
    yield from collection.filters
    for rule in collection.rules:
        if isinstance(rule, SigmaCorrelationRule):
            yield "correlation rules aren't supported: a rule is evaluated on one request"
        elif not rule.errors and rule.logsource.category == _CATEGORY:
            yield f"its status is {rule.status}" if rule.status in _RETIRED else rule


def _filtered(rule: SigmaRule, filters: Iterable[SigmaFilter]) -> SigmaRule:
    for one in filters:
        with _refusing(f"the filter {one.title!r} can't be applied to it"):
            filtered = one.apply_on_rule(rule)
        if isinstance(filtered, SigmaRule):
            rule = filtered
    return rule


def _converted(rule: SigmaRule, missing: set[str]) -> Rule:
    condition = any_of(_conditions(rule, missing))
    if isinstance(condition, bool):
        holds = "for every request" if condition else "for no request"
        why = f", because proxy has no {', '.join(sorted(missing))}" if missing else ""
        raise UnportableError(f"its condition holds {holds}{why}")
    level = rule.level or SigmaLevel.MEDIUM
    return Rule(rule.title, rule.author or "", _WEIGHTS[level], condition)


def _conditions(rule: SigmaRule, missing: set[str]) -> Iterable[Condition]:
    for condition in rule.detection.parsed_condition:
        if not isinstance(condition.condition, str):
            raise UnportableError(f"its condition {condition.condition!r:.80} is no text")
        with _refusing("its condition can't be read"):
            parsed = condition.parsed
        yield condition_of(parsed, missing)


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Raise UnportableError for what pySigma raises where it takes the type of a value for granted."""
    try:
        yield
    except (AttributeError, TypeError, RecursionError) as error:
        raise UnportableError(f"{what}: {error}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
