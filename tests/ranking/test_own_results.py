"""Our results file: how its rows are written, and by what our own is known, on both deployments."""

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from support.home import Home
from support.result_lines import read_lines

from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import ResultsError
from proxy_oa_assets.ranking.own_results import (
    is_of_another_system,
    is_ours,
    marker_path,
    own_statement,
    publish,
    results_content,
)

DAY = Day.parse("2016-09-12")
# Publishes and is killed before the rename of that number, the marker's or the results'.
PUBLISHER = """
import os, signal, sys
from proxy_oa_assets.ranking.own_results import publish
from proxy_oa_assets.resources.cluster.webhdfs_client import Client
from proxy_oa_assets.resources.deployment import configured_deployment

path, content, moment = sys.argv[1], sys.argv[2].encode(), int(sys.argv[3])
seen = 0

def counted():
    global seen
    seen += 1
    if seen == moment:
        os.kill(os.getpid(), signal.SIGKILL)

def replaced(self, *arguments, replace=Client.replace):
    counted()
    return replace(self, *arguments)

def hook(event, arguments):
    if event == "os.rename" and "scored_results" in str(arguments[1]):
        counted()

Client.replace = replaced
sys.addaudithook(hook)
publish(configured_deployment().hdfs, path, content)
"""


@pytest.fixture
def home(new_home: Callable[..., Home]) -> Home:
    return new_home()


def test_rows_are_read_as_they_are_written() -> None:
    """Quotes, markup and SQL stay as they are; NULL is `null`; tabs and line breaks are spaces."""
    texts = ['a "b" \\', "<script>", "'; DROP TABLE proxy; --", "x\ty\nz\r\nw\rv", "Ünï \u202e", None, ""]
    rows = [
        dict.fromkeys(RESULT_FIELDS)
        | {"p_date": DAY.key, "useragent": text, "scbytes": 2**40, "score": 1.5e-7, "word": "cold=1.00"}
        for text in texts
    ]
    content = results_content(rows, RESULT_FIELDS)
    reader, rejected = read_lines(*content.splitlines(keepends=True))
    assert rejected == []
    assert reader.frame["useragent"].astype(object).where(
        reader.frame["useragent"].notna(), None
    ).tolist() == [
        *texts[:3],
        "x y z w v",
        *texts[4:],
    ]
    assert set(reader.frame["score"]) == {1.5e-7}
    assert b"\t1.5E-07\n" in content


def test_a_site_s_own_columns_and_order_are_kept() -> None:
    """The conf file orders the columns, and one that this project doesn't know is `null`."""
    row = dict.fromkeys(RESULT_FIELDS) | {"host": "a.example", "score": 0.5}
    assert results_content([row], ("score", "site_tag", "host")) == b"0.5\tnull\ta.example\n"


def test_our_own_results_are_known_until_they_are_changed(home: Home) -> None:
    """Ours are replaced; an edited file and a folder are another system's, and stay."""
    hdfs, path = home.deployment.hdfs, home.deployment.workspace.results(DAY)
    assert not is_ours(hdfs, path)
    assert not is_of_another_system(hdfs, path)
    assert publish(hdfs, path, b"one\n")
    assert is_ours(hdfs, path)
    modified = hdfs.status(path).modified
    assert not publish(hdfs, path, b"one\n")
    assert hdfs.status(path).modified == modified
    assert publish(hdfs, path, b"two\n")
    assert is_ours(hdfs, path)
    for content in (b"two\nmore\n", b"tow\n"):
        hdfs.write(path, [content])
        assert is_of_another_system(hdfs, path)
        with pytest.raises(ResultsError, match=f"{DAY.folder}/scores/proxy_results.csv.*Move it away"):
            publish(hdfs, path, b"three\n")
        assert home.results(DAY).read_bytes() == content
    hdfs.delete(path)
    assert publish(hdfs, path, b"four\n")
    hdfs.delete(path)
    hdfs.write(f"{path}/part-00000", [b"four\n"])
    assert is_of_another_system(hdfs, path)
    with pytest.raises(ResultsError, match="Move it away"):
        publish(hdfs, path, b"five\n")


def test_results_without_a_readable_marker_are_another_system_s(home: Home) -> None:
    """Without it, or if it is damaged, nothing says that the file is ours."""
    hdfs, path = home.deployment.hdfs, home.deployment.workspace.results(DAY)
    publish(hdfs, path, b"one\n")
    for content in (b"", b"{", b'{"ours": 1, "version": "x"}', b"\xff"):
        hdfs.write(marker_path(path), [content])
        assert is_of_another_system(hdfs, path)
    hdfs.delete(marker_path(path))
    assert is_of_another_system(hdfs, path)


@pytest.mark.parametrize("moment", [1, 2], ids=["before the marker", "before the results"])
def test_a_killed_writer_loses_no_results_and_its_own_are_known(home: Home, moment: int) -> None:
    """Whenever it is killed, the results are the old ones, whole, and the next run replaces them."""
    hdfs, path = home.deployment.hdfs, home.deployment.workspace.results(DAY)
    for before in (None, b"old\n"):
        if before:
            publish(hdfs, path, before)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PUBLISHER, path, "new\n", str(moment)],
            env={**home.environment(), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stderr=subprocess.PIPE,
            check=False,
        )
        assert done.returncode == -9, done.stderr.decode()
        assert not is_of_another_system(hdfs, path)
        assert hdfs.status(path) is None or home.results(DAY).read_bytes() == before
        publish(hdfs, path, b"next\n")
        assert home.results(DAY).read_bytes() == b"next\n"
        assert is_ours(hdfs, path)
        known = json.loads((home.results(DAY).parent / "proxy_results.ours.json").read_bytes())
        assert len(known["ours"]) == (2 if before else 1)


def test_what_stands_out_is_known_of_our_results_alone(home: Home) -> None:
    """The statement is the standing content's; one that is said differently leaves the file as it is."""
    hdfs, path = home.deployment.hdfs, home.deployment.workspace.results(DAY)
    assert own_statement(hdfs, path) == ""
    assert publish(hdfs, path, b"a\n", "nothing stands out")
    assert own_statement(hdfs, path) == "nothing stands out"
    assert publish(hdfs, path, b"b\n", "2 stand out")
    assert not publish(hdfs, path, b"b\n", "2 of 1 client stand out")
    assert own_statement(hdfs, path) == "2 of 1 client stand out"
    hdfs.write(path, [b"others\n"])
    assert own_statement(hdfs, path) == ""
