"""Checks of a materialized day and their results, without Dagster."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import Table, declared, differences
from proxy_oa_assets.resources.deployment import Deployment
from proxy_oa_assets.resources.impala import Warehouse


class CheckSeverity(Enum):
    """What a failed check means; the values complete the check's description in the web UI."""

    BLOCKING = "what follows would be wrong, and isn't made"
    ERROR = "the day is wrong"
    WARNING = "a person should look"


@dataclass(frozen=True)
class DayCheck:
    """A statement about a day of an asset that must hold, and what follows if it doesn't."""

    name: str
    asset: str
    description: str
    severity: CheckSeverity


@dataclass(frozen=True)
class CheckResult:
    """Whether a day passed a check, why (not), and figures. `description` has no text of the data."""

    passed: bool
    description: str
    metadata: Mapping[str, int | float] = field(default_factory=dict)


# Evaluates the checks of one asset together, with as few statements as they need.
Evaluate = Callable[[Day, Deployment], dict[DayCheck, CheckResult]]


def columns_check(table: Table, asset: str, severity: CheckSeverity) -> DayCheck:
    """Return the check that a table is stored with its columns."""
    return DayCheck(
        f"{table.name}_has_its_columns",
        asset,
        f"{table.name} is stored with the columns and types that {table.name} has",
        severity,
    )


def evaluate_columns(check: DayCheck, table: Table, day: Day, impala: Warehouse) -> CheckResult:
    """Compare the stored columns with the declared ones, in order."""
    wrong = differences(declared(table.columns), impala.stored_columns(table, day))
    if not wrong:
        return CheckResult(passed=True, description=f"{len(table.columns)} columns as declared")
    return CheckResult(
        passed=False,
        description=f"{table.name} isn't stored as declared: {', '.join(wrong)}; "
        f"materialize {check.asset} again",
    )
