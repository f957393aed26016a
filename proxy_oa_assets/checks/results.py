"""The claim about `proxy_results`."""

from proxy_oa_assets.checks.claim import Claim, Finding, Gravity
from proxy_oa_assets.days import Day
from proxy_oa_assets.deployment import Deployment
from proxy_oa_assets.results import REJECTED_FILE

NO_ROW_WAS_REJECTED = Claim(
    "no_row_was_rejected",
    "proxy_results",
    "Every line that was read of the ranked results is a row of the day",
    Gravity.WARNING,
)
CLAIMS = (NO_ROW_WAS_REJECTED,)


def try_results(day: Day, deployment: Deployment) -> dict[Claim, Finding]:
    """Count the lines of `proxy_results.rejected.tsv`, which is there only if a line was rejected."""
    rejected = deployment.workspace.data(day) / REJECTED_FILE
    if not rejected.is_file():
        return {NO_ROW_WAS_REJECTED: Finding(holds=True, why="no line was rejected", figures={"rejected": 0})}
    with rejected.open("rb") as lines:
        count = sum(1 for _ in lines) - 1  # the header
    why = f"lines that are no row of the day: {count}; {rejected} has each with its number and the reason"
    return {NO_ROW_WAS_REJECTED: Finding(holds=False, why=why, figures={"rejected": count})}
