import re

import pytest

from proxy_oa_assets.model.errors import ResultsError
from proxy_oa_assets.ranking.published_parts import copy_results, published_parts, required_results
from proxy_oa_assets.resources.local.local_hdfs import LocalHdfs

PATH = "/user/spot/proxy/scored_results/20160912/scores/proxy_results.csv"


@pytest.fixture
def hdfs(tmp_path):
    return LocalHdfs(root=str(tmp_path / "hdfs"))


def test_parts_are_copied_in_name_order_without_spark_s_other_files(hdfs, tmp_path):
    """Spark writes a folder of parts, a marker and checksums; the day is the parts, one after another."""
    for name in ("part-00001", "part-00000", "_SUCCESS", ".part-00000.crc"):
        hdfs.write(f"{PATH}/{name}", [name.encode()])
    published = required_results(hdfs, PATH)
    assert copy_results(hdfs, published, tmp_path / "copy") == published.length == 20
    assert (tmp_path / "copy").read_bytes() == b"part-00000part-00001"


@pytest.mark.parametrize(("file", "content"), [(None, b""), (f"{PATH}/_SUCCESS", b""), (PATH, b"")])
def test_a_day_without_results_names_their_path(hdfs, file, content):
    """Nothing, a folder without parts, and an empty file: each is an error with the path to look at."""
    if file is not None:
        hdfs.write(file, [content])
    with pytest.raises(ResultsError, match=re.escape(hdfs.location(PATH))):
        required_results(hdfs, PATH)


def test_a_folder_without_parts_publishes_nothing(hdfs):
    """A sensor that asks while the ranking job writes finds nothing yet."""
    hdfs.write(f"{PATH}/_temporary", [b""])
    assert published_parts(hdfs, PATH) is None
