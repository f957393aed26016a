"""Labels: which (client, host) pairs of a day an analyst, or the maker of a data set, knows for attacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DayError, LabelsError
from proxy_oa_assets.model.text_file import IgnoredLines, cells, numbered_lines

if TYPE_CHECKING:
    from pathlib import Path

Pair = tuple[str, str]

_COLUMNS = ("p_date", "clientip", "host", "label")
_CONFIRMED = "confirmed"
_BENIGN = "benign"
_EXAMPLE = "p_date,clientip,host,label as first line, then such as 2016-09-12,10.0.0.7,host.example,confirmed"
_NAMED_DAYS = 5


@dataclass(frozen=True)
class Labels:
    """A day's labelled (client, host) pairs, hosts in lower case. The confirmed ones are bad, too."""

    bad: frozenset[Pair]
    confirmed: frozenset[Pair]


def read_labels(path: Path, day: Day) -> Labels:
    """Read a day's labels from a CSV file with a header; columns p_date, clientip, host, label, and others.

    A label that begins with `benign` is no attack's; `confirmed` ones are counted apart, too. Raises
    LabelsError naming the line if one can't be used, and if no line is of the day.
    """
    bad: set[Pair] = set()
    confirmed: set[Pair] = set()
    days: set[str] = set()
    ignored = IgnoredLines()
    try:
        lines = ((number, _cells(path, number, line)) for number, line in numbered_lines(path, ignored))
        _, header = next(lines, (1, []))
        positions = _positions(path, header)
        for number, row in lines:
            if not any(row):
                continue
            if len(row) != len(header):
                raise LabelsError(
                    f"{path}:{number}: {len(row)} fields instead of the {len(header)} of the first line; "
                    f"quote a field that has a comma or a quote in it"
                )
            date, client, host, label = (row[position].strip() for position in positions)
            if not (client and host and label):
                raise LabelsError(
                    f"{path}:{number}: clientip, host or label is empty; fill it, or delete the line"
                )
            days.add(_day(f"{path}:{number}", date).key)
            if date != day.key or label.lower().startswith(_BENIGN):
                continue
            bad.add((client, host.lower()))
            if label.lower() == _CONFIRMED:
                confirmed.add((client, host.lower()))
    except (OSError, ValueError) as error:
        raise LabelsError(f"{path} can't be read: {error}; --labels names it") from error
    if ignored:
        raise LabelsError(f"{ignored.first[0]}; shorten or delete it")
    if not bad:
        named = ", ".join(sorted(days)[:_NAMED_DAYS]) or "no day"
        more = f" and {len(days) - _NAMED_DAYS} more" if len(days) > _NAMED_DAYS else ""
        raise LabelsError(
            f"{path} has no attack of {day}: it labels {named}{more}; choose one of them with --date, or add "
            f"lines whose p_date is {day}"
        )
    return Labels(frozenset(bad), frozenset(confirmed))


def _cells(path: Path, number: int, line: str) -> list[str]:
    try:
        return cells(line, ",")
    except ValueError as error:
        raise LabelsError(f"{path}:{number}: {error}; correct its quotes") from error


def _positions(path: Path, header: list[str]) -> list[int]:
    names = [name.strip().lower() for name in header]
    if missing := [name for name in _COLUMNS if name not in names]:
        raise LabelsError(f"{path}:1: no column {', '.join(missing)}; labels have {_EXAMPLE}")
    return [names.index(name) for name in _COLUMNS]


def _day(place: str, date: str) -> Day:
    try:
        return Day.parse(date)
    except DayError as error:
        raise LabelsError(f"{place}: p_date {error}") from error
