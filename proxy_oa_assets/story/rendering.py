"""Templates in which every value is data.

A value is written with its control and bidirectional characters as escapes, and then escaped for markup; what
a template made itself, a plot in a page, stays as it is.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from proxy_oa_assets import plot_style
from proxy_oa_assets.display import printable, shortened


def render(template: str, **values: object) -> Markup:
    """Return a template of the folder `templates` with these values in it."""
    # As a module, a template knows itself that its text is markup: nothing is escaped once more.
    return escape(_TEMPLATES.get_template(template).make_module(values))


def _visible(value: object) -> object:
    return value if isinstance(value, Markup) else printable(value)


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates"), encoding="utf-8"),
    autoescape=True,
    finalize=_visible,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["style"] = plot_style
_TEMPLATES.filters["shortened"] = shortened
