"""Days as a log of tunnels has them: client, host, port and sizes of CONNECT requests, and nothing else."""

from collections.abc import Callable, Iterable

from benchmarks.attack_days.scene import Row, Scene, table_of
from proxy_oa_assets.model.clock import second_of

_TUNNEL_SECONDS = 60
_TUNNEL: Row = {
    "reqmethod": "CONNECT", "uriport": "443", "respcode": "200", "duration": None, "scbytes": 0, "csbytes": 0,
}  # fmt: skip


def connect_only(scene: Scene, attack: Callable[[Scene], None]) -> None:
    """Make an attack in a log of tunnels: client, host, port and sizes are all that it has."""
    attack(scene)
    scene.background = table_of(tunnels(scene.background.to_pylist()))
    scene.made = tunnels(scene.made)


def tunnels(rows: Iterable[Row]) -> list[Row]:
    """Return a CONNECT request for the requests of a client to a host that follow within a minute."""
    opened: dict[tuple[object, object], tuple[int, Row]] = {}
    found: list[Row] = []
    for row in sorted(rows, key=lambda row: str(row["p_time"])):
        second, pair = second_of(str(row["p_time"])) or 0, (row["clientip"], row["host"])
        if pair not in opened or second - opened[pair][0] > _TUNNEL_SECONDS:
            kept = {name: row[name] for name in ("p_date", "p_time", "clientip", "host")}
            tunnel: Row = {**dict.fromkeys(row, "-"), **kept, **_TUNNEL, "fulluri": f"{row['host']}:443"}
            found.append(tunnel)
        else:
            tunnel = opened[pair][1]
        opened[pair] = second, tunnel
        for name, headers in (("scbytes", 250), ("csbytes", 400)):
            tunnel[name] = int(tunnel[name] or 0) + int(row[name] or 0) + headers
    return found
