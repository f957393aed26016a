"""The claim that a table's day is stored with the columns and types of `tables.py`."""

from proxy_oa_assets.checks.claim import Claim, Finding, Gravity
from proxy_oa_assets.column_types import declared, differences
from proxy_oa_assets.days import Day
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.tables import Table


def columns_claim(table: Table, asset: str, gravity: Gravity) -> Claim:
    """Return the claim about a table."""
    return Claim(
        f"{table.name}_has_its_columns",
        asset,
        f"{table.name} is stored with the columns and types that {table.name} has",
        gravity,
    )


def try_columns(claim: Claim, table: Table, day: Day, impala: ImpalaResource) -> Finding:
    """Compare what is stored with what is declared, in order."""
    wrong = differences(declared(table.columns), impala.stored_columns(table, day))
    if not wrong:
        return Finding(holds=True, why=f"{len(table.columns)} columns as declared")
    why = f"{table.name} isn't stored as declared: {', '.join(wrong)}; materialize {claim.asset} again"
    return Finding(holds=False, why=why)
