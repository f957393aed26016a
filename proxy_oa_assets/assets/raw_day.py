"""The raw requests of a day, as a precondition."""

from proxy_oa_assets.days import Day
from proxy_oa_assets.errors import WarehouseError
from proxy_oa_assets.resources.impala import ImpalaResource
from proxy_oa_assets.tables import PROXY


def require_raw_rows(impala: ImpalaResource, day: Day) -> None:
    """Raise WarehouseError, naming the place, if the day has no raw request."""
    if not impala.has_rows(PROXY, day):
        raise WarehouseError(
            f"{impala.location(PROXY, day)} has no raw request: the table proxy is empty on {day}. "
            f"Run the ingest job for this day, then materialize it again"
        )
