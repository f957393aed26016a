"""What is asked over the network; loaded where a service does, for `requests` takes a while to load."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from proxy_oa_assets.network.untold import untold
from proxy_oa_assets.reputation.asking import is_of_asking
from proxy_oa_assets.reputation.cache import VerdictCache
from proxy_oa_assets.reputation.clock import Clock
from proxy_oa_assets.reputation.config import Configured
from proxy_oa_assets.reputation.enquiry import Desk, Enquiry, http_for, limits_for
from proxy_oa_assets.reputation.service import RemoteService
from proxy_oa_assets.reputation.tally import Tally
from proxy_oa_assets.reputation.verdict import Verdict


def look_up(
    service: RemoteService,
    values: Sequence[str],
    *,
    configured: Configured,
    state: Path,
    clock: Clock,
    report: Callable[[str], None],
) -> tuple[dict[str, Verdict], Tally]:
    """Return a service's verdict for each distinct value, and how they came about."""
    # Opened by each service: SQLite keeps several connections apart better than threads on one.
    with VerdictCache(state / "verdicts.sqlite", configured.keeping) as cache, untold(is_of_asking):
        cache.forget_expired(clock.now())
        return Enquiry(service, Desk(configured.privacy, cache, state, clock, report)).look_up(values)


def ask_once(service: RemoteService, value: str, state: Path, clock: Clock) -> Verdict | None:
    """Ask a service for one value, within its limits, whatever is known. Raises ServiceError."""
    with closing(http_for(service)) as http, closing(limits_for(service, state, clock)) as limits:
        limits.take()
        return service.ask([value], http).get(value)
