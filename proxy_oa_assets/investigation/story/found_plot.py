"""The plot of an evaluation: how much of what is labelled stands in the first places."""

import math

from markupsafe import Markup

from proxy_oa_assets.investigation.story.rendering import ACCENT, ALARM, render
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.ranking.evaluation import Evaluation, Found

_LEFT, _TOP, _RIGHT, _BOTTOM = 64, 44, 928, 232


def found_svg(day: Day, found: Evaluation) -> Markup:
    """Return a plot, 960 by 270 pixels, of the shares found over places on a logarithmic axis."""
    decades = max(1, math.ceil(math.log10(max(found.pairs.ranked, 10))))

    def x(place: int) -> float:
        return round(_LEFT + math.log10(place) / decades * (_RIGHT - _LEFT), 1)

    def y(share: float) -> float:
        return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)

    def path(of: Found) -> str:
        steps = [f"M{_LEFT} {y(0)}"]
        for number, place in enumerate(of.bad_places, 1):
            steps.append(f"H{x(place)}V{y(number / of.bad)}")
        return "".join([*steps, f"H{_RIGHT}"])

    return render(
        "found.svg",
        day=day.key,
        curves=[
            (_LEFT, ALARM, f"of {found.pairs.bad:,} labelled connections", path(found.pairs)),
            (_LEFT + 330, ACCENT, f"of {found.clients.bad:,} labelled clients", path(found.clients)),
        ],
        left=_LEFT,
        right=_RIGHT,
        bottom=_BOTTOM,
        shares=[(y(percent / 100), f"{percent} %") for percent in (0, 25, 50, 75, 100)],
        places=[(x(10**power), f"{10**power:,}") for power in range(decades + 1)],
    )
