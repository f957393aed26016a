"""Pictures of measured figures, as SVG that is the same for the same figures."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import EngFormatter, LogLocator, NullLocator, StrMethodFormatter

from benchmarks.figures import Figure, Group
from benchmarks.parts import Panel

_STYLE: dict[Any, Any] = {
    # Without it, the names of an SVG's elements are random.
    "svg.hashsalt": "proxy-oa",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
}
_COLUMNS = 3
_INCHES = 3.6, 3.0


def draw(panels: Sequence[Panel], groups: Sequence[Group], file: Path) -> None:
    """Draw the panels of which there are figures beside each other, three in a row, into an SVG file."""
    lines = [(panel, found) for panel in panels if (found := _lines(panel, groups))]
    rows, columns = -(-len(lines) // _COLUMNS), min(len(lines), _COLUMNS)
    with mpl.rc_context(_STYLE):
        picture = Picture(figsize=(columns * _INCHES[0], rows * _INCHES[1]), layout="constrained")
        for place, (panel, found) in enumerate(lines, start=1):
            axes = picture.add_subplot(rows, columns, place)
            if panel.axis:
                _draw_growth(axes, panel, found)
            else:
                _draw_kinds(axes, panel, found)
                # The same kinds and groups stand beside each other.
                axes.tick_params(labelleft=place % columns == 1)
        if not panels[0].axis:
            picture.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=columns)
        file.parent.mkdir(parents=True, exist_ok=True)
        picture.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def _lines(panel: Panel, groups: Iterable[Group]) -> dict[str, list[tuple[int | str, Figure]]]:
    """Return the figures of a panel with their places: sizes by figure, or kinds by group."""
    lines: dict[str, list[tuple[int | str, Figure]]] = {}
    for group in groups:
        for figure in group.figures:
            kind, _, quantity = figure.what.rpartition(": ")
            if panel.axis == group.axis and figure.what in panel.what:
                lines.setdefault(figure.what, []).append((group.size, figure))
            elif not panel.axis and quantity in panel.what:
                lines.setdefault(group.title, []).append((kind, figure))
    return lines


def _draw_growth(axes: Axes, panel: Panel, lines: Mapping[str, list[tuple[int | str, Figure]]]) -> None:
    """Draw figures over what grows, with their spread and their targets."""
    for what, points in lines.items():
        sizes, values, spread = _points(points)
        axes.errorbar(sizes, values, spread, label=what, marker="o", markersize=4, capsize=2)
        axes.set_xscale("log")
        axes.set_xticks(sizes)
    for target in {figure.target for points in lines.values() for _, figure in points if figure.target}:
        axes.axhline(target, color="gray", linestyle="--", label="target")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set_xlabel(panel.axis)
    axes.set_ylabel(panel.label)
    if panel.logarithmic:
        axes.set_yscale("log")
        _number(axes.yaxis)
    else:
        axes.set_ylim(bottom=0)
    axes.legend(fontsize=7)


def _draw_kinds(axes: Axes, panel: Panel, lines: Mapping[str, list[tuple[int | str, Figure]]]) -> None:
    """Draw a quantity of several kinds, a colour per group."""
    for title, points in lines.items():
        kinds, values, spread = _points(points)
        axes.errorbar(values, kinds, xerr=spread, label=title, linestyle="", marker="o", capsize=2)
    axes.invert_yaxis()
    axes.set_xlabel(panel.label)
    if panel.logarithmic:
        axes.set_xscale("log")
        _number(axes.xaxis)


def _number(axis: Axis) -> None:
    """Write a logarithmic axis's numbers as they are, not as powers of ten."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(StrMethodFormatter("{x:,g}"))


def _points(
    points: Sequence[tuple[int | str, Figure]],
) -> tuple[list[int | str], list[float], list[list[float]]]:
    """Return places, figures, and how far the rounds reach below and above each."""
    values = [figure.value for _, figure in points]
    spreads = [figure.spread or (figure.value, figure.value) for _, figure in points]
    below = [value - least for value, (least, _) in zip(values, spreads, strict=True)]
    above = [most - value for value, (_, most) in zip(values, spreads, strict=True)]
    return [place for place, _ in points], values, [below, above]
