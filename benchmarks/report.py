"""Write kept figures into docs/performance.md and README: tables, pictures, and which targets are met."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from benchmarks.document import table, write_measured
from benchmarks.figures import Figure, Group
from benchmarks.parts import PARTS, TELLING, Part
from benchmarks.plots import draw
from benchmarks.results import Result, kept

_PICTURES = "pictures/performance"
_HEADER = ("what", "median", "least to most", "target", "")


def write_document(document: Path, results: Path) -> None:
    """Write the sections of each part, of the targets and of the machine, and the pictures beside it."""
    found = {part: result for part in PARTS if (result := kept(part, results))}
    for name, part in PARTS.items():
        write_measured(document, name, _section(name, part, found.get(name), document.parent))
    write_measured(document, "targets", _targets(found))
    write_measured(document, "machine", _machines(found.values()))


def write_readme(readme: Path, results: Path) -> None:
    """Write the most telling figures."""
    rows = [
        (f"{what}; {group.title}", *_columns(figure))
        for part, title, what in TELLING
        if (result := kept(part, results))
        for group in [each for each in result.groups if each.title.startswith(title)][:1]
        for figure in group.figures
        if figure.what == what
    ]
    write_measured(readme, "speed", table(_HEADER, rows))


def _section(name: str, part: Part, result: Result | None, docs: Path) -> str:
    if result is None:
        return f"Not measured yet: `python -m benchmarks.all --only {name}`."
    if result.lacking:
        return f"**Skipped** on {result.day}: {result.lacking}"
    texts = [f"Measured on {result.day} in {result.minutes:.1f} minutes."]
    if part.panels:
        picture = f"{_PICTURES}/{name}.svg"
        draw(part.panels, result.groups, docs / picture)
        texts.append(f"![Cost of {part.about}]({picture})")
    for axis, groups in groupby(result.groups, key=lambda group: group.axis):
        texts += _tables(axis, list(groups))
    return "\n\n".join(texts)


def _tables(axis: str, groups: Sequence[Group]) -> Iterator[str]:
    if axis and not _has_kinds(groups[0]):
        yield _along(axis, groups)
        return
    for group in groups:
        yield f"{group.title}:"
        yield _by_kind(group) if _has_kinds(group) else _plain(group)


def _has_kinds(group: Group) -> bool:
    """Return whether every figure is named `KIND: QUANTITY`."""
    return all(": " in figure.what for figure in group.figures)


def _plain(group: Group) -> str:
    return table(_HEADER, ((figure.what, *_columns(figure)) for figure in group.figures))


def _along(axis: str, groups: Sequence[Group]) -> str:
    """Return a table with a column per size."""
    rows = [
        (same[0].what, *map(_cell, same), same[0].target_text)
        for same in zip(*(group.figures for group in groups), strict=True)
    ]
    return table((axis, *(f"{group.size:,}" for group in groups), "target"), rows)


def _by_kind(group: Group) -> str:
    """Return a table with a column per quantity."""
    cells: dict[str, dict[str, str]] = {}
    targets: dict[str, set[str]] = {}
    for figure in group.figures:
        kind, quantity = figure.what.split(": ")
        cells.setdefault(kind, {})[quantity] = _cell(figure)
        targets.setdefault(quantity, set()).update({figure.target_text} - {""})
    header = (" ".join([quantity, *(f"({each})" for each in some)]) for quantity, some in targets.items())
    rows = ((kind, *(row.get(quantity, "") for quantity in targets)) for kind, row in cells.items())
    return table(("", *header), rows)


def _columns(figure: Figure) -> tuple[str, str, str, str]:
    return figure.text, figure.spread_text, figure.target_text, _verdict(figure)


def _cell(figure: Figure) -> str:
    spread = f" ({figure.spread_text})" if figure.spread else ""
    return f"{figure.text}{spread} {_verdict(figure)}".rstrip()


def _verdict(figure: Figure) -> str:
    return "**missed**" if figure.verdict == "missed" else figure.verdict


def _targets(results: Mapping[str, Result]) -> str:
    """Return a row per figure or quantity that has a target, over all sizes and kinds that were measured."""
    rows = []
    for name, result in results.items():
        aimed: dict[tuple[str, str], list[tuple[Figure, Group]]] = {}
        for group in result.groups:
            for figure in group.figures:
                if figure.target:
                    key = figure.what.rpartition(": ")[2], figure.target_text
                    aimed.setdefault(key, []).append((figure, group))
        for (what, target), same in aimed.items():
            texts = [figure.text for figure, _ in sorted(same, key=lambda one: one[0].value)]
            medians = " to ".join(dict.fromkeys((texts[0], texts[-1])))
            rows.append((PARTS[name].about, what, medians, target, _verdict_of(same)))
    return table(("part", "figure", "medians", "target", ""), rows)


def _verdict_of(same: Sequence[tuple[Figure, Group]]) -> str:
    missed = [(figure, group) for figure, group in same if figure.verdict == "missed"]
    if not missed:
        return "met"
    if len(missed) == len(same):
        return "**missed**"
    if _has_kinds(missed[0][1]):
        return f"**missed** by {len(missed)} of {len(same)}"
    return f"**missed** at {'; '.join(group.title for _, group in missed)}"


def _machines(results: Iterable[Result]) -> str:
    """Return the machine; if there were several, each with the parts that it measured."""
    parts: dict[str, list[str]] = {}
    for result in results:
        parts.setdefault(result.machine, []).append(PARTS[result.part].about)
    if len(parts) == 1:
        return next(iter(parts))
    lines = (f"- {', '.join(names)}: {machine}" for machine, names in parts.items())
    return "\n".join(lines) or "Not measured yet."
