import os
import socket
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from support.command import proxy_oa
from support.home import SAMPLE_DAY, Home, rewrite

from proxy_oa_assets.cli.main import main
from proxy_oa_assets.model.tables import PROXY_STORYBOARD, PROXY_THREAT_INVESTIGATION, PROXY_TIMELINE, TABLES


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.write_sample()
    return home


def test_run_materializes_a_day_with_the_given_limit(home: Home) -> None:
    """Each asset has a line with its rows; then come the most suspicious clients and hosts."""
    done = proxy_oa(home.path, "run", "--date", SAMPLE_DAY.key, "--limit", "40")

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    printed, _, suspicious = done.stdout.partition("The most suspicious clients and hosts of")
    lines = {line.split()[1]: line for line in printed.splitlines() if line}
    assert suspicious
    assert set(lines) == {
        *(
            "proxy_history",
            "ml_results",
            "proxy_results",
            "scored_connections",
            "edge_details",
            "ingest_summary",
            "notebooks",
        )
    }
    assert "40 rows" in lines["scored_connections"]
    assert home.part("proxy_edge", SAMPLE_DAY).exists()


def test_run_leaves_the_environment_alone(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster's history is opened without DAGSTER_HOME, so that one process can run days of several homes."""
    monkeypatch.setenv("PROXY_OA_HOME", str(home.path))
    before = dict(os.environ)

    main(["run", "--date", SAMPLE_DAY.key, "--limit", "5"], standalone_mode=False)

    assert dict(os.environ) == before
    assert "DAGSTER_HOME" not in before
    assert (home.path / "dagster" / "dagster.yaml").is_file()
    assert home.made("proxy_scores", SAMPLE_DAY)


def test_dagster_s_own_command_materializes_the_same_day(home: Home) -> None:
    """`dagster asset materialize` works with just the settings, and gives byte-equal tables."""
    assert home.materialize(SAMPLE_DAY).success
    first = home.parts(SAMPLE_DAY)
    for name in first:
        home.part(name, SAMPLE_DAY).unlink()

    dagster = Path(sys.executable).with_name("dagster")
    done = subprocess.run(
        [
            dagster,
            *"asset materialize -m proxy_oa_assets.definitions --select * --partition".split(),
            SAMPLE_DAY.key,
        ],
        cwd=home.path,
        env={"PATH": os.environ["PATH"], "HOME": str(home.path), "PROXY_OA_HOME": str(home.path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert home.parts(SAMPLE_DAY) == first


def test_run_of_a_day_without_input_says_what_to_do_and_exits_with_1(home: Home) -> None:
    """The reason is one line on standard error, with the path."""
    done = proxy_oa(home.path, "run", "--date", "2016-09-13")

    assert done.returncode == 1
    assert "ml_results failed: " in done.stderr
    assert "y=2016/m=09/d=13 has no raw request" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        (("run", "--date", "2014-12-31"), {}, "PROXY_OA_START_DATE=2014-12-31"),
        (("run", "--date", "12.09.2016"), {}, "YYYY-MM-DD"),
        (("run", "--date", "2999-01-01"), {}, "isn't over yet"),
        (("run", "--date", "2016-09-12", "--limit", "0"), {}, "--limit"),
        (("run",), {}, "--date"),
        (("demo", "--last-day", "2999-01-01"), {}, "isn't over yet"),
        (("ui", "--port", "70000"), {}, "--port"),
        (("run", "--date", "2016-09-12"), {"PROXY_OA_TIMEZONE": "Mars/Olympus"}, "PROXY_OA_TIMEZONE"),
        (("init-db",), {"PROXY_OA_CONF": "nowhere.json"}, "PROXY_OA_CONF"),
        (("unknown",), {}, "unknown"),
    ],
)
def test_what_cannot_be_used_exits_with_2_and_names_it(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    """Exit code 2 distinguishes wrong arguments and settings from a day that failed."""
    done = proxy_oa(tmp_path / "home", *arguments, **variables)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_in_use_is_refused_before_the_web_ui_starts(tmp_path: Path) -> None:
    """Otherwise the command would announce another home's web UI, and stay."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        done = proxy_oa(tmp_path / "home", "ui", "--port", port)

    assert done.returncode == 2
    assert f"port {port}" in done.stderr
    assert "--port" in done.stderr
    assert "http://" not in done.stdout


def test_a_conf_that_does_not_fit_is_refused_when_definitions_load(home: Home) -> None:
    """The message names the file and the entry; nothing is materialized."""
    conf = home.path / "conf.json"
    conf.write_text('{"proxy_results_fields": {"p_date": 1.5}}', encoding="utf-8")

    done = proxy_oa(home.path, "run", "--date", SAMPLE_DAY.key, PROXY_OA_CONF=str(conf))

    assert done.returncode == 2
    assert str(conf) in done.stderr
    assert "proxy_score_fields" in done.stderr


@pytest.mark.parametrize("arguments", [("run", "--date", SAMPLE_DAY.key), ("reputation", "evil.example")])
def test_a_reputation_file_that_cannot_be_used_is_refused(home: Home, arguments: tuple[str, ...]) -> None:
    """Before anything of the day is done; the message names the file and the entry."""
    file = home.path / "reputation.toml"
    file.write_text('[[services]]\nservice = "vt"\nkey_env = "NOT_SET"\n', encoding="utf-8")

    done = proxy_oa(home.path, *arguments, PROXY_OA_REPUTATION=str(file))

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{file}: services[0].key_env: " in done.stderr
    assert "Traceback" not in done.stderr


def test_init_db_creates_the_tables_once(tmp_path: Path) -> None:
    """Seven tables; doing it again changes nothing."""
    first = proxy_oa(tmp_path / "home", "init-db")
    again = proxy_oa(tmp_path / "home", "init-db")

    assert (first.returncode, again.returncode) == (0, 0)
    assert first.stdout.count(": created, ") == len(TABLES)
    assert again.stdout.count(": there already, ") == len(TABLES)


def test_reset_removes_what_analysts_did_on_that_day_alone(home: Home) -> None:
    """Severities, comments, timelines, feedback and progressions of the day go; another day's stay."""
    other = SAMPLE_DAY.plus(1)
    workspace, warehouse, hdfs = home.deployment.workspace, home.deployment.impala, home.deployment.hdfs
    for day in (SAMPLE_DAY, other):
        scored = pd.DataFrame({"tdate": [day.key], "fulluri": ["evil.example/"], "uri_sev": [1]})
        comment = pd.DataFrame({"p_threat": ["evil.example/"], "title": ["t"], "text": ["t"]})
        timeline = pd.DataFrame(
            {name: ["1"] for name in PROXY_TIMELINE.column_names if name != "duration"} | {"duration": [1]}
        )
        warehouse.replace_day_with_frame(PROXY_THREAT_INVESTIGATION, day, scored)
        warehouse.replace_day_with_frame(PROXY_STORYBOARD, day, comment)
        warehouse.replace_day_with_frame(PROXY_TIMELINE, day, timeline)
        hdfs.write(workspace.feedback(day), [b"scored"])
        hdfs.write(f"{workspace.progressions(day)}/incident-progression-0.json", [b"{}"])

    done = proxy_oa(home.path, "reset", "--date", SAMPLE_DAY.key)

    assert done.returncode == 0, done.stderr
    for day, rows in ((SAMPLE_DAY, 0), (other, 1)):
        for table in (PROXY_THREAT_INVESTIGATION, PROXY_STORYBOARD, PROXY_TIMELINE):
            assert len(warehouse.read_day(table, day)) == rows
        assert (hdfs.status(workspace.feedback(day)) is not None) == bool(rows)
        assert len(hdfs.list_folder(workspace.progressions(day))) == rows
    assert "proxy_timeline: 1 rows of 2016-09-12 removed" in done.stdout


def test_what_an_engine_quotes_of_the_data_does_not_steer_the_terminal(home: Home) -> None:
    """A raw column of another type: DuckDB's message has the value that it can't convert."""

    def with_text(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("scbytes")
        return table.set_column(place, "scbytes", pa.array(["\x1b[2Jgone\r"] * table.num_rows))

    for hour in home.raw_files(SAMPLE_DAY):
        rewrite(hour, with_text)

    done = proxy_oa(home.path, "run", "--date", SAMPLE_DAY.key)

    assert done.returncode == 1
    assert r"\x1b[2Jgone\r" in done.stderr
    assert not set(done.stderr) & set("\x1b\r")


def test_a_home_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    """A file in its place, a path through a file, a user that there isn't: what is wrong, no traceback."""
    file = tmp_path / "file"
    file.touch()

    for home, said in {
        str(file): f"PROXY_OA_HOME='{file}'",
        f"{file}/home": f"{file}/home",
        "~no-such-user/home": "PROXY_OA_HOME='~no-such-user/home'",
    }.items():
        for command in (("run", "--date", SAMPLE_DAY.key), ("init-db",), ("demo",)):
            done = proxy_oa(tmp_path, *command, PROXY_OA_HOME=home)

            assert done.returncode, command
            assert done.stderr.startswith("proxy-oa: ")
            assert said in done.stderr
            assert len(done.stderr.splitlines()) == 1


def test_a_dotenv_file_in_the_working_folder_is_read(tmp_path: Path) -> None:
    """`.env` fills the gaps of the environment, which comes first."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".env").write_text("PROXY_OA_START_DATE=2020-01-01\nPROXY_OA_HOME=elsewhere\n", encoding="utf-8")

    done = proxy_oa(home, "run", "--date", "2019-12-31")

    assert "first daily partition, 2020-01-01" in done.stderr
    assert not (home / "elsewhere").exists()


def test_reputation_prints_what_each_service_says(tmp_path: Path) -> None:
    """A line for each URL and service, on a narrow terminal, too; nothing in a URL steers it."""
    (tmp_path / "domains.txt").write_text("evil.example\n")
    file = tmp_path / "reputation.toml"
    lists = '[[services.lists]]\npath = "domains.txt"\nkind = "domains"\nname = "ours"\n'
    file.write_text(f'[[services]]\nservice = "blocklist"\nname = "[b]lists"\n{lists}')
    urls = ("www.evil.example/\x1b[31mred", "http://other.example/a?b", "evil.example/\udcff")

    done = proxy_oa(tmp_path / "home", "reputation", *urls, PROXY_OA_REPUTATION=str(file), COLUMNS="80")

    assert (done.returncode, done.stderr) == (0, "")
    first, second, third = (line.split() for line in done.stdout.splitlines() if "[b]lists " in line)
    assert first == ["www.evil.example/\\x1b[31mred", "[b]lists", "HIGH", "3", "ours"]
    assert second == ["http://other.example/a?b", "[b]lists", "NONE", "0"]
    # A byte that is no UTF-8.
    assert third == ["evil.example/\\udcff", "[b]lists", "HIGH", "3", "ours"]
    assert "[b]lists: 3 requested, 0 cached" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_reputation_without_services_names_the_setting(tmp_path: Path) -> None:
    """Nothing to ask is said so."""
    done = proxy_oa(tmp_path / "home", "reputation", "evil.example")

    assert done.returncode == 2
    assert "PROXY_OA_REPUTATION" in done.stderr
