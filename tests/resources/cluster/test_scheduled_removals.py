"""Scheduled removals of versions, which are stored as names of folders."""

from pathlib import Path

from support.reached import reached

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_EDGE
from proxy_oa_assets.resources.cluster.day_versions import DayVersions
from proxy_oa_assets.resources.local.local_hdfs import LocalHdfs

DAY = Day.parse("2016-09-12")
STRANGE = (
    "1.proxy_edge.no-day.x",
    "1.proxy_edge.2016-13-12.x",
    "\u00b2.proxy_edge.2016-09-12.x",
    "notes",
    "1.a",
)


def test_unknown_names_among_the_removals_are_ignored(tmp_path: Path) -> None:
    """Every replacement of every table lists them."""
    hdfs = LocalHdfs(root=str(tmp_path))
    versions = DayVersions(hdfs, "/user/spot", keep_seconds=0)
    for name in STRANGE:
        hdfs.make_folder(f"/user/spot/proxy/hive/oa/.superseded/{name}")
    draft = versions.new(PROXY_EDGE, DAY).version
    versions.supersede([draft])
    assert list(versions.due()) == []
    for noted in range(2):
        hdfs.make_folder(f"/user/spot/proxy/hive/oa/.superseded/{noted}.proxy_edge.2016-09-12.r{noted}")
    assert [found.version.run for found in versions.due()] == ["r0", "r1"]


def test_the_delay_is_a_setting_and_an_hour_by_default(tmp_path: Path) -> None:
    """PROXY_OA_KEEP_VERSIONS_MINUTES, in seconds."""
    assert reached(tmp_path).impala.keep_seconds == 3600
    assert reached(tmp_path, PROXY_OA_KEEP_VERSIONS_MINUTES="5").impala.keep_seconds == 300
