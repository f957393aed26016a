"""Pictures of measured figures, as SVG that is the same for the same figures."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.ticker import EngFormatter, NullLocator

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
    """Draw panels beside each other, at most three in a row, into an SVG file."""
    rows = -(-len(panels) // _COLUMNS)
    columns = min(len(panels), _COLUMNS)
    with mpl.rc_context(_STYLE):
        picture = Picture(figsize=(columns * _INCHES[0], rows * _INCHES[1]), layout="constrained")
        for place, panel in enumerate(panels, start=1):
            axes = picture.add_subplot(rows, columns, place)
            (_growth if panel.axis else _kinds)(axes, panel, groups)
        file.parent.mkdir(parents=True, exist_ok=True)
        picture.savefig(file, format="svg", metadata={"Date": None, "Creator": None})


def _growth(axes: Axes, panel: Panel, groups: Iterable[Group]) -> None:
    """Draw figures over what grows, with their spread and the target that they share."""
    along = [group for group in groups if group.axis == panel.axis]
    sizes = [group.size for group in along]
    targets = set()
    for what in panel.what:
        figures = [figure for group in along for figure in group.figures if figure.what == what]
        axes.errorbar(
            sizes,
            [each.value for each in figures],
            _errors(figures),
            label=what,
            marker="o",
            markersize=4,
            capsize=2,
        )
        targets |= {each.target for each in figures if each.target is not None}
    for target in targets:
        axes.axhline(target, color="gray", linestyle="--", label="target")
    axes.set_xscale("log")
    axes.set_xticks(sizes)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set_xlabel(panel.axis)
    axes.set_ylabel(panel.label)
    if panel.logarithmic:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.legend(fontsize=7)


def _kinds(axes: Axes, panel: Panel, groups: Iterable[Group]) -> None:
    """Draw a quantity of several kinds, a colour per group."""
    kinds: list[str] = []
    for group in groups:
        figures = {
            kind: figure
            for figure in group.figures
            for kind, quantity in [figure.what.split(": ")]
            if quantity in panel.what
        }
        kinds = list(figures)
        axes.errorbar(
            [each.value for each in figures.values()],
            kinds,
            xerr=_errors(list(figures.values())),
            label=group.title,
            linestyle="",
            marker="o",
            markersize=5,
            capsize=2,
        )
    axes.invert_yaxis()
    if panel.logarithmic:
        axes.set_xscale("log")
    axes.set_xlabel(panel.label)
    axes.legend(fontsize=7)


def _errors(figures: Sequence[Figure]) -> list[list[float]]:
    """Return how far the rounds reach below and above each figure."""
    spreads = [each.spread or (each.value, each.value) for each in figures]
    below = [each.value - least for each, (least, _) in zip(figures, spreads, strict=True)]
    return [below, [most - each.value for each, (_, most) in zip(figures, spreads, strict=True)]]
