"""A claim about a materialized day, and what was found when it was tried. Knows nothing of Dagster."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import Table, declared, differences
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.impala import Warehouse


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


def columns_claim(table: Table, asset: str, gravity: Gravity) -> Claim:
    """Return the claim about a table."""
    return Claim(
        f"{table.name}_has_its_columns",
        asset,
        f"{table.name} is stored with the columns and types that {table.name} has",
        gravity,
    )


def try_columns(claim: Claim, table: Table, day: Day, impala: Warehouse) -> Finding:
    """Compare what is stored with what is declared, in order."""
    wrong = differences(declared(table.columns), impala.stored_columns(table, day))
    if not wrong:
        return Finding(holds=True, why=f"{len(table.columns)} columns as declared")
    why = f"{table.name} isn't stored as declared: {', '.join(wrong)}; materialize {claim.asset} again"
    return Finding(holds=False, why=why)
