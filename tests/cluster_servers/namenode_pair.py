"""A real HDFS with two NameNodes, of which one is active and the other stands by."""

import shutil
from pathlib import Path

from cluster_servers.hdfs_servers import HdfsServers
from cluster_servers.java_server import free_port

_PAIR, _NAMES = "pair", ("nn1", "nn2")


class NameNodePair(HdfsServers):
    """An HDFS with two NameNodes, which tests fail over."""

    def __init__(self, folder: Path) -> None:
        self._ports = [{"rpc": free_port(), "http": free_port()} for _ in _NAMES]
        addresses = {
            f"dfs.namenode.{kind}-address.{_PAIR}.{name}": f"127.0.0.1:{port}"
            for name, ports in zip(_NAMES, self._ports, strict=True)
            for kind, port in ports.items()
        }
        every = {
            "fs.defaultFS": f"hdfs://{_PAIR}",
            "dfs.nameservices": _PAIR,
            f"dfs.ha.namenodes.{_PAIR}": ",".join(_NAMES),
            f"dfs.client.failover.proxy.provider.{_PAIR}": (
                "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider"
            ),
            "dfs.namenode.shared.edits.dir": f"file://{folder}/edits",
            "dfs.ha.tail-edits.period": "1",
            **addresses,
            **_own(folder, 0),
        }
        super().__init__(folder, settings=every)
        standby = self._server("standby", "server.namenode.NameNode", _own(folder, 1))
        self.namenodes = [self.namenode, standby]
        self._is_active(0)

    @property
    def urls(self) -> list[str]:
        """The addresses for WebHDFS: the active NameNode's, the other's."""
        other = self._ports[1 - self.active]["http"]
        return [self.url, f"http://127.0.0.1:{other}"]

    def start_namenode(self) -> None:
        """Start both NameNodes; the first one becomes active."""
        # As -bootstrapStandby does it.
        shutil.copytree(self.folder / _NAMES[0], self.folder / _NAMES[1])
        for namenode in self.namenodes:
            namenode.start()
        for namenode, ports in zip(self.namenodes, self._ports, strict=True):
            namenode.wait_for_port(ports["rpc"])
        self.activate(0)

    def activate(self, number: int) -> None:
        """Make a NameNode the active one, whether or not the other responds."""
        arguments = ("-transitionToActive", "--forceactive", _NAMES[number])
        self._server("activation", "tools.DFSHAAdmin", {}, *arguments).run()
        self._is_active(number)

    def stop(self) -> None:
        """End every server."""
        super().stop()
        self.namenodes[1].stop()

    def _is_active(self, number: int) -> None:
        self.active = number
        self.rpc_port, self.web_port = self._ports[number].values()


def _own(folder: Path, number: int) -> dict[str, str]:
    name = _NAMES[number]
    return {"dfs.ha.namenode.id": name, "dfs.namenode.name.dir": f"file://{folder}/{name}"}
