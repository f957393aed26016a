"""The history that a ranking reads: made day by day, read as the days before a day, on both deployments."""

import io

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.cluster_home import ClusterHome
from support.home import Home, check_evaluations, failures, metadata

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.tables import PROXY, PROXY_HISTORY
from proxy_oa_assets.ranking.history import read_past
from proxy_oa_assets.resources.parquet import arrow_schema
from proxy_oa_assets.sql.history import history_between

DAY = Day.parse("2016-09-12")
# p_time, and the second of the day that history has of it.
CLOCKS = {
    "07:05:03": 25503,
    "7:05:03": 25503,
    "7:05": 25500,
    "23:59": 86340,
    "00:00:00.250": 0,
    "2016-09-12 01:00:00": 3600,
    "2016-09-12T01:00:01": 3601,
    "24:00:00": None,
    "07:60:00": None,
    "07:05:0x": None,
    "ab:cd:ef": None,
    "\u0661\u0662:00:00": None,
    "'; DROP TABLE proxy; --": None,
    "": None,
    "-": None,
    None: None,
}


def write(home: Home, day: Day, rows: list[dict[str, object]]) -> None:
    """Write raw rows as another system does."""
    content = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=arrow_schema(PROXY)), content)
    path = f"{home.deployment.workspace.huser}/{PROXY.day_folder(day)}/h=00/rows.parquet"
    home.deployment.hdfs.write(path, [content.getvalue()])


def history(home: Home, day: Day) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in home.rows(PROXY_HISTORY.name, day)]


@pytest.fixture(scope="module")
def home(new_module_home) -> Home:
    return new_module_home()


def test_a_day_is_counted_by_client_host_and_agent(home: Home) -> None:
    """Hosts in lower case; no agent, an empty one and - are one; bytes beyond INT, negative and NULL ones."""
    row = {"clientip": "10.0.0.1", "host": "A.Example", "useragent": "x", "p_time": "00:00:09"}
    large = 2**31 - 1
    write(
        home,
        DAY,
        [
            row | {"reqmethod": "POST", "csbytes": large, "scbytes": 7},
            row | {"reqmethod": "PUT", "csbytes": large, "host": "a.example", "p_time": "00:00:07"},
            row | {"reqmethod": "GET", "csbytes": -5, "scbytes": -1, "p_time": "never"},
            *(row | {"useragent": agent} for agent in ("", "-", None)),
            row | {"clientip": None},
            row | {"host": None},
            row | {"clientip": "-", "host": "", "useragent": "Ä'\\ % -- \t", "p_time": None},
        ],
    )
    result = home.materialize(DAY, assets=["proxy_history"])
    assert failures(result) == {}
    assert history(home, DAY) == [
        ("-", "", "Ä'\\ % -- \t", None, None, 1, 0, 0, 0),
        ("10.0.0.1", "a.example", "x", 7, 9, 3, 2, 2 * large, 7),
        ("10.0.0.1", "a.example", None, 9, 9, 3, 0, 0, 0),
    ]
    found = metadata(result, "proxy_history")
    rows = found["dagster/partition_row_count"]
    assert (rows, found["pairs"], found["agents"], found["requests"]) == (3, 2, 2, 9)
    assert all(check.passed for check in check_evaluations(result).values())
    assert len(check_evaluations(result)) == 2


def test_any_text_of_a_time_is_read(home: Home) -> None:
    """A clock time in each form that a log has gives its second; any other text gives none."""
    day = DAY.plus(1)
    write(
        home,
        day,
        [{"clientip": f"c{n:02}", "host": "h", "p_time": text} for n, text in enumerate(CLOCKS)],
    )
    assert failures(home.materialize(day, assets=["proxy_history"])) == {}
    assert [row[3:5] for row in history(home, day)] == [(second, second) for second in CLOCKS.values()]


def test_a_ranking_reads_the_days_before_a_day_alone(home: Home) -> None:
    """So many days, never the day itself or a later one; no history is no error."""
    base = Day.parse("2017-03-02")
    for offset in (-15, -14, -2, -1, 0, 1):
        row = (f"c{offset}", "H", None, 5, 5, 1, 0, 0, 9)
        frame = pd.DataFrame([row], columns=list(PROXY_HISTORY.column_names), dtype="object")
        home.deployment.impala.replace_day_with_frame(PROXY_HISTORY, base.plus(offset), frame)
    with duckdb.connect() as connection:
        assert read_past(connection, home.deployment.impala, base) == 3
        read = connection.execute("SELECT * FROM past ORDER BY days_ago").fetchall()
        assert read == [(f"c-{ago}", "h", None, ago, 5, 5, 1, 0, 0, 9) for ago in (1, 2, 14)]
        assert read_past(connection, home.deployment.impala, base, days=1) == 1
        assert read_past(connection, home.deployment.impala, Day.parse("2019-01-01")) == 0
        assert connection.execute("SELECT count(*) FROM past").fetchone() == (0,)


def test_a_day_without_raw_requests_has_an_empty_history(home: Home) -> None:
    """Another system's results can be looked at without raw requests, so the asset doesn't fail."""
    day = Day.parse("2018-01-01")
    assert failures(home.materialize(day, assets=["proxy_history"])) == {}
    assert not home.made(PROXY_HISTORY.name, day)


@pytest.mark.cluster
def test_a_table_that_is_missing_names_the_command_that_creates_it(cluster, tmp_path) -> None:
    """After an upgrade a cluster lacks the new table: a query of it, and a day of it, name `init-db`."""
    home = ClusterHome(tmp_path / "home", cluster.variables)
    try:
        home.deployment.impala.tables().connection.run(f"DROP TABLE {PROXY_HISTORY.name}")
        with pytest.raises(WarehouseError, match=r"proxy_history.*`proxy-oa init-db` creates"):
            home.deployment.impala.query(history_between(DAY, DAY))
        message = failures(home.materialize(DAY, assets=["proxy_history"]))["proxy_history"]
        assert "`proxy-oa init-db` creates missing tables" in message
        home.deployment.impala.create_tables()
        assert failures(home.materialize(DAY, assets=["proxy_history"])) == {}
    finally:
        home.close()
