"""Files of tables as another engine writes them."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY

DAY = Day.parse("2016-09-12")
ARROW = {"STRING": pa.string(), "INT": pa.int32(), "FLOAT": pa.float32(), "BIGINT": pa.int64()}


def write_file(
    warehouse, table, name="000000_0", *, day=DAY, hour="07", annotated=True, types=None, **values
):
    """Write a file as another engine would: the given columns' values, NULL in the others.

    Not `annotated`: text columns are plain bytes, as Impala writes them.
    """
    folder = Path(warehouse.location(table, day))
    folder = folder / f"h={hour}" if table.hourly else folder
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows_of(table, annotated=annotated, types=types, **values), folder / name)
    return folder / name


def hour_file(file, *uris, table=PROXY):
    """Write a local file of raw requests, one per URI, as ingest hands it over; return its path."""
    pq.write_table(rows_of(table, fulluri=list(uris)), file)
    return file


def rows_of(table, *, annotated=True, types=None, **values):
    count = max(map(len, values.values()))
    columns = {}
    for column in table.columns:
        kind = (types or {}).get(column.name) or ARROW[column.type]
        given = values.get(column.name, [None] * count)
        if kind != pa.string():
            columns[column.name] = pa.array(given, kind)
            continue
        as_bytes = [value.encode("utf-8") if isinstance(value, str) else value for value in given]
        array = pa.array(as_bytes, pa.binary())
        columns[column.name] = array.view(pa.string()) if annotated else array
    return pa.table(columns)
