"""Raw rows as a file of the table `proxy`."""

import pyarrow as pa
import pyarrow.parquet as pq

from proxy_oa_assets.model.tables import PROXY

_TYPES = {"STRING": pa.string(), "INT": pa.int32()}


def raw_file(path, rows):
    """Write rows, dicts of the columns that have a value, as a raw file of an hour; return its path."""
    columns = {
        column.name: pa.array([row.get(column.name) for row in rows], _TYPES[column.type])
        for column in PROXY.columns
    }
    pq.write_table(pa.table(columns), path)
    return path
