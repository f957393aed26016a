"""Templates in which every value is data, and the style of all plots.

Control and bidirectional characters of a value become escapes, then markup is escaped. What a template has
rendered, such as a plot in a page, stays as it is.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from proxy_oa_assets.investigation.defanging import defanged
from proxy_oa_assets.model.text import printable, shortened
from proxy_oa_assets.ranking.letters import letter_note

INK = "#374151"
FAINT_INK = "#5b6472"
GRID = "#e2e6ec"
AXIS = "#8c94a0"
AREA = "#6ea3de"
ACCENT = "#1f5fa8"
ACCENT_PALE = "#dbe8f7"
# For what needs attention; also the colour of a high severity.
ALARM = "#d01c2c"
# By severity; dark enough on white for small text (WCAG AA).
SEVERITY = {1: ALARM, 2: "#b45309", 3: "#55606e"}

_MOST_INTERVALS = 4
_MILLION = 1_000_000


def round_ticks(most: int) -> list[int]:
    """Return three to five counts from 0 to at least `most`, 1, 2 or 5 times a power of ten apart."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            intervals = max(2, -(-most // step))
            if intervals <= _MOST_INTERVALS:
                return [step * number for number in range(intervals + 1)]
        power *= 10


def tick_label(tick: int, top: int) -> str:
    """Return a count's label on an axis that ends at `top`."""
    return f"{tick / _MILLION:,g}M" if tick and top >= _MILLION else f"{tick:,}"


def render(template: str, **values: object) -> Markup:
    """Return a template of the folder `templates` with these values in it."""
    # A template's module is marked as markup, so that nothing is escaped twice.
    return escape(_TEMPLATES.get_template(template).make_module(values))


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates"), encoding="utf-8"),
    autoescape=True,
    finalize=lambda value: value if isinstance(value, Markup) else printable(value),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["style"] = {name: value for name, value in globals().items() if name.isupper()}
_TEMPLATES.filters["shortened"] = shortened
_TEMPLATES.filters["defanged"] = lambda text: defanged(str(text))
_TEMPLATES.filters["letter_note"] = lambda text: letter_note(str(text))
