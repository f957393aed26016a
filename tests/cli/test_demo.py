import re
import shlex
import stat
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.command import proxy_oa
from support.home import Home

from proxy_oa_assets.cli.demo import write_home_env
from proxy_oa_assets.ingest.sample.attacks import BEACON_HOST, DROPPER_HOST, PHISHING_HOST, UPLOAD_HOST
from proxy_oa_assets.ingest.sample.site import sample_requests, write_site_files
from proxy_oa_assets.model.day import Day

DAYS = [Day.parse("2026-10-01").plus(number) for number in range(3)]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, subprocess.CompletedProcess[str]]:
    """The home of a demo, and what the command said."""
    home = Home(tmp_path_factory.mktemp("demo") / "o'home of \\mine")
    return home, proxy_oa(home.path, "demo", "--last-day", DAYS[-1].key, COLUMNS="140")


def test_demo_materializes_three_days_and_says_what_to_look_at(demo) -> None:
    """The ten most suspicious clients and hosts, where the tables are, and how to open the web UI."""
    home, done = demo

    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    for day in DAYS:
        assert pq.read_metadata(home.part("proxy_scores", day)).num_rows == 500
        assert len(list((home.path / "ipynb" / "proxy" / day.folder).glob("*.ipynb"))) == 3
    assert f"The most suspicious clients and hosts of {DAYS[-1]}" in done.stdout
    for day in DAYS:
        assert re.search(rf"^{day}  .*stand out", done.stdout, re.MULTILINE)
    for attack in (DROPPER_HOST, PHISHING_HOST, UPLOAD_HOST):
        assert attack in done.stdout
    assert "it delivers programs, applets or archives" in " ".join(done.stdout.split())
    assert str(home.huser / "proxy/hive/oa") in done.stdout
    assert f"PROXY_OA_HOME={shlex.quote(str(home.path))} proxy-oa ui" in done.stdout


def test_after_the_demo_partitions_begin_with_the_first_sample_day(demo) -> None:
    """The home's own .env holds the sample site's settings; doing the demo again keeps the earliest day."""
    home = demo[0].path

    before = proxy_oa(home, "run", "--date", DAYS[0].plus(-1).key)
    assert before.returncode == 2
    assert f"first daily partition, {DAYS[0]}" in before.stderr
    assert proxy_oa(home, "run", "--date", DAYS[0].key).returncode == 0

    later = proxy_oa(home, "demo", "--last-day", DAYS[-1].plus(1).key)
    assert later.returncode == 0, later.stderr
    assert "Edited" not in later.stdout
    assert f"PROXY_OA_START_DATE={DAYS[0]}" in (home / ".env").read_text(encoding="utf-8")


def test_what_a_user_wrote_into_a_demo_s_files_stays(demo) -> None:
    """Lines, modes and a removed setting; an earlier first day is the one line that changes."""
    home = demo[0].path
    edited = {
        ".env": "# mine\nPROXY_OA_DBNAME=ours\n",
        "site/network_context.csv": "10.9.9.9,mine\n",
        "site/reputation.toml": "# mine\n",
    }
    for name, line in edited.items():
        with (home / name).open("a", encoding="utf-8") as file:
            file.write(line)
        (home / name).chmod(0o600)
    first = DAYS[0].plus(-1)

    again = proxy_oa(home, "demo", "--last-day", first.plus(2).key, COLUMNS="400")

    assert again.returncode == 0, again.stderr
    assert (
        "Edited, and kept as they are: site/network_context.csv, site/reputation.toml, .env" in again.stdout
    )
    for name, line in edited.items():
        assert (home / name).read_text(encoding="utf-8").endswith(line)
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600
    assert f"PROXY_OA_START_DATE={first}\n" in (home / ".env").read_text(encoding="utf-8")


def test_the_sample_site_s_settings_hold_for_every_later_command(demo) -> None:
    """The home's .env names the sample site's files, also with quotes and backslashes in its path."""
    home = demo[0].path

    done = proxy_oa(home, "doctor")

    assert done.returncode == 0, done.stdout
    assert f"{home}/site/network_context.csv: " in done.stdout
    assert f"{home}/site/reputation.toml: 1 services" in done.stdout


def test_a_user_s_own_file_that_has_the_settings_stays(tmp_path: Path) -> None:
    """Nothing is missing, so nothing is said."""
    env = tmp_path / ".env"
    env.write_text("PROXY_OA_START_DATE=2016-01-01\nPROXY_OA_NETWORK_CONTEXT=a\nPROXY_OA_REPUTATION=b\n")
    before, kept = env.read_text(), []

    write_home_env(tmp_path, DAYS[0], write_site_files(tmp_path), kept.append)

    assert env.read_text() == before
    assert kept == []


def test_demo_of_days_to_come_writes_nothing(tmp_path: Path) -> None:
    """They are no partitions; a home whose partitions began in the future would have none."""
    home = tmp_path / "home"

    done = proxy_oa(home, "demo", "--last-day", "2999-01-01")

    assert done.returncode == 2
    assert "2999-01-01 isn't over yet" in done.stderr
    assert list(home.iterdir()) == []


def test_demo_never_touches_traffic_that_is_not_a_sample(tmp_path: Path) -> None:
    """A day with other raw files is refused and keeps them; the message names the file and a way out."""
    home = Home(tmp_path / "home")
    raw = home.huser / "proxy/hive/y=2026/m=10/d=03/h=07/000000_0"
    raw.parent.mkdir(parents=True)
    raw.write_bytes(b"a site's")

    done = proxy_oa(home.path, "demo", "--last-day", DAYS[-1].key)

    assert done.returncode == 1
    assert str(raw) in done.stderr
    assert "PROXY_OA_HOME" in done.stderr
    assert raw.read_bytes() == b"a site's"
    assert not (raw.parent / "sample.parquet").exists()


def test_demo_keeps_a_user_s_own_settings(tmp_path: Path) -> None:
    """A `.env` that no demo wrote stays; the message names it and the lines to add."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text("PROXY_OA_DBNAME=ours\n")

    done = proxy_oa(home, "demo", "--last-day", DAYS[-1].key)

    assert done.returncode == 1
    assert f"{home}/.env" in done.stderr
    assert f"PROXY_OA_START_DATE={DAYS[0]}" in done.stderr
    assert (home / ".env").read_text() == "PROXY_OA_DBNAME=ours\n"


def test_a_sample_day_is_reproducible() -> None:
    """The generator's seed is the date: a day is reproducible, and two days differ."""
    first, again, other = (
        [request.row(day) for request in sample_requests(day, 50)] for day in (DAYS[0], DAYS[0], DAYS[1])
    )

    assert first == again
    assert first != other


def test_a_sample_day_has_24_hours_of_browsing_and_the_planted_attacks() -> None:
    """A few thousand rows, every hour, the four attacks, and values that break careless software."""
    requests = sample_requests(DAYS[0])
    hosts = [request.host for request in requests]
    uris = [request.fulluri for request in requests]

    assert 2_000 < len(requests) < 6_000
    assert {request.second // 3600 for request in requests} == set(range(24))
    assert hosts.count(BEACON_HOST) > 250
    assert sum(request.csbytes or 0 for request in requests if request.host == UPLOAD_HOST) > 10**9
    assert any(request.resconttype == "application/x-msdownload" for request in requests)
    chain = [request.referer for request in requests if request.host == PHISHING_HOST]
    assert f"https://{PHISHING_HOST}/signin/index.php?ref=mail" in chain
    for text in ('"', "\\", "\N{GRINNING FACE}", "%s", "<script>", "' OR 1=1"):
        assert any(text in uri for uri in uris), text
    assert max(map(len, uris)) > 2_000
    rows = [request.row(DAYS[0]) for request in requests]
    assert any(row["fulluri"] is None for row in rows)
    assert any(row["duration"] is None for row in rows)
