from dataclasses import replace

import dagster as dg
import pyarrow as pa
from support.cluster_home import ClusterHome
from support.day_checks import check_results, failed_checks
from support.home import SAMPLE_DAY, Home, check_evaluations, metadata, rewrite

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.tables import PROXY
from proxy_oa_assets.resources.cluster import ddl
from proxy_oa_assets.sql import raw_log

DAY = SAMPLE_DAY
ERROR = dg.AssetCheckSeverity.ERROR


def test_a_connection_without_raw_rows_is_found(home: Home) -> None:
    """Results of another raw log than the present one fail the check, which counts the connections."""
    for hour in home.raw_files(DAY)[:12]:
        hour.unlink()

    result = home.materialize(DAY)

    check = check_evaluations(result)["every_connection_has_edges"]
    assert (check.passed, check.severity) == (False, ERROR)
    assert check.metadata["connections_without_edges"].value > 0
    assert "have no raw row" in check.description


def test_edges_that_are_not_the_raw_rows_are_found(home: Home) -> None:
    """Missing edges, and edges of a connection that isn't scored, fail the check."""
    home.materialize(DAY)

    home.rewrite("proxy_edge", DAY, lambda table: table.slice(3))
    home.rewrite("proxy_scores", DAY, lambda table: table.slice(0, table.num_rows - 1))

    assert "every_connection_has_edges" in failed_checks(home)
    assert "have other rows than the raw log" in check_results(home)["every_connection_has_edges"].description


def test_rows_beyond_the_limit_of_an_hour_are_counted_and_left_out(home: Home) -> None:
    """300 rows of one connection in one hour: 250 are stored, and the check says that 50 were cut."""
    before = check_evaluations(home.materialize(DAY, limit=3000))["no_connection_hour_is_beyond_250"].metadata
    edge = home.rows("proxy_edge", DAY)[0]

    def with_more(table: pa.Table) -> pa.Table:
        row = table.slice(0, 1).to_pylist()[0] | {
            "clientip": edge["clientip"],
            "fulluri": edge["fulluri"],
            "p_time": "09:00:00",
        }
        return pa.concat_tables([table, pa.Table.from_pylist([row] * 300, schema=table.schema)])

    rewrite(home.raw_files(DAY)[9], with_more)

    result = home.materialize(DAY, limit=3000)

    check = check_evaluations(result)["no_connection_hour_is_beyond_250"]
    assert check.passed
    after = {name: check.metadata[name].value - before[name].value for name in before}
    assert after["capped_connection_hours"] == 1
    assert 50 <= after["raw_rows_cut"] <= 60
    assert after["connection_hours_beyond"] == 0
    assert check_evaluations(result)["every_connection_has_edges"].passed


def test_an_hour_is_its_number_however_its_folder_is_written(home: Home) -> None:
    """`h=9`, `h=09` and `m=9/.../h=09` of one day are one hour: 250 of its 600 rows are stored."""
    connection = {"clientip": "10.9.9.9", "fulluri": "unseen.example/", "p_time": "09:00:00"}

    def with_more(table: pa.Table) -> pa.Table:
        row = table.slice(0, 1).to_pylist()[0] | connection
        return pa.Table.from_pylist([row] * 200, schema=table.schema)

    padded = home.raw_files(DAY)[9]
    rewrite(padded, with_more)
    table = f"{home.deployment.workspace.huser}/{PROXY.location}"
    for hour in ("m=09/d=12/h=9", "m=9/d=12/h=09"):
        home.deployment.hdfs.write(f"{table}/y=2016/{hour}/part-0.parquet", [padded.read_bytes()])
    first = home.results(DAY).read_bytes().partition(b"\n")[0].decode("utf-8").split("\t")
    line = dict(zip(RESULT_FIELDS, first, strict=True)) | connection
    home.results(DAY).write_bytes(("\t".join(line.values()) + "\n").encode("utf-8"))

    result = home.materialize(DAY)

    edges = home.rows("proxy_edge", DAY)
    assert (len(edges), {edge["hh"] for edge in edges}) == (250, {9})
    checks = check_evaluations(result)
    assert checks["no_connection_hour_is_beyond_250"].metadata["raw_rows_cut"].value == 350
    assert checks["every_connection_has_edges"].passed
    assert checks["summary_counts_every_row"].passed
    summary = {row["tdate"]: row["total"] for row in home.rows("proxy_ingest_summary", DAY)}
    assert summary[f"{DAY} 09:00"] == 600


def test_a_transfer_beyond_int_is_kept_at_the_limit_with_a_warning(home: Home) -> None:
    """BIGINT in the raw table: the largest transfer costs no row; its true figure stays in the raw table."""
    if isinstance(home, ClusterHome):
        have_bigint(home)
    first = home.results(DAY).read_bytes().partition(b"\n")[0].decode("utf-8").split("\t")
    scored = dict(zip(RESULT_FIELDS, first, strict=True))
    large = {"clientip": scored["clientip"], "fulluri": scored["fulluri"], "p_time": "00:00:00"}

    def with_large(table: pa.Table) -> pa.Table:
        wide = [field.with_type(pa.int64()) if field.type == pa.int32() else field for field in table.schema]
        row = table.slice(0, 1).to_pylist()[0] | large
        rows = [
            row | {"scbytes": 5 * 10**9, "csbytes": -5 * 10**9},
            row | {"scbytes": None, "csbytes": 0},
        ]
        return pa.Table.from_pylist([*table.to_pylist(), *rows], pa.schema(wide))

    for file in home.raw_files(DAY):
        rewrite(file, with_large)

    checks = check_evaluations(home.materialize(DAY))

    edges = home.rows("proxy_edge", DAY)
    kept = {(row["scbytes"], row["csbytes"]) for row in edges if row["time"] == "00:00:00"}
    assert kept >= {(2**31 - 1, -(2**31)), (None, 0)}
    check = checks["no_edge_is_at_a_limit"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert check.metadata["rows_at_a_limit"].value == 24
    assert checks["every_connection_has_edges"].passed
    found = home.deployment.impala.query(raw_log.found_rows(DAY, scored["fulluri"], ["00:00:00"]))
    assert found["scbytes"].max() == 5 * 10**9


def have_bigint(home: ClusterHome) -> None:
    """Make the raw table as another system may have made it; `doctor` accepts it."""
    tables = home.deployment.impala.tables()
    columns = [replace(column, type="BIGINT") if column.type == "INT" else column for column in PROXY.columns]
    tables.connection.run(ddl.drop_table(PROXY.name))
    wide = replace(PROXY, columns=tuple(columns))
    tables.connection.run(ddl.create_table(PROXY.name, wide, tables.folder(PROXY)))
    assert home.deployment.impala.probes()["definitions"]().startswith("all ")


def test_rows_with_null_and_with_the_word_share_a_connection_s_limit(embedded_home: Home) -> None:
    """A results file can't tell them apart, so they are one connection: 250 of its 400 rows are stored."""
    raw, results = embedded_home.raw_files(DAY)[9], embedded_home.results(DAY)

    def with_both(table: pa.Table) -> pa.Table:
        row = table.slice(0, 1).to_pylist()[0] | {"fulluri": "unseen.example/", "p_time": "09:00:00"}
        more = [row | {"clientip": client} for client in [None, "null"] * 200]
        return pa.concat_tables([table, pa.Table.from_pylist(more, schema=table.schema)])

    rewrite(raw, with_both)
    first = results.read_bytes().partition(b"\n")[0].decode("utf-8").split("\t")
    line = dict(zip(RESULT_FIELDS, first, strict=True))
    line |= {"clientip": "null", "fulluri": "unseen.example/", "p_time": "09:00:00"}
    results.write_text("\t".join(line.values()) + "\n", encoding="utf-8")

    result = embedded_home.materialize(DAY)

    assert len(embedded_home.rows("proxy_edge", DAY)) == 250
    assert metadata(result, "edge_details")["capped_connection_hours"] == 1
    assert check_evaluations(result)["every_connection_has_edges"].passed
    assert check_evaluations(result)["no_connection_hour_is_beyond_250"].metadata["raw_rows_cut"].value == 150


def test_more_rows_of_an_hour_than_allowed_are_found(home: Home) -> None:
    """A table that another tool wrote without the limit fails the check."""
    home.materialize(DAY)

    home.rewrite(
        "proxy_edge",
        DAY,
        lambda table: pa.concat_tables([table, *[table.slice(0, 1)] * 250]),
    )

    assert "no_connection_hour_is_beyond_250" in failed_checks(home)
