"""The column maps of `proxy_conf.json`, validated entry by entry."""

import json
from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from proxy_oa_assets.model.errors import ConfError
from proxy_oa_assets.model.tables import PROXY_SCORES, RESULT_COLUMNS
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.model.text_file import parse_nested, settings_text

# Filled in after the lookup, so they can't be looked up.
_ADDED = ("uri_rep", "respcode_name", "network_context")

RESULT_FIELDS = tuple(column.name for column in RESULT_COLUMNS)

# The most suspicious rows that a day takes by default.
DEFAULT_LIMIT = 500

_LONGEST_REASON = 500  # characters; an entry's name can be of any length
_SECTIONS = ("proxy_results_fields", "proxy_score_fields", "add_reputation")


@dataclass(frozen=True)
class ColumnMap:
    """The validated column maps.

    `results` are the columns of `proxy_results.csv` in file order; `reputation_column` is the column of
    `proxy_scores` whose values are looked up.
    """

    results: tuple[str, ...]
    reputation_column: str


def load_column_map(path: Path) -> ColumnMap:
    """Read and validate a conf file. Raises ConfError naming the file and the entry that is wrong."""
    try:
        text = settings_text(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfError(f"{path} can't be read ({error}); PROXY_OA_CONF names the conf file") from error
    try:
        return _validated(parse_nested(partial(json.loads, object_pairs_hook=_without_repeats), text))
    except (ValueError, ConfError) as error:
        raise ConfError(f"{path}: {printable(error, _LONGEST_REASON)}") from None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for name, count in Counter(name for name, _ in pairs).items():
        if count > 1:
            raise ValueError(f"{name!r} occurs twice; remove one")
    return dict(pairs)


def _validated(content: object) -> ColumnMap:
    if not isinstance(content, dict):
        raise ConfError(f"it must be a JSON object with {', '.join(_SECTIONS)}")
    for section in _SECTIONS:
        if not isinstance(content.get(section), dict):
            raise ConfError(f"{section} must be an object of column names and indexes")
    results = _in_order("proxy_results_fields", content["proxy_results_fields"], RESULT_FIELDS)
    scores = _in_order("proxy_score_fields", content["proxy_score_fields"], PROXY_SCORES.column_names)
    for index, (name, expected) in enumerate(zip_longest(scores, PROXY_SCORES.column_names)):
        if name != expected:
            raise ConfError(
                f"proxy_score_fields.{name} is {index}, but column {index} of the table proxy_scores is "
                f"{expected}; write the table's columns in its order, and no others"
            )
    return ColumnMap(results, _reputation_column(content["add_reputation"], scores))


def _in_order(section: str, indexes: dict[str, object], required: tuple[str, ...]) -> tuple[str, ...]:
    """Return the section's names in the order of their indexes, which must be 0, 1, 2 and so on."""
    by_index: dict[int, str] = {}
    for name, index in indexes.items():
        number = _index(f"{section}.{name}", index)
        if number in by_index:
            raise ConfError(f"{section}.{name} and {section}.{by_index[number]} both have index {number}")
        by_index[number] = name
    for name in required:
        if name not in indexes:
            raise ConfError(f"{section}.{name} is missing")
    for number in range(len(by_index)):
        if number not in by_index:
            raise ConfError(f"{section} has no column with index {number}; its highest is {max(by_index)}")
    return tuple(by_index[number] for number in range(len(by_index)))


def _index(entry: str, index: object) -> int:
    if isinstance(index, bool) or not isinstance(index, int) or index < 0:
        raise ConfError(f"{entry} is {index!r}; write a whole number from 0")
    return index


def _reputation_column(section: dict[str, object], scores: tuple[str, ...]) -> str:
    if len(section) != 1:
        raise ConfError(f"add_reputation names {len(section)} columns; name exactly one, such as fulluri")
    ((name, index),) = section.items()
    if name not in scores:
        raise ConfError(f"add_reputation.{name}: proxy_scores has no such column")
    if scores.index(name) != _index(f"add_reputation.{name}", index):
        raise ConfError(
            f"add_reputation.{name} is {index}, but proxy_score_fields.{name} is {scores.index(name)}"
        )
    if name in _ADDED or PROXY_SCORES.columns[scores.index(name)].type != "STRING":
        raise ConfError(
            f"add_reputation.{name} can't be looked up; name a text column of the results, such as fulluri"
        )
    return name
