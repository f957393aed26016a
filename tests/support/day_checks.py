"""Results of the checks of a day."""

from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.defs.checks.asset_checks import DAY_CHECKS, evaluated
from proxy_oa_assets.defs.checks.day_check import CheckResult
from proxy_oa_assets.model.day import Day


def check_results(home: Home, day: Day = SAMPLE_DAY) -> dict[str, CheckResult]:
    """Evaluate every check of a day as it is stored now."""
    return {
        check.name: result
        for checks, evaluate in DAY_CHECKS
        for check, result in evaluated(checks, evaluate, day, home.deployment).items()
    }


def failed_checks(home: Home) -> set[str]:
    """Return the checks that the sample day fails as it is stored now."""
    return {name for name, result in check_results(home).items() if not result.passed}
