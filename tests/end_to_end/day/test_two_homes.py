import os
import re
from pathlib import Path

from support.home import SAMPLE_DAY, Home
from support.reputation_server import Reply, answering

CLEAN = Reply({"data": {"attributes": {"last_analysis_stats": {"malicious": 0, "suspicious": 0}}}})
SERVICE = """
[[services]]
service = "vt"
url = "{url}"
key_env = "THE_KEY"
per_minute = 1000000
"""


def _write_home(path: Path, url: str) -> None:
    name = path.name
    path.mkdir()
    (path / "context.csv").write_text(f"ip,description\n0.0.0.0/0,network of {name}\n")
    (path / "reputation.toml").write_text(SERVICE.format(url=url))
    (path / ".env").write_text(
        f"PROXY_OA_HUSER=/user/{name}\nTHE_KEY=secret-of-{name}\n"
        f"PROXY_OA_NETWORK_CONTEXT={path}/context.csv\nPROXY_OA_REPUTATION={path}/reputation.toml\n"
    )


def test_days_of_two_homes_in_one_process_share_no_setting(tmp_path):
    """Base folder, network context, reputation service and its secret are those of the day's own home."""
    before = dict(os.environ)
    with answering(lambda _: CLEAN) as first, answering(lambda _: CLEAN) as second:
        _write_home(tmp_path / "first", first.url)
        _write_home(tmp_path / "second", second.url)
        homes = {name: Home(tmp_path / name) for name in ("first", "second")}
        for home in homes.values():
            home.write_sample()
        # The first one again after the second: nothing lasts in the process.
        for name in ("first", "second", "first"):
            assert homes[name].materialize(SAMPLE_DAY, limit=20).success

    for name, server in (("first", first), ("second", second)):
        rows = homes[name].rows("proxy_scores", SAMPLE_DAY)
        assert {row["network_context"] for row in rows if ":" not in row["clientip"]} == {
            f"network of {name}"
        }
        assert {asked.headers["x-apikey"] for asked in server.asked} == {f"secret-of-{name}"}
        assert homes[name].part("proxy_edge", SAMPLE_DAY).is_relative_to(tmp_path / name / "hdfs/user" / name)
        assert not re.search("secret-of-", "".join(os.environ.values()))
    assert dict(os.environ) == before
