"""Whether the raw log still has the columns that an asset read when it was last materialized."""

from collections.abc import Collection, Mapping

import dagster as dg
from pydantic import Field

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.impala import Warehouse

# Metadata of a materialization: the columns of `proxy`, as they were then.
_RAW_COLUMNS = "raw_columns"


class RawColumnsConfig(dg.Config):
    """Run config of the assets that are made of raw requests."""

    accept_columns: bool = Field(
        default=False,
        description="Accept that columns of proxy are gone since the last materialization, and read as NULL",
    )


def raw_columns(
    context: dg.AssetExecutionContext,
    impala: Warehouse,
    day: Day,
    reads: Collection[str],
    config: RawColumnsConfig,
) -> dict[str, dg.MetadataValue]:
    """Return the metadata of the raw log's columns.

    Raises WarehouseError if one that the asset reads was there when it was last materialized, and is gone: it
    would be read as NULL, and the rows would be wrong. A column that was never there is read as NULL.
    """
    found = impala.raw_columns(day)
    before = _last(context)
    gone = [name for name in before if name in reads and name not in found]
    if gone and not config.accept_columns:
        raise WarehouseError(
            f"{impala.location(PROXY, day)}: not every file has {', '.join(gone)}, which proxy had when "
            f"{context.asset_key.to_user_string()} was last materialized; it would be read as NULL. Have the "
            f"ingest job write the day again, or, if the column is gone for good, materialize a day with "
            f"accept_columns: true (proxy-oa run --accept-columns)"
        )
    for name, kind in before.items():
        if name in found and found[name] != kind:
            context.log.warning("The column %s of proxy was %s before and is %s now", name, kind, found[name])
    schema = dg.TableSchema([dg.TableColumn(name, kind) for name, kind in found.items()])
    return {_RAW_COLUMNS: dg.MetadataValue.table_schema(schema)}


def _last(context: dg.AssetExecutionContext) -> Mapping[str, str]:
    """Return the columns of the asset's last materialization; none if it has none, or an older version's."""
    event = context.instance.get_latest_materialization_event(context.asset_key)
    metadata = event.asset_materialization.metadata if event and event.asset_materialization else {}
    recorded = metadata.get(_RAW_COLUMNS)
    if not isinstance(recorded, dg.TableSchemaMetadataValue):
        return {}
    return {column.name: column.type for column in recorded.schema.columns}
