import itertools
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from threading import Event

from support.storyboard_days import DAY, comments, texts_of

from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.resources.local.duckdb_warehouse import DuckDBWarehouse
from proxy_oa_assets.sql.query import Query, whole_day


def test_rows_come_one_by_one_in_the_query_s_order(warehouse):
    """`rows` streams: a result that no memory could hold begins at once, and can be left half-way."""
    select = Query("SELECT i, concat('row ', CAST(i AS VARCHAR)) AS text FROM range(1000000000000) r(i)")
    rows = warehouse.rows(select)
    assert list(itertools.islice(rows, 25_000)) == [(number, f"row {number}") for number in range(25_000)]
    rows.close()
    assert list(warehouse.rows(Query("SELECT 1 AS one WHERE FALSE"))) == []


def test_two_streams_and_a_query_run_side_by_side(warehouse):
    """A stream keeps its own connection: another stream, a query and a replacement don't disturb it."""
    texts = [str(number) for number in range(30_000)]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(*texts))
    first, second = (warehouse.rows(whole_day(PROXY_STORYBOARD, DAY)) for _ in range(2))
    seen = [next(first)[2], next(second)[2]]
    assert len(texts_of(warehouse)) == 30_000
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))
    assert seen == ["0", "0"]
    assert [row[2] for row in first] == [row[2] for row in second] == texts[1:]


def test_a_read_after_a_replacement_gives_the_new_day(warehouse):
    """No cache of the engine's outlives a replacement, even of the same size within the same millisecond."""
    reader = DuckDBWarehouse(base=warehouse.base)
    for number in range(50):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(f"{number:03d}"))
        assert texts_of(warehouse) == texts_of(reader) == [f"{number:03d}"]


def test_readers_never_see_a_torn_or_empty_day(warehouse):
    """During replacements, each read gives one whole version: all its rows, and no error."""
    versions = [comments(*[f"{number}"] * (20_000 + number)) for number in range(4)]
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, versions[0])
    done = Event()

    def read():
        reader, seen = DuckDBWarehouse(base=warehouse.base), []
        while not done.is_set():
            seen.append(_whole_version(reader.read_day(PROXY_STORYBOARD, DAY)["text"].tolist()))
            seen.append(_whole_version([row[2] for row in reader.rows(whole_day(PROXY_STORYBOARD, DAY))]))
        return seen

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for version in versions * 15:
            warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, version)
        done.set()
        seen = [version for reader in readers for version in reader.result()]
    assert None not in seen
    assert len(set(seen)) > 1


def _whole_version(texts):
    """Return which version these rows are, all of them; None if they are none."""
    (text,) = set(texts) if len(set(texts)) == 1 else (None,)
    return text if text is not None and len(texts) == 20_000 + int(text) else None


def _replace_often(base, text):
    """Replace the day many times, in a process of its own."""
    warehouse = DuckDBWarehouse(base=base)
    for _ in range(30):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(*[text] * 1000))


def test_two_writers_in_two_processes_take_turns(warehouse):
    """Two runs that replace one day at once both succeed; the day is one of theirs, and no debris is left."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawn) as pool:
        writers = [pool.submit(_replace_often, warehouse.base, text) for text in ("a", "b")]
        for writer in writers:
            writer.result()
    assert texts_of(warehouse) in (["a"] * 1000, ["b"] * 1000)
    assert [path.name for path in Path(warehouse.location(PROXY_STORYBOARD, DAY)).iterdir()] == [
        "part.parquet"
    ]
