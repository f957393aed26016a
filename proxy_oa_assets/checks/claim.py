"""A claim about a materialized day, and what was found when it was tried. Knows nothing of Dagster."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment


class Gravity(Enum):
    """What it means that a claim doesn't hold."""

    BLOCKS = "what follows would be wrong, and isn't made"
    ERROR = "the day is wrong"
    WARNING = "a person should look"


@dataclass(frozen=True)
class Claim:
    """A claim: its name, the asset it is about, what it says, and what follows if it doesn't hold."""

    name: str
    asset: str
    says: str
    gravity: Gravity


@dataclass(frozen=True)
class Finding:
    """Whether a claim holds of a day, why (not), and its figures. Texts from the data stay out of `why`."""

    holds: bool
    why: str
    figures: Mapping[str, int | float] = field(default_factory=dict)


# Tries the claims about one asset, together, with as few statements as they need.
Trial = Callable[[Day, Deployment], dict[Claim, Finding]]
