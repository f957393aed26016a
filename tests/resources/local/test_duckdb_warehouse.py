import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from support.engine_files import write_file
from support.storyboard_days import DAY, HOSTILE, comments, files_of, texts_of

from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.model.files import temporary_name
from proxy_oa_assets.model.tables import PROXY, PROXY_INGEST_SUMMARY, PROXY_SCORES, PROXY_STORYBOARD, TABLES
from proxy_oa_assets.resources.local.duckdb_engine import DuckDBEngine
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.sql.query import Query

WITHOUT_ROOM = """
import os, resource, sys
import pandas as pd
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import WarehouseError
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.model.tables import PROXY_STORYBOARD
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
warehouse = DuckDBWarehouse(base=sys.argv[1])
rows = pd.DataFrame({"p_threat": [os.urandom(50).hex() for _ in range(60_000)], "title": "t", "text": "x"})
for _ in range(30):
    try:
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, Day.parse(sys.argv[2]), rows)
    except WarehouseError as error:
        print("refused" if "File too large" in str(error) else error)
"""


def test_the_same_rows_give_the_same_bytes(warehouse):
    """Same input, same output, to the byte: from a frame and from a SELECT that several threads run."""
    select = Query(
        "SELECT concat(i, '') AS p_threat, md5(concat(i, '')) AS title, 'x' AS text FROM range(400000) t(i)"
    )
    for replace in (
        lambda: warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(*HOSTILE)),
        lambda: warehouse.replace_day(PROXY_STORYBOARD, DAY, select),
    ):
        replace()
        before = files_of(warehouse)
        replace()
        assert files_of(warehouse) == before
    assert warehouse.read_day(PROXY_STORYBOARD, DAY)["p_threat"].tolist() == [str(i) for i in range(400_000)]


def test_other_days_and_tables_are_untouched(warehouse):
    """Replacing or dropping a day leaves the bytes of other days and of other tables as they are."""
    days = [DAY.plus(offset) for offset in (-1, 0, 1, 365)]
    for day in days:
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, day, comments(day.key))
    minute = pd.DataFrame({"tdate": ["2016-09-12 07:05"], "total": [1]})
    warehouse.replace_day_with_frame(PROXY_INGEST_SUMMARY, DAY, minute)
    others = [
        (PROXY_STORYBOARD, days[0]),
        (PROXY_STORYBOARD, days[2]),
        (PROXY_STORYBOARD, days[3]),
        (PROXY_INGEST_SUMMARY, DAY),
    ]
    before = [files_of(warehouse, table, day) for table, day in others]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))
    warehouse.drop_day(PROXY_STORYBOARD, DAY)
    assert [files_of(warehouse, table, day) for table, day in others] == before
    assert [texts_of(warehouse, day) for day in days] == [[days[0].key], [], [days[2].key], [days[3].key]]


def test_a_table_can_be_named_with_its_database(warehouse):
    """`spot.proxy_scores` is how analysts on a cluster write it."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("a"))
    for name in ("spot.proxy_storyboard", "proxy_storyboard"):
        assert warehouse.query(Query(f"SELECT text, y, m, d FROM {name}")).to_dict("records") == [
            {"text": "a", "y": 2016, "m": 9, "d": 12}
        ]


@pytest.mark.parametrize(
    ("sql", "values", "tables"),
    [
        ("SELECT p.host FROM proxy p, proxy_scores s WHERE p.host = ?", ("x",), [PROXY, PROXY_SCORES]),
        ("SELECT 1 FROM (SELECT * FROM spot.PROXY) WHERE 'proxy_edge' = ? LIMIT ?", ("x", 1), [PROXY]),
        ("SELECT 'é?', ? FROM proxy /* proxy_edge ? */ WHERE host IN (?,?) -- ?", ("é",) * 3, [PROXY]),
        ("WITH proxy AS (SELECT 1 AS host) SELECT * FROM proxy", (), []),
        ("WITH proxy AS (SELECT * FROM proxy WHERE host = ?) SELECT * FROM proxy", ("x",), [PROXY]),
        (
            "SELECT * FROM proxy_scores WHERE fulluri IN (SELECT fulluri FROM proxy)",
            (),
            [PROXY, PROXY_SCORES],
        ),
        ("SELECT proxy.one FROM (SELECT ? AS one) proxy", (1,), []),
    ],
)
def test_the_tables_that_a_query_reads_are_found_by_its_grammar(warehouse, tmp_path, sql, values, tables):
    """Literals, comments, aliases and common table expressions name no table; each statement runs."""
    engine = DuckDBEngine("spot", tmp_path / "scratch", "256MB")
    assert engine.tables_of(Query(sql, values)) == tables
    warehouse.query(Query(sql, values))


def test_doctor_reads_the_newest_day_that_has_rows_alone(warehouse):
    """Years of raw files aren't opened: an older day's damaged file and an empty newest day don't matter."""
    for day, uris in ((DAY, ["a/"]), (DAY.plus(20), ["a/"]), (DAY.plus(40), [])):
        path = write_file(warehouse, PROXY, day=day, fulluri=uris)
    probe = warehouse.probes()["tables"]
    assert "with rows: proxy" in probe()
    oldest = next(Path(warehouse.location(PROXY, DAY)).rglob("000000_0"))
    oldest.write_bytes(b"damaged")
    assert "with rows: proxy" in probe()
    path.write_bytes(b"damaged")
    with pytest.raises(WarehouseError, match=str(path)):
        probe()


def test_doctor_says_where_raw_requests_are_expected(warehouse):
    """Without a raw row, nothing can be materialized."""
    assert f"ingest job writes to {warehouse.location(PROXY)}" in warehouse.probes()["tables"]()


@pytest.mark.parametrize("database", ["default", "main", "memory", "spot_2"])
def test_every_database_name_that_the_settings_take_works(tmp_path, database):
    """PROXY_OA_DBNAME is a cluster's name; Impala's own is `default`."""
    warehouse = DuckDBWarehouse(base=str(tmp_path), database=database)
    assert warehouse.read_day(PROXY_STORYBOARD, DAY).empty


def test_a_statement_that_the_engine_refuses_changes_nothing(warehouse):
    """A typo, a missing table, other columns and an error in mid-flight leave the day and no debris."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    before = files_of(warehouse)
    for sql in (
        "SELEC 1",
        "SELECT p_threat, title, text FROM no_such_table",
        "SELECT p_threat, text, title FROM proxy_storyboard",
        "SELECT p_threat, title FROM proxy_storyboard",
        "SELECT p_threat, title, CAST(CAST(text AS INTEGER) AS VARCHAR) AS text FROM proxy_storyboard",
    ):
        with pytest.raises(WarehouseError):
            warehouse.replace_day(PROXY_STORYBOARD, DAY, Query(sql))
    assert files_of(warehouse) == before
    assert [path.name for path in Path(warehouse.location(PROXY_STORYBOARD, DAY)).iterdir()] == [
        "part.parquet"
    ]


def test_what_a_killed_writer_left_is_no_row_and_goes(warehouse):
    """A temporary file of a dead process isn't read, and the next writer removes it; a living one's stays."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    folder = Path(warehouse.location(PROXY_STORYBOARD, DAY))
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    living = folder / temporary_name("part")
    left = folder / living.name.replace(f"-{os.getpid()}-", f"-{ended.pid}-")
    for file in (living, left):
        file.write_bytes(b"half a file")
        os.utime(file, (0, 0))
    assert texts_of(warehouse) == ["old"]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))
    assert texts_of(warehouse) == ["new"]
    assert [living.exists(), left.exists()] == [True, False]


def test_create_tables_makes_what_is_missing_and_changes_nothing_else(warehouse):
    """Each table has a line; doing it again says that all is there and leaves the days alone."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("a"))
    first, second = warehouse.create_tables(), warehouse.create_tables()
    assert [line.split(":")[0] for line in first] == list(TABLES)
    assert sum("created" in line for line in first) == len(TABLES) - 2
    assert all("there already" in line for line in second)
    assert all(Path(warehouse.location(table)).is_dir() for table in TABLES.values())
    assert texts_of(warehouse) == ["a"]


def test_a_disk_that_is_full_is_said_each_time(warehouse):
    """Nothing waits for ever, no debris is left, and the day stays; a limit stands for the full disk."""
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    before = files_of(warehouse)
    arguments = [sys.executable, "-c", WITHOUT_ROOM, warehouse.base, DAY.key]
    ended = subprocess.run(arguments, timeout=90, check=True, capture_output=True, text=True)
    assert ended.stdout == "refused\n" * 30
    assert files_of(warehouse) == before
