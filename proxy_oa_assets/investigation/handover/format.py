"""What a format of hand-overs is, and the formats there are: a file each in `formats/`."""

import functools
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from proxy_oa_assets.investigation.handover import formats
from proxy_oa_assets.investigation.handover.selection import HandOver
from proxy_oa_assets.model.errors import HandOverError

TLP = ("clear", "green", "amber", "red")


@dataclass(frozen=True)
class Format:
    """A format: what it `holds` in words, the ending of its files, and its content from a hand-over.

    `needs` is a module of the extra `handover`. With `has_requests`, it has raw requests and no indicators.
    """

    name: str
    suffix: str
    holds: str
    content: Callable[[HandOver], bytes]
    needs: str = ""
    has_requests: bool = False


@functools.cache
def all_formats() -> dict[str, Format]:
    """Return the formats of the folder `formats/`, by name."""
    names = (module.name for module in pkgutil.iter_modules(formats.__path__))
    found = (importlib.import_module(f"{formats.__name__}.{name}").FORMAT for name in names)
    return {each.name: each for each in found}


def format_named(name: str) -> Format:
    """Return a format. Raises HandOverError for an unknown one, naming all, and for a missing extra."""
    known = all_formats()
    if name not in known:
        raise HandOverError(f"there is no format {name!r}; name one of {', '.join(known)}")
    found = known[name]
    if found.needs and importlib.util.find_spec(found.needs) is None:
        raise HandOverError(
            f"the format {name} needs the package {found.needs}, which isn't installed; run "
            f"pip install 'proxy-oa-assets[handover]'"
        )
    return found
