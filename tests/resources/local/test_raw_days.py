"""A raw day that this package replaces beside other systems that write it."""

import errno
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.engine_files import DAY, hour_file, write_file

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import DiskError, WarehouseError
from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_SCORES
from proxy_oa_assets.resources.local import raw_day
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.resources.raw_hour import MOST_FILES
from proxy_oa_assets.sql.check_counts import edge_counts
from proxy_oa_assets.sql.day_tables import edge_details
from proxy_oa_assets.sql.query import Query, whole_day

KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.resources.local import raw_day

def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[4] == "before the switch":
    raw_day._LocalMarker.put = killed
else:
    raw_day._remove_unread = killed
write = getattr(DuckDBWarehouse(base=sys.argv[1]), sys.argv[5])
write(Day.parse(sys.argv[2]), {8: [Path(sys.argv[3])]}, record="new")
"""


def _uris(warehouse):
    return sorted(warehouse.read_day(PROXY, DAY)["fulluri"])


def _files(warehouse):
    """Return the files of the day, hidden ones included, as `folder/name` with the version left out."""
    day = Path(warehouse.location(PROXY, DAY))
    return sorted(
        f"{path.parent.name}/{'part' if path.name.startswith('part.') else path.name}"
        for path in day.rglob("*")
        if path.is_file()
    )


def test_other_systems_files_are_superseded_and_removed(warehouse, tmp_path):
    """Their hours keep their folder names; a new hour is padded; what engines hide stays."""
    for hour, name in (("7", "000000_0"), ("09", "abc.parq"), ("10", "000000_0")):
        write_file(warehouse, PROXY, name, hour=hour, fulluri=["old/"])
    (Path(warehouse.location(PROXY, DAY)) / "h=7" / "_SUCCESS").touch()
    file = hour_file(tmp_path / "new", "new/")

    warehouse.replace_raw_day(DAY, {7: [file], 8: [file], 9: [file]})

    assert _uris(warehouse) == ["new/"] * 3
    assert _files(warehouse) == ["d=12/.version.json", "h=08/part", "h=09/part", "h=7/_SUCCESS", "h=7/part"]


def test_an_hour_in_two_folders_is_replaced_as_one(warehouse, tmp_path):
    """`h=7` and `h=07` are one hour: both are emptied, and the file goes to the padded one."""
    for hour in ("7", "07"):
        write_file(warehouse, PROXY, hour=hour, fulluri=["old/"])
    warehouse.replace_raw_day(DAY, {7: [hour_file(tmp_path / "new", "new/")]})
    assert _files(warehouse) == ["d=12/.version.json", "h=07/part"]
    assert _uris(warehouse) == ["new/"]


def test_a_day_in_folders_of_two_spellings_is_one_day(warehouse, tmp_path):
    """`m=9` and `m=09`, `d=7` and `d=07`: read together, and replaced together in the padded folder."""
    day = Day.parse("2016-09-07")
    padded = Path(warehouse.location(PROXY, day))
    for number, name in enumerate(("m=09/d=07/h=7", "m=9/d=7/h=07", "m=09/d=7/h=23", "m=9/d=07/h=0")):
        folder = padded.parents[1] / name
        folder.mkdir(parents=True)
        hour_file(folder / "000000_0", f"{number}/")

    def read():
        return sorted(warehouse.read_day(PROXY, day)["fulluri"])

    assert read() == ["0/", "1/", "2/", "3/"]
    assert len(warehouse.query(Query("SELECT fulluri FROM proxy"))) == 4
    assert warehouse.has_rows(PROXY, day)
    warehouse.replace_raw_day(day, {8: [hour_file(tmp_path / "new", "new/")]})
    assert read() == ["new/"]
    (left,) = [path for path in padded.parents[1].rglob("*") if path.is_file() and path.name[0] != "."]
    assert left.parent == padded / "h=08"


def test_rows_without_an_hour_are_read(warehouse, tmp_path):
    """Hive's default partition: the rows count, their hour is NULL; the next replacement removes them."""
    for hour in ("__HIVE_DEFAULT_PARTITION__", "07", "24", "backup"):
        write_file(warehouse, PROXY, hour=hour, clientip=["10.0.0.1"], fulluri=["a/"])
    write_file(warehouse, PROXY_SCORES, clientip=["10.0.0.1"], fulluri=["a/"])
    assert warehouse.replace_day(PROXY_EDGE, DAY, edge_details(DAY)) == 3
    assert warehouse.read_day(PROXY_EDGE, DAY)["hh"].fillna(-1).tolist() == [7, 24, -1]
    (counts,) = warehouse.query(edge_counts(DAY)).to_dict("records")
    assert (counts["wrong_hours"], counts["bare"]) == (0, 0)
    warehouse.replace_raw_day(DAY, {7: [hour_file(tmp_path / "new", "new/")]})
    assert _uris(warehouse) == ["new/"]


def test_an_hour_that_another_system_adds_later_counts(warehouse, tmp_path):
    """Its late file is read beside ours, in an hour of ours too, until the day is replaced again."""
    file = hour_file(tmp_path / "new", "new/")
    write_file(warehouse, PROXY, hour="07", fulluri=["old/"])
    warehouse.replace_raw_day(DAY, {7: [file]})
    write_file(warehouse, PROXY, hour="07", fulluri=["late/"])  # by the name of the superseded file
    write_file(warehouse, PROXY, hour="9", fulluri=["later/"])
    assert _uris(warehouse) == ["late/", "later/", "new/"]

    warehouse.replace_raw_day(DAY, {7: [file]})
    assert _uris(warehouse) == ["new/"]


@pytest.mark.parametrize("moment", ["before the switch", "after the switch"])
@pytest.mark.parametrize(
    ("former", "write", "new"),
    [
        ("another system", "replace_raw_day", ["new/"]),
        ("ours", "replace_raw_day", ["new/"]),
        ("ours", "add_to_raw_day", ["new/", "old/"]),
    ],
)
def test_a_killed_writer_leaves_the_old_day_or_the_new_one(
    warehouse, tmp_path, *, moment, former, write, new
):
    """And its record; other files are ignored by readers, and the next writer removes them."""
    if former == "ours":
        warehouse.replace_raw_day(DAY, {7: [hour_file(tmp_path / "old", "old/")]}, record="old")
    else:
        write_file(warehouse, PROXY, hour="07", fulluri=["old/"])
    file = hour_file(tmp_path / "new", "new/")
    arguments = [sys.executable, "-c", KILLED_WRITER, warehouse.base, DAY.key, str(file), moment, write]
    assert subprocess.run(arguments, timeout=60, check=False).returncode == -signal.SIGKILL
    old = (["old/"], "old" if former == "ours" else "")
    expected = old if moment == "before the switch" else (new, "new")
    assert (_uris(warehouse), warehouse.raw_day_record(DAY)) == expected
    day = Path(warehouse.location(PROXY, DAY))
    left = day / "h=08" / f".{'0' * 32}.tmp"
    left.write_bytes(b"half a file")
    os.utime(left, (0, 0))

    warehouse.replace_raw_day(DAY, {9: [file]})
    assert _uris(warehouse) == ["new/"]
    assert _files(warehouse) == ["d=12/.version.json", "h=09/part"]


def test_a_writer_that_fails_leaves_the_day_as_it_was(warehouse, tmp_path, monkeypatch):
    """As on a full disk: the files of the hours that were written are removed."""
    write_file(warehouse, PROXY, hour="07", fulluri=["old/"])
    before = _files(warehouse)
    first, second = hour_file(tmp_path / "first", "new/"), hour_file(tmp_path / "second", "new/")
    read = raw_day._chunks

    def chunks(file):
        yield from read(file)
        if file == second:
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(raw_day, "_chunks", chunks)
    with pytest.raises(DiskError, match="full; free space"):
        warehouse.replace_raw_day(DAY, {7: [first], 8: [second]})
    assert _files(warehouse) == before
    assert _uris(warehouse) == ["old/"]


def test_a_file_that_cannot_be_read_is_named_and_not_its_copy(tmp_path):
    """As on a disk that fails beneath an ingest."""
    day = tmp_path / "y=2016" / "m=09" / "d=12"
    day.mkdir(parents=True)
    with pytest.raises(OSError, match=r"Input/output error: '/proc/self/mem'"):
        raw_day.replace_raw_day(day, {7: [Path("/proc/self/mem")]}, "")


def test_a_damaged_marker_is_named(warehouse, tmp_path):
    """The message names it and says what to do."""
    warehouse.replace_raw_day(DAY, {7: [hour_file(tmp_path / "new", "new/")]})
    marker = Path(warehouse.location(PROXY, DAY)) / ".version.json"
    marker.write_text("{", encoding="utf-8")
    with pytest.raises(WarehouseError, match=rf"{marker} .*remove it"):
        warehouse.read_day(PROXY, DAY)


def test_a_raw_day_that_was_copied_from_a_cluster_is_read_as_there(warehouse, tmp_path):
    """Its marker names the run whose hours are read; other hours are the day's own until it is replaced."""
    day = Path(warehouse.location(PROXY, DAY))
    run = Path(warehouse.location(PROXY)) / "_beside" / day.relative_to(day.parents[2]) / "run=new"
    for hour, uri in (("7", "old/"), ("09", "returned/"), ("10", "late/")):
        write_file(warehouse, PROXY, hour=hour, fulluri=[uri])
    for name, hour in (("run=new", "07"), ("run=new", "08"), ("run=former", "07")):
        folder = run.with_name(name) / f"h={hour}"
        folder.mkdir(parents=True)
        hour_file(folder / "part.parquet", f"{name}/")
    (run / "h=09").mkdir()  # emptied
    hours = {hour: {"run": "new", "modified": 5} for hour in ("7", "07", "08", "09")}
    for returned, expected in (
        (False, ["late/", "run=new/", "run=new/"]),
        (True, ["late/", "returned/", "run=new/", "run=new/"]),
    ):
        hours["09"] |= {"emptied": True, "returned": returned}
        content = json.dumps({"switching": False, "hours": hours, "record": "cluster"})
        (day / "_proxy_oa_version.json").write_text(content, encoding="utf-8")
        assert _uris(warehouse) == expected
        assert warehouse.query(Query("SELECT max(h) AS h FROM proxy"))["h"].tolist() == ["10"]

    file = hour_file(tmp_path / "new", "new/")
    assert warehouse.raw_day_record(DAY) == "cluster"
    warehouse.add_to_raw_day(DAY, {7: [file]}, record="local")
    assert _uris(warehouse) == ["late/", "new/", "returned/", "run=new/", "run=new/"]
    assert warehouse.raw_day_record(DAY) == "local"
    warehouse.replace_raw_day(DAY, {7: [file]})
    assert _uris(warehouse) == ["new/"]


def test_other_systems_files_of_an_hour_stay_beside_what_is_added(warehouse, tmp_path):
    """Of other columns, types and folder names, in hours of ours and others; late ones, too."""
    write_file(warehouse, PROXY, hour="7", types={"duration": pa.int64()}, duration=[2**40], fulluri=["a/"])
    few = Path(warehouse.location(PROXY, DAY)) / "h=07"
    few.mkdir()
    pq.write_table(pa.table({"fulluri": ["b/"], "other": [1]}), few / "few.parq")
    write_file(warehouse, PROXY, hour="__HIVE_DEFAULT_PARTITION__", fulluri=["c/"])
    warehouse.add_to_raw_day(DAY, {7: [hour_file(tmp_path / "1", "1/", "part/")]}, record="first")
    write_file(warehouse, PROXY, hour="07", fulluri=["late/"])
    theirs, part = ["a/", "b/", "c/", "late/"], hour_file(tmp_path / "part", "part/", "a/")
    assert _uris(warehouse) == ["1/", *theirs, "part/"]

    file = hour_file(tmp_path / "2", "2/")
    warehouse.add_to_raw_day(DAY, {7: [file], 8: [file]}, retracted={7: [part]}, record="second")
    assert _uris(warehouse) == ["1/", "2/", "2/", *theirs]
    assert warehouse.query(Query("SELECT max(duration) AS longest FROM proxy"))["longest"].tolist() == [2**40]


def test_a_day_that_another_system_replaced_is_added_to(warehouse, tmp_path):
    """It may remove our files, with the marker or without it: its rows stay, and so does what is added."""
    for name in ("part.*", ".version.json"):
        warehouse.add_to_raw_day(DAY, {7: [hour_file(tmp_path / "1", "1/")]}, record="first")
        for file in Path(warehouse.location(PROXY, DAY)).rglob(name):
            file.unlink()
        write_file(warehouse, PROXY, hour="07", fulluri=["theirs/"])
    assert warehouse.raw_day_record(DAY) == ""
    warehouse.add_to_raw_day(DAY, {7: [hour_file(tmp_path / "2", "2/")]}, record="second")
    assert _uris(warehouse) == ["2/", "theirs/"]


def test_an_hour_that_is_added_to_often_has_few_files(warehouse, tmp_path):
    """Each addition costs what it adds; from time to time, our files of the hour are merged."""
    uris = [f"{number:02d}/" for number in range(40)]
    for uri in uris:
        warehouse.add_to_raw_day(DAY, {7: [hour_file(tmp_path / "added", uri)]})
        assert len(_files(warehouse)) <= 1 + MOST_FILES
    assert _uris(warehouse) == uris


def test_a_dropped_raw_day_is_empty(warehouse, tmp_path):
    """Both our files and other systems' are removed; the next day stays."""
    warehouse.replace_raw_day(DAY.plus(1), {7: [hour_file(tmp_path / "new", "new/")]})
    write_file(warehouse, PROXY, hour="07", fulluri=["old/"])
    warehouse.drop_day(PROXY, DAY)
    assert _uris(warehouse) == []
    assert warehouse.has_rows(PROXY, DAY.plus(1))


def test_readers_beside_writers_see_whole_days(warehouse, tmp_path):
    """Each read gives a whole content, of all hours: by frame, by stream and by the footers.

    The day is replaced by two contents in turn, and each time another file is added to two hours.
    """
    contents = []
    for number, hours in enumerate([(0, 7, 23), (6, 7, 8, 9)]):
        files = {
            hour: [hour_file(tmp_path / f"{number}-{hour}", *[f"{number}/{hour}"] * 50)] for hour in hours
        }
        contents.append((files, sorted(f"{number}/{hour}" for hour in hours for _ in range(50))))
    for hour in ("07", "09"):
        write_file(warehouse, PROXY, hour=hour, fulluri=["old/"])
    added = hour_file(tmp_path / "added", "added/")
    expected = [["old/", "old/"], *(uris for _, uris in contents)]
    expected += [["added/", "added/", *uris] for _, uris in contents]
    expected = [sorted(uris) for uris in expected]
    done = Event()

    def read():
        reader, seen = DuckDBWarehouse(base=warehouse.base), []
        while not done.is_set():
            seen.append(_uris(reader))
            seen.append(sorted(row[-1] for row in reader.rows(whole_day(PROXY, DAY))))
            assert reader.has_rows(PROXY, DAY)
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for number in range(30):
            warehouse.replace_raw_day(DAY, contents[number % 2][0])
            warehouse.add_to_raw_day(DAY, {7: [added], 12: [added]})
        done.set()
        seen = [uris for reader in readers for uris in reader.result()]
    assert [uris for uris in seen if uris not in expected] == []
    assert len({tuple(uris) for uris in seen}) > 1


def test_a_reader_that_began_before_reads_its_files(warehouse, tmp_path):
    """A stream keeps the version that it began with while the day is replaced twice."""
    uris = [f"{number:06d}" for number in range(30_000)]
    warehouse.replace_raw_day(DAY, {7: [hour_file(tmp_path / "old", *uris)]})
    rows = warehouse.rows(whole_day(PROXY, DAY))
    seen = [next(rows)[-1]]
    for _ in range(2):
        warehouse.replace_raw_day(DAY, {8: [hour_file(tmp_path / "new", "new/")]})
    assert seen + [row[-1] for row in rows] == uris
    assert _uris(warehouse) == ["new/"]


def test_two_files_of_one_name_in_two_hours_are_both_read(warehouse):
    """Hive calls the first file of each hour 000000_0."""
    for hour in ("07", "08"):
        write_file(warehouse, PROXY, hour=hour, fulluri=[hour])
    assert _uris(warehouse) == ["07", "08"]
    assert list((Path(warehouse.base) / ".scratch").iterdir()) == []
