"""What a notebook's cell shows."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets


class Shown:
    """Widgets below one another; a cell that ends with it shows them."""

    def __init__(self, widgets: Sequence[ipywidgets.Widget]) -> None:
        self.widget = ipywidgets.VBox(list(widgets))

    def _repr_mimebundle_(self, **options: object) -> object:
        return self.widget._repr_mimebundle_(**options)
