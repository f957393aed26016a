"""What is noted of versions to be removed, whatever else stands among the notes."""

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


def test_a_strange_name_among_the_notes_stops_nothing(tmp_path: Path) -> None:
    """Every replacement of every table reads the notes."""
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


def test_the_delay_is_the_setting_s_and_an_hour_without_it(tmp_path: Path) -> None:
    """PROXY_OA_KEEP_VERSIONS_MINUTES, in seconds where versions are noted."""
    assert reached(tmp_path).impala.keep_seconds == 3600
    assert reached(tmp_path, PROXY_OA_KEEP_VERSIONS_MINUTES="5").impala.keep_seconds == 300
