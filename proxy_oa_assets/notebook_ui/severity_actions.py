"""The buttons below a table that give a severity by one click."""

from collections.abc import Callable
from functools import partial

from proxy_oa_assets.investigation.scoring import SEVERITIES
from proxy_oa_assets.notebook_ui.text_table import Action

_STYLES = {1: "danger", 2: "warning", 3: "info"}


def severity_actions(what: str, give: Callable[[int], None]) -> list[Action]:
    """Return high, medium and low for something; `give` is called with 1, 2 or 3."""
    return [
        Action(
            line=what,
            text=f"{number} {name.capitalize()}",
            title=f"{what}: {name} risk",
            do=partial(give, number),
            style=_STYLES[number],
        )
        for number, name in SEVERITIES.items()
    ]
