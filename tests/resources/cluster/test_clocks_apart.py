"""Machines whose clocks differ by minutes or days."""

import subprocess
import sys
import time
import uuid
from contextlib import closing

import pytest
from cluster_servers.running import Cluster
from support.cluster_home import ClusterHome
from support.storyboard_days import DAY, NEXT, comments, texts_of

from proxy_oa_assets.model.errors import LockedError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD
from proxy_oa_assets.resources.cluster.cluster_tables import ClusterTables
from proxy_oa_assets.resources.cluster.day_versions import Version
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

pytestmark = pytest.mark.cluster

EXPIRY = 2
HOUR = 3600

# Holds a lock until it is killed; its wall clock is minutes ahead, or behind if they are negative.
HOLDER = """
import sys, time
url, path, expiry, minutes = sys.argv[1:]
true_time, true_time_ns = time.time, time.time_ns
time.time = lambda: true_time() + 60 * int(minutes)
time.time_ns = lambda: true_time_ns() + 60 * int(minutes) * 10**9
from proxy_oa_assets.resources.cluster.webhdfs import WebHdfs

with WebHdfs(url=url, lock_expiry=float(expiry)).lock(path):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_lock_s_expiry_is_counted_by_the_waiting_process(cluster: Cluster, minutes: int) -> None:
    """A living holder keeps the lock, and a dead one loses it after the expiry by any clock of its own."""
    path = f"/user/spot/{uuid.uuid4().hex}/20160912"
    arguments = (cluster.hdfs.url, path, str(EXPIRY), str(minutes))
    command = [sys.executable, "-W", "ignore", "-c", HOLDER, *arguments]
    hdfs = WebHdfs(url=cluster.hdfs.url, lock_expiry=EXPIRY)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(LockedError), hdfs.lock(path, patience=2 * EXPIRY):
                pytest.fail("two hold the lock")
        finally:
            holder.kill()
    killed = time.monotonic()
    with hdfs.lock(path, patience=20 * EXPIRY):
        assert time.monotonic() - killed >= EXPIRY / 2


@pytest.mark.parametrize("hours", [-48, 48])
def test_a_version_is_removed_by_the_namenode_s_clock(
    home: ClusterHome, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """While a writer of another time writes, a day replaced elsewhere takes none of its files away."""
    warehouse = home.deployment.impala
    warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("old"))
    now, switch = time.time, ClusterTables._switch
    with closing(home.warehouse()) as elsewhere, monkeypatch.context() as patch:

        def switch_late(tables: ClusterTables, version: Version, *, is_known: bool) -> None:
            if version.day == DAY:
                patch.setattr(time, "time", now)
                elsewhere.replace_day_with_frame(PROXY_STORYBOARD, NEXT, comments("another day"))
            switch(tables, version, is_known=is_known)

        patch.setattr(ClusterTables, "_switch", switch_late)
        patch.setattr(time, "time", lambda: now() + hours * HOUR)
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, DAY, comments("new"))

    assert texts_of(warehouse) == ["new"]
    folder = warehouse.tables().folder(PROXY_STORYBOARD, DAY)
    # The version before stays for its readers, as long as always.
    assert len(home.deployment.hdfs.list_folder(folder)) == 2
    scheduled = home.deployment.hdfs.list_folder(
        f"{home.deployment.workspace.huser}/proxy/hive/oa/.superseded"
    )
    dues = [int(entry.name.partition(".")[0]) for entry in scheduled]
    assert all(0 < due - time.time() <= HOUR for due in dues)
    assert dues
