"""Days of the raw table: written by us hour by hour, and by other systems beside us."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.cluster_home import ClusterHome
from support.hdfs_path import HdfsPath
from support.store_clock import skip

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import LockedError, WarehouseError
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_INGEST_SUMMARY
from proxy_oa_assets.resources.cluster.raw_marker import MARKER
from proxy_oa_assets.resources.impala import Warehouse
from proxy_oa_assets.resources.parquet import arrow_schema
from proxy_oa_assets.sql import day_tables
from proxy_oa_assets.sql.query import Query, of_day

pytestmark = pytest.mark.cluster

DAY = Day.parse("2016-09-12")
REPLACEMENTS, READERS = 10, 3

KILLED = """
import os, signal, sys
from pathlib import Path
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.cluster import raw_days
from proxy_oa_assets.resources.deployment import configured_deployment

method, step, count = sys.argv[1].split()
calls = []
original = getattr(raw_days, step)

def killing(*arguments):
    calls.append(arguments)
    if len(calls) == int(count):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments)

setattr(raw_days, step, killing)
files = dict(argument.split("=", 1) for argument in sys.argv[3:])
write = getattr(configured_deployment().impala, method)
hours = {int(hour): [Path(file)] for hour, file in files.items()}
write(Day.parse(sys.argv[2]), hours, record="new")
"""

Files = Callable[..., dict[int, list[Path]]]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Return what writes a Parquet file per hour, each of so many rows whose host is the version."""

    def write(version: str, hours: Mapping[int, int]) -> dict[int, list[Path]]:
        written = {}
        for hour, count in hours.items():
            values = {"p_date": DAY.key, "p_time": f"{hour:02d}:00:00", "clientip": "10.0.0.1"}
            values |= {"host": version, "fulluri": f"{version}/"}
            rows = [values] * count
            written[hour] = [tmp_path / f"{version}-{hour}.parquet"]
            pq.write_table(pa.Table.from_pylist(rows, arrow_schema(PROXY)), written[hour][0])
        return written

    return write


def rows_of(warehouse: Warehouse) -> dict[tuple[str, int], int]:
    """Return the number of rows by version and hour."""
    where, values = of_day(PROXY, DAY)
    sql = f"SELECT host, CAST(h AS INT) AS hour, count(*) AS n FROM proxy WHERE {where} GROUP BY host, h"
    return {(row[0], row[1]): row[2] for row in warehouse.rows(Query(sql, values, (DAY, DAY)))}


def folder(home: ClusterHome) -> str:
    return home.deployment.impala.tables().folder(PROXY, DAY)


def write_as_another_system(home: ClusterHome, files: Mapping[int, list[Path]], name: str = "part-0") -> None:
    for hour, (file,) in files.items():
        home.deployment.hdfs.write(f"{folder(home)}/h={hour:02d}/{name}.parquet", [file.read_bytes()])


def test_hours_are_replaced_and_the_others_emptied(home: ClusterHome, files: Files) -> None:
    """By us, twice, over another system's hours."""
    warehouse = home.deployment.impala
    write_as_another_system(home, files("theirs", {6: 1, 7: 2}))
    assert rows_of(warehouse) == {("theirs", 6): 1, ("theirs", 7): 2}

    assert warehouse.replace_raw_day(DAY, files("a", {7: 3, 8: 4})) == 7
    assert rows_of(warehouse) == {("a", 7): 3, ("a", 8): 4}
    assert warehouse.replace_raw_day(DAY, files("b", {9: 5})) == 5
    assert rows_of(warehouse) == {("b", 9): 5}
    with closing(home.warehouse()) as other:
        assert rows_of(other) == {("b", 9): 5}
    assert warehouse.replace_raw_day(DAY, {}) == 0
    assert rows_of(warehouse) == {}


def test_replaced_files_go_after_the_delay(
    home: ClusterHome, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of another system, too; files that it has written since stay."""
    warehouse, hdfs = home.deployment.impala, home.deployment.hdfs
    write_as_another_system(home, files("theirs", {6: 1, 7: 2}))
    warehouse.replace_raw_day(DAY, files("a", {7: 3}))
    write_as_another_system(home, files("late", {6: 4}), "part-1")
    warehouse.replace_raw_day(DAY.plus(1), {})
    assert len(hdfs.list_folder(f"{folder(home)}/h=07")) == 1

    skip(monkeypatch, warehouse.keep_seconds + 1)
    warehouse.replace_raw_day(DAY.plus(1), {})

    assert hdfs.list_folder(f"{folder(home)}/h=07") == []
    assert len(hdfs.list_folder(f"{folder(home)}/h=06")) == 2
    assert rows_of(warehouse) == {("theirs", 6): 1, ("late", 6): 4, ("a", 7): 3}


def test_hours_that_another_system_writes_later_count(home: ClusterHome, files: Files) -> None:
    """A new hour, on a connection that has read the day; and one that we had emptied."""
    warehouse = home.deployment.impala
    write_as_another_system(home, files("theirs", {6: 1}))
    warehouse.replace_raw_day(DAY, files("a", {7: 3}))
    assert rows_of(warehouse) == {("a", 7): 3}

    write_as_another_system(home, files("late", {23: 2}))
    assert rows_of(warehouse) == {("a", 7): 3, ("late", 23): 2}
    write_as_another_system(home, files("again", {6: 5}))
    assert rows_of(warehouse) == {("a", 7): 3, ("late", 23): 2, ("again", 6): 5}
    with closing(home.warehouse()) as other:
        assert rows_of(other) == {("a", 7): 3, ("late", 23): 2, ("again", 6): 5}


def test_late_hours_and_files_are_seen_by_an_open_connection(home: ClusterHome, files: Files) -> None:
    """A notebook that was opened early sees what ingest writes later."""
    warehouse = home.deployment.impala
    write_as_another_system(home, files("early", {1: 1}))
    assert rows_of(warehouse) == {("early", 1): 1}
    write_as_another_system(home, files("late", {2: 2}))
    write_as_another_system(home, files("more", {1: 3}), "part-1")
    assert rows_of(warehouse) == {("early", 1): 1, ("more", 1): 3, ("late", 2): 2}
    assert warehouse.replace_day(PROXY_INGEST_SUMMARY, DAY, day_tables.ingest_summary(DAY)) == 2


def test_files_are_added_beside_those_of_other_systems(home: ClusterHome, files: Files) -> None:
    """Theirs of the hour are taken in, also late ones; the others stay where they are, and are read."""
    warehouse, hdfs = home.deployment.impala, home.deployment.hdfs
    write_as_another_system(home, files("theirs", {6: 1, 7: 2}))
    few = pa.table({"fulluri": ["few/"], "host": ["few"], "duration": pa.array([7], pa.int32())})
    sink = pa.BufferOutputStream()
    pq.write_table(few, sink)
    hdfs.write(f"{folder(home)}/h=07/few.parquet", [sink.getvalue().to_pybytes()])
    hdfs.write(f"{folder(home)}/h=7/part-0.parquet", [files("unpadded", {7: 1})[7][0].read_bytes()])
    theirs = {("theirs", 6): 1, ("theirs", 7): 2, ("few", 7): 1, ("unpadded", 7): 1}

    assert warehouse.add_to_raw_day(DAY, files("a", {7: 3, 8: 4}), record="a") == 7
    assert rows_of(warehouse) == {**theirs, ("a", 7): 3, ("a", 8): 4}
    write_as_another_system(home, files("late", {6: 1, 7: 1, 9: 1}), "late")
    late = {("late", 6): 1, ("late", 9): 1}
    assert rows_of(warehouse) == {**theirs, ("a", 7): 3, ("a", 8): 4, **late}

    one = files("a", {7: 1, 8: 1})
    assert warehouse.add_to_raw_day(DAY, files("b", {7: 1}), retracted=one, record="b") == 1
    after = {**theirs, ("a", 7): 2, ("a", 8): 3, **late, ("late", 7): 1, ("b", 7): 1}
    with closing(home.warehouse()) as other:
        assert rows_of(other) == rows_of(warehouse) == after
        assert other.raw_day_record(DAY) == "b"
    (run,) = [entry for entry in hdfs.list_folder(f"{folder(home)}/h=06") if entry.name == "late.parquet"]
    assert run.length


def test_replaced_hours_of_a_version_go_after_the_delay(
    home: ClusterHome, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each after its own: the files that were read until now stay for their readers, and the others."""
    warehouse, hdfs = home.deployment.impala, home.deployment.hdfs
    warehouse.replace_raw_day(DAY, files("a", {6: 1, 7: 1, 8: 1}))
    beside = folder(home).replace("/hive/", "/hive/_beside/")
    (first,) = hdfs.list_folder(beside)

    def hours() -> list[str]:
        return [entry.name for entry in hdfs.list_folder(first.path)]

    warehouse.add_to_raw_day(DAY, files("b", {6: 1}))
    skip(monkeypatch, warehouse.keep_seconds / 2)
    warehouse.add_to_raw_day(DAY, files("c", {7: 1}))
    skip(monkeypatch, warehouse.keep_seconds * 0.75)
    warehouse.add_to_raw_day(DAY, {})
    assert hours() == ["h=06", "h=07", "h=08"]
    skip(monkeypatch, warehouse.keep_seconds * 2)
    warehouse.add_to_raw_day(DAY, {})
    assert hours() == ["h=08"]
    assert rows_of(warehouse) == {("a", 6): 1, ("a", 7): 1, ("a", 8): 1, ("b", 6): 1, ("c", 7): 1}


@pytest.mark.slow
def test_readers_see_one_whole_version(home: ClusterHome, files: Files) -> None:
    """Readers beside ten replacements and additions, whose hours and counts differ."""
    versions = [dict.fromkeys(range(n % 3, 2 + n % 3), 2 + n) for n in range(REPLACEMENTS)]
    whole = [{(f"v{n}", hour): count for hour, count in hours.items()} for n, hours in enumerate(versions)]
    for n in range(1, REPLACEMENTS, 2):
        whole[n] |= whole[n - 1]
    home.deployment.impala.replace_raw_day(DAY, files("v0", versions[0]))
    done, seen = Event(), list[int]()

    def read() -> None:
        with closing(home.warehouse()) as reader:
            while not done.is_set():
                found = rows_of(reader)
                assert found in whole
                seen.append(whole.index(found))

    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read) for _ in range(READERS)]
        try:
            for number, hours in enumerate(versions[1:], 1):
                warehouse = home.deployment.impala
                write = warehouse.add_to_raw_day if number % 2 else warehouse.replace_raw_day
                write(DAY, files(f"v{number}", hours))
                while number not in seen and not any(reader.done() for reader in readers):
                    time.sleep(0.05)
        finally:
            done.set()
        for reader in readers:
            reader.result()

    assert set(seen) >= set(range(1, REPLACEMENTS))


def test_the_switch_of_a_killed_writer_is_finished(home: ClusterHome, files: Files) -> None:
    """A reader waits for the lock's expiry, and sees the new version; the next writer succeeds."""
    hdfs = home.deployment.hdfs.model_copy(update={"lock_expiry": 4})
    warehouse = home.warehouse(hdfs=hdfs)
    warehouse.replace_raw_day(DAY, files("old", {5: 1, 6: 1}))
    assert killed_in_the_switch(home, files("new", {6: 2, 7: 2})) == -signal.SIGKILL
    assert rows_of(warehouse) == {("new", 6): 2, ("new", 7): 2}

    assert killed_in_the_switch(home, files("never read", {5: 2, 6: 2})) == -signal.SIGKILL
    warehouse.replace_raw_day(DAY, files("newest", {8: 1}))
    assert rows_of(warehouse) == {("newest", 8): 1}
    warehouse.close()


@pytest.mark.parametrize(
    "step", ["write_marker 1", "set_location 2", pytest.param("write_marker 2", marks=pytest.mark.slow)]
)
def test_a_killed_addition_is_seen_with_its_record_or_not_at_all(
    home: ClusterHome, files: Files, step: str
) -> None:
    """Killed before the switch, between its partitions, and before its end; the next addition succeeds."""
    hdfs = home.deployment.hdfs.model_copy(update={"lock_expiry": 4})
    with closing(home.warehouse(hdfs=hdfs)) as warehouse:
        warehouse.replace_raw_day(DAY, files("old", {5: 1, 6: 1}), record="old")
        written = files("new", {6: 2, 7: 2})
        assert killed_in_the_switch(home, written, f"add_to_raw_day {step}") == -signal.SIGKILL
        old, new = {("old", 5): 1, ("old", 6): 1}, {("new", 6): 2, ("new", 7): 2}
        expected = (old, "old") if step == "write_marker 1" else ({**old, **new}, "new")
        assert (warehouse.raw_day_record(DAY), rows_of(warehouse)) == expected[::-1]

        warehouse.add_to_raw_day(DAY, files("newest", {6: 3}), record="newest")
        assert rows_of(warehouse) == {**expected[0], ("newest", 6): 3}
        assert warehouse.raw_day_record(DAY) == "newest"


def killed_in_the_switch(
    home: ClusterHome, written: Mapping[int, list[Path]], way: str = "replace_raw_day set_location 2"
) -> int:
    """Write the day in a process that is killed at a call of a function; return its exit code."""
    arguments = [f"{hour}={path}" for hour, (path,) in written.items()]
    return subprocess.run(
        [sys.executable, "-c", KILLED, way, DAY.key, *arguments],
        env=home.environment(),
        cwd=home.path.parent,
        check=False,
    ).returncode


def test_a_day_without_a_marker_costs_one_more_request(home: ClusterHome, files: Files) -> None:
    """Days that only other systems write; and a listing, because the month may be written otherwise."""
    write_as_another_system(home, files("theirs", {6: 1}))
    statuses, listings = [], []
    hdfs = home.deployment.hdfs

    class Counting(type(hdfs)):
        def status(self, path: str):
            statuses.append(path)
            return super().status(path)

        def list_folder(self, path: str):
            listings.append(path)
            return super().list_folder(path)

    fields = {name: getattr(hdfs, name) for name in type(hdfs).model_fields}
    with closing(home.warehouse(hdfs=Counting(**fields))) as warehouse:
        for _ in range(3):
            assert rows_of(warehouse) == {("theirs", 6): 1}
    assert len(listings) == 2 * len(statuses) == 6


def test_a_day_in_another_folder_is_read_and_not_replaced(home: ClusterHome, files: Files) -> None:
    """`m=9` beside `m=09`: its hours count; replacing half of a day is refused, and names the other half."""
    write_as_another_system(home, files("padded", {6: 1}))
    other = folder(home).replace("/m=09/", "/m=9/")
    content = files("unpadded", {6: 1})[6][0].read_bytes()
    home.deployment.hdfs.write(f"{other}/h=6/part-0.parquet", [content])
    assert rows_of(home.deployment.impala) == {("padded", 6): 1, ("unpadded", 6): 1}
    with pytest.raises(WarehouseError, match="/m=9/d=12/h=6 has rows of 2016-09-12, too"):
        home.deployment.impala.replace_raw_day(DAY, files("new", {6: 1}))
    assert rows_of(home.deployment.impala) == {("padded", 6): 1, ("unpadded", 6): 1}


def test_a_damaged_marker_is_named_and_replaced(home: ClusterHome, files: Files) -> None:
    """A reader gets an error; a replacement doesn't need the marker, and empties the hours that it named."""
    warehouse, hdfs = home.deployment.impala, home.deployment.hdfs
    warehouse.replace_raw_day(DAY, files("a", {7: 1, 8: 1}))
    hdfs.write(f"{folder(home)}/{MARKER}", [b"{"])
    with pytest.raises(WarehouseError, match=MARKER):
        rows_of(warehouse)
    assert hdfs.delete(f"{folder(home)}/{MARKER}")

    warehouse.replace_raw_day(DAY, files("b", {8: 2}))

    assert rows_of(warehouse) == {("b", 8): 2}


def test_a_writer_that_switches_for_too_long_is_named(home: ClusterHome, files: Files) -> None:
    """A reader doesn't wait forever."""
    home.deployment.impala.replace_raw_day(DAY, files("a", {7: 1}))
    hdfs = home.deployment.hdfs
    marker = f"{folder(home)}/{MARKER}"
    with hdfs.open(marker) as file:
        switching = file.read().replace(b'"switching":false', b'"switching":true')
    impatient = hdfs.model_copy(update={"lock_patience": 1})
    lock = f"{home.deployment.workspace.huser}/proxy/oa/.locks/{DAY.folder}.proxy-hours"
    with hdfs.lock(lock), closing(home.warehouse(hdfs=impatient)) as reader:
        hdfs.write(marker, [switching])
        with pytest.raises(LockedError, match=DAY.folder):
            rows_of(reader)
    assert rows_of(home.deployment.impala) == {("a", 7): 1}
    assert b'"switching":false' in HdfsPath(marker, hdfs).read_bytes()
    assert home.deployment.impala.replace_day(PROXY_EDGE, DAY, day_tables.edge_details(DAY)) == 0
