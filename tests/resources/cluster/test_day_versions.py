"""A day's versions in HDFS: readers keep theirs, and old ones are removed after the delay."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.store_clock import skip
from support.storyboard_days import DAY, comments, texts_of

from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.resources.cluster.cluster_tables import ClusterTables

pytestmark = pytest.mark.cluster

REPLACEMENTS, READS, READERS = 20, 200, 4


def runs(home: ClusterHome) -> list[str]:
    """Return the names of the day's version folders."""
    folder = home.deployment.impala.tables().folder(PROXY_STORYBOARD, DAY)
    return [entry.name for entry in home.deployment.hdfs.list_folder(folder)]


def test_old_versions_are_removed_after_the_delay(home: ClusterHome, monkeypatch) -> None:
    """Within the delay every version stays; after it, the next replacement removes the old ones."""
    warehouse = home.deployment.impala
    for text in ("first", "second"):
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments(text))
    assert len(runs(home)) == 2

    skip(monkeypatch, warehouse.keep_seconds + 1)
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY.plus(1), comments("another day"))

    assert len(runs(home)) == 1
    assert texts_of(warehouse) == ["second"]


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_an_unfinished_version_is_removed_after_a_day(home: ClusterHome, monkeypatch) -> None:
    """A killed writer's version isn't read, and is removed when it is due."""
    warehouse = home.deployment.impala
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    with monkeypatch.context() as broken:
        broken.setattr(ClusterTables, "_switch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("never switched to"))
    assert texts_of(warehouse) == ["old"]
    assert len(runs(home)) == 2

    skip(monkeypatch, 25 * 3600)
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY.plus(1), comments("another day"))

    assert texts_of(warehouse) == ["old"]
    assert len(runs(home)) == 1


def test_a_dropped_day_is_removed_after_the_delay(home: ClusterHome, monkeypatch) -> None:
    """Dropping takes the rows at once, and the files later."""
    warehouse = home.deployment.impala
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("a"))

    warehouse.drop_day(PROXY_STORYBOARD, DAY)

    assert texts_of(warehouse) == []
    assert len(runs(home)) == 1
    skip(monkeypatch, warehouse.keep_seconds + 1)
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY.plus(1), comments("another day"))
    assert runs(home) == []


@pytest.mark.slow
def test_readers_see_one_whole_version(home: ClusterHome, cluster: Cluster) -> None:
    """200 reads during 20 replacements: none fails, and none mixes two versions."""
    versions = [comments(*[f"{number}"] * (50 + number)) for number in range(REPLACEMENTS)]
    home.deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, DAY, versions[0])
    done = Event()

    def read() -> list[str]:
        reader, seen = home.warehouse(), []
        while len(seen) < READS // READERS or not done.is_set():
            texts = texts_of(reader)
            assert texts == [texts[0]] * (50 + int(texts[0]))
            seen.append(texts[0])
        reader.close()
        return seen

    with ThreadPoolExecutor(READERS) as pool:
        readers = [pool.submit(read) for _ in range(READERS)]
        for version in versions:
            home.deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, DAY, version)
        done.set()
        seen = [version for reader in readers for version in reader.result()]

    assert len(seen) >= READS
    # Otherwise the reads weren't concurrent with the replacements.
    assert len(set(seen)) > REPLACEMENTS / 4
    assert cluster.sql.running
