"""A line of buttons that give a severity by one click."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets

from proxy_oa_assets.investigation.scoring import SEVERITIES

_STYLES = {1: "danger", 2: "warning", 3: "info"}


class SeverityButtons:
    """High, medium and low for something; `give` is called with 1, 2 or 3."""

    def __init__(self, what: str, give: Callable[[int], None]) -> None:
        self.buttons = {number: _button(number, what, give) for number in SEVERITIES}
        label = ipywidgets.HTML(what, layout=ipywidgets.Layout(width="11em"))
        self.widget = ipywidgets.HBox([label, *self.buttons.values()])


def _button(number: int, what: str, give: Callable[[int], None]) -> ipywidgets.Button:
    name = SEVERITIES[number].capitalize()
    button = ipywidgets.Button(
        description=f"{number} {name}",
        tooltip=f"{what}: {name.lower()} risk",
        button_style=_STYLES[number],
        layout=ipywidgets.Layout(width="7em"),
    )
    button.on_click(lambda _: give(number))
    return button
