"""Days that break a statement: one connection has half of the rows, or memory is short."""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import duckdb
import pyarrow as pa

from benchmarks.figures import in_fresh_process
from benchmarks.generated_day import GeneratedDay, connected
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.sql.query import Query


def skewed(generated: GeneratedDay, target: Path) -> GeneratedDay:
    """Write the day again, half of its rows being of one scored connection; call it in a fresh process."""
    shutil.copytree(generated.base, target, ignore=shutil.ignore_patterns("*.snappy.parquet", ".scratch"))
    with connected() as connection:
        ((client, host, uri),) = connection.execute(
            "SELECT clientip, host, fulluri FROM read_parquet(?) LIMIT 1",
            [str(generated.base / "proxy/hive/oa/suspicious/y=2016/m=9/d=12/part.parquet")],
        ).fetchall()
        for file in generated.files:
            written = target / Path(file).relative_to(generated.base)
            names = {"clientip": client, "host": host, "fulluri": uri}
            replaced = ", ".join(f"CASE WHEN half THEN ? ELSE {name} END AS {name}" for name in names)
            rows = connection.sql(
                f"""SELECT * EXCLUDE (half) REPLACE ({replaced})
                FROM (SELECT *, hash(p_time, scbytes, csbytes, uriquery) % 2 = 0 AS half
                    FROM read_parquet(?))""",
                params=[*names.values(), file],
            )
            rows.write_parquet(str(written), compression="snappy")
    return GeneratedDay(target)


def under_limit(generated: GeneratedDay, queries: Sequence[Query], limit: str) -> list[str]:
    """Run statements in an embedded engine of that much memory; return how each ends."""
    warehouse = DuckDBWarehouse(base=str(generated.base), memory_limit=limit)
    ends = []
    for query in queries:
        try:
            ends.append(f"{sum(1 for _ in warehouse.rows(query)):,} rows")
        except WarehouseError as error:
            ends.append("out of memory" if "Out of Memory" in str(error) else str(error)[:100])
    return ends


def in_limited_process(
    work: Callable[[GeneratedDay, int], object], generated: GeneratedDay, limit: float
) -> str:
    """Call what limits its process to so many MB; return how that ends."""
    try:
        in_fresh_process(work, generated, int(limit * 1e6))
    except BrokenProcessPool:
        return "the process is killed"
    except (MemoryError, OSError, WarehouseError, duckdb.Error, pa.ArrowException) as error:
        return f"{type(error).__name__}"
    return "done"
