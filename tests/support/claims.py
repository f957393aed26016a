"""What the checks of a day find."""

from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.defs.checks.asset_checks import TRIALS, tried
from proxy_oa_assets.model.day import Day


def found(home: Home, day: Day = SAMPLE_DAY) -> dict[str, tuple[bool, str]]:
    """Try every claim about a day as it is stored now."""
    return {
        claim.name: (finding.holds, finding.why)
        for claims, trial in TRIALS
        for claim, finding in tried(claims, trial, day, home.deployment).items()
    }


def broken(home: Home) -> set[str]:
    """Return the claims that don't hold of the sample day as it is stored now."""
    return {name for name, (holds, _) in found(home).items() if not holds}
