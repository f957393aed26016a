"""The day's three tables as the original makes them, a query and an insert per connection, on DuckDB.

Spot's proxy_oa.py asks for the rows of the suspicious row's own hour, 250 of them in no order. Here each
connection's statement asks for all hours, and for the earliest 250 of each, so that the tables are the same.
"""

import csv
import ipaddress

import duckdb

from benchmarks.peers.given import EDGE_COLUMNS, RESULTS_COLUMNS, ROWS_PER_CONNECTION_HOUR, Given

_ORDER = ("time", *(name for name in EDGE_COLUMNS[:-2] if name not in ("time", "clientip", "fulluri")))
_WORDS = """CASE WHEN respcode IS NULL OR respcode IN ('', '-') THEN ''
    ELSE coalesce((SELECT name FROM codes WHERE code = respcode), concat('Unknown (', respcode, ')')) END"""
_EDGES = f"""
INSERT INTO proxy_edge
SELECT {", ".join(EDGE_COLUMNS[:-1])}, {_WORDS} AS respcode_name
FROM (
    SELECT *, p_date AS tdate, p_time AS time, CAST(h AS INT) AS hh FROM raw
    WHERE clientip = ? AND fulluri = ?
)
QUALIFY row_number() OVER (PARTITION BY hh ORDER BY {", ".join(_ORDER)}) <= {ROWS_PER_CONNECTION_HOUR}
"""
_SUMMARY = """
SELECT concat(p_date, ' ', substr(p_time, 1, 5)) AS tdate, count(*) AS total FROM raw
WHERE p_date IS NOT NULL AND p_time <> '' AND clientip IS NOT NULL AND host IS NOT NULL
    AND fulluri IS NOT NULL
GROUP BY ALL ORDER BY tdate
"""


def main() -> None:
    """Write the tables."""
    given = Given.of_command()
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            f"CREATE VIEW raw AS FROM read_parquet('{given.raw}/*/*.parquet', hive_partitioning=true)"
        )
        connection.execute(f"CREATE TABLE codes AS FROM read_csv('{given.codes}', all_varchar=true)")
        scored_connections(given, connection)
        connection.execute(f"CREATE TABLE proxy_edge AS SELECT {_edge_types()} WHERE false")
        asked = connection.sql("SELECT DISTINCT clientip, fulluri FROM proxy_scores").fetchall()
        for clientip, fulluri in asked:
            connection.execute(_EDGES, [clientip, fulluri])
        for table, rows in (
            ("proxy_scores", "proxy_scores"),
            ("proxy_edge", "proxy_edge"),
            ("proxy_ingest_summary", f"({_SUMMARY})"),
        ):
            connection.execute(f"COPY {rows} TO '{given.out}/{table}.parquet'")


def scored_connections(given: Given, connection: duckdb.DuckDBPyConnection) -> None:
    """Fill the table `proxy_scores`, whose rows Spot, too, puts together in Python."""
    with given.networks.open(encoding="utf-8", newline="") as file:
        blocks = [(ipaddress.ip_network(row["ip"]), row["description"]) for row in csv.DictReader(file)]
    blocks.sort(key=lambda block: block[0].prefixlen, reverse=True)
    with given.reputation.open(encoding="utf-8", newline="") as file:
        reputation = {row["fulluri"]: row["uri_rep"] for row in csv.DictReader(file)}
    with given.codes.open(encoding="utf-8", newline="") as file:
        codes = {row["code"]: row["name"] for row in csv.DictReader(file)} | {"": "", "-": "", None: ""}
    columns = [*RESULTS_COLUMNS, "uri_rep", "respcode_name", "network_context"]
    types = {"duration": "INT", "scbytes": "INT", "csbytes": "INT", "score": "FLOAT"}
    names = {"p_date": "tdate", "p_time": "time", "score": "ml_score"}
    declared = ", ".join(f"{names.get(name, name)} {types.get(name, 'VARCHAR')}" for name in columns)
    connection.execute(f"CREATE TABLE proxy_scores ({declared})")
    with given.results.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            values = [None if value == "null" else value for value in line.removesuffix("\n").split("\t")]
            row = dict(zip(RESULTS_COLUMNS, values, strict=True))
            address, code = ipaddress.ip_address(row["clientip"] or ""), row["respcode"]
            context = next((text for network, text in blocks if address in network), "")
            name = codes.get(code, f"Unknown ({code})")
            values += [reputation.get(row["fulluri"] or "", ""), name, context]
            connection.execute(f"INSERT INTO proxy_scores VALUES ({', '.join('?' * len(values))})", values)


def _edge_types() -> str:
    types = {"scbytes": "INT", "csbytes": "INT", "hh": "INT"}
    return ", ".join(f"CAST(NULL AS {types.get(name, 'VARCHAR')}) AS {name}" for name in EDGE_COLUMNS)


if __name__ == "__main__":
    main()
