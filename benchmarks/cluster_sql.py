"""Time of a day's SQL on a HiveServer2, relative to statements written by hand.

    python -m benchmarks.cluster_sql [--rows 2000000] [--rounds 5]

Starts the servers of the cluster's tests (HDFS, Spark's Thrift Server). Ratios are within one run.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.figures import (
    ROUNDS,
    Figure,
    Group,
    LackingProgramError,
    Work,
    arguments,
    in_turn,
    of_rounds,
    ratio,
    show,
    timed,
)
from benchmarks.generated_day import DAY, GeneratedDay, enriched, generated_day
from proxy_oa_assets.model.tables import PROXY_EDGE, PROXY_INGEST_SUMMARY, PROXY_SCORES, Table
from proxy_oa_assets.resources.cluster import ddl as sql
from proxy_oa_assets.resources.cluster.impala_warehouse import ImpalaWarehouse
from proxy_oa_assets.resources.deployment import deployment
from proxy_oa_assets.settings import load_settings
from proxy_oa_assets.sql import day_tables
from proxy_oa_assets.sql.query import Query, whole_day

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from cluster_servers.running import Cluster

SCORED = 500
CONNECTIONS_ASKED = 12
# As a site would run it: queries are compiled, and joins are planned as they go.
_SITE = {
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.codegen.wholeStage": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.files.openCostInBytes": str(4 << 20),
}


def prepared(cluster: Cluster, generated: GeneratedDay) -> ImpalaWarehouse:
    """Return a warehouse that has the raw day, and tables for the statements written by hand."""
    configured = deployment(
        load_settings(
            **{"PROXY_OA_DEPLOYMENT": "cluster", "PROXY_OA_START_DATE": DAY.key, **cluster.variables}
        )
    )
    warehouse = configured.impala
    assert isinstance(warehouse, ImpalaWarehouse)
    warehouse.create_tables()
    for file in map(Path, generated.files):
        below = file.relative_to(generated.base)
        configured.hdfs.write(f"{warehouse.huser}/{below}", [file.read_bytes()])
    for table in (PROXY_SCORES, PROXY_EDGE, PROXY_INGEST_SUMMARY):
        warehouse.tables().connection.run(
            sql.create_table(by_hand(warehouse, table), table, f"/user/spot/by_hand/{table.name}")
        )
    return warehouse


def by_hand(warehouse: ImpalaWarehouse, table: Table) -> str:
    """Return the name of the table that the statements written by hand fill."""
    return f"{warehouse.database}.by_hand_{table.name}"


def overwrite(warehouse: ImpalaWarehouse, table: Table, select: Query) -> None:
    """Fill a day as one does by hand: straight into its partition."""
    partition = sql.day_partition(table, DAY)
    warehouse.tables().connection.run(
        f"INSERT OVERWRITE TABLE {by_hand(warehouse, table)} PARTITION ({partition}) {select.sql}",
        select.parameters,
    )


def figures(cluster: Cluster, rows: int, rounds: int) -> list[Figure]:
    """Measure a day of that many raw rows."""
    generated = generated_day(rows)
    warehouse, scores = prepared(cluster, generated), enriched(generated.ranked_rows(SCORED))
    warehouse.replace_day_with_frame(PROXY_SCORES, DAY, scores)

    def ours() -> None:
        warehouse.replace_day_with_frame(PROXY_SCORES, DAY, scores)
        warehouse.replace_day(PROXY_EDGE, DAY, day_tables.edge_details(DAY))
        warehouse.replace_day(PROXY_INGEST_SUMMARY, DAY, day_tables.ingest_summary(DAY))

    def hand_written() -> None:
        overwrite(warehouse, PROXY_SCORES, whole_day(PROXY_SCORES, DAY))
        overwrite(warehouse, PROXY_EDGE, day_tables.edge_details(DAY))
        overwrite(warehouse, PROXY_INGEST_SUMMARY, day_tables.ingest_summary(DAY))

    seconds = in_turn(rounds, {"ours": Work(ours), "by hand": Work(hand_written)})
    edges_alone = in_turn(
        rounds, {"edges": Work(lambda: warehouse.replace_day(PROXY_EDGE, DAY, day_tables.edge_details(DAY)))}
    )
    each = seconds_per_connection(warehouse)
    connections = len(scores[["clientip", "fulluri"]].drop_duplicates())
    of_all = statistics.median(each) * connections
    return [
        ratio("the day's SQL / three statements by hand", seconds, "ours", "by hand", 1.2),
        of_rounds(
            f"edges in one statement / in one for each of {connections} connections",
            [edges / of_all for edges in edges_alone["edges"]],
            "",
            1 / 40,
        ),
        timed("the day's SQL", seconds["ours"]),
        timed("three statements by hand", seconds["by hand"]),
        timed("edges in one statement", edges_alone["edges"]),
        timed("one connection's statement", each),
    ]


def seconds_per_connection(warehouse: ImpalaWarehouse) -> list[float]:
    """Return the seconds of some statements that store one connection's rows each, as Spot did it."""
    scored = warehouse.read_day(PROXY_SCORES, DAY).drop_duplicates(["clientip", "fulluri"])
    copied = ", ".join(
        f"{day_tables.EDGE_SOURCES.get(name, name)} AS {name}"
        for name in PROXY_EDGE.column_names
        if name not in ("hh", "respcode_name")
    )
    seconds = []
    for client, uri in scored[["clientip", "fulluri"]].head(CONNECTIONS_ASKED).itertuples(index=False):
        started = time.perf_counter()
        overwrite(
            warehouse,
            PROXY_EDGE,
            Query(
                f"SELECT {copied}, CAST(h AS INT) AS hh, respcode AS respcode_name FROM proxy "
                f"WHERE y = ? AND m = ? AND d = ? AND clientip = ? AND fulluri = ? LIMIT 250",
                ("2016", "09", "12", client, uri),
            ),
        )
        seconds.append(time.perf_counter() - started)
    return seconds


def measured(rows: int, rounds: int) -> Group:
    """Start the servers and measure a day. Raises LackingProgramError without Java, Maven or pyspark."""
    try:
        with tempfile.TemporaryDirectory() as folder, Cluster(Path(folder), _SITE) as cluster:
            return Group(f"{rows:,} raw rows, {SCORED} scored rows", figures(cluster, rows, rounds))
    except pytest.skip.Exception as missing:  # what the tests' servers raise
        raise LackingProgramError(str(missing)) from missing


def measure(*, quick: bool) -> Iterator[Group]:
    """Measure a day."""
    yield measured(100_000, 1) if quick else measured(2_000_000, ROUNDS)


def main() -> None:
    """Measure and print."""
    chosen = arguments(__doc__, rows=2_000_000).parse_args()
    show(measured(chosen.rows, chosen.rounds))


if __name__ == "__main__":
    main()
