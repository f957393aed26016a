import re
import subprocess
from pathlib import Path

from support.command import proxy_oa
from support.definitions import defs
from support.deployed import OPERATING, PROJECT, SYSTEMD

from proxy_oa_assets.model.trusted_file import TRUSTED_USERS
from proxy_oa_assets.settings import ClusterSettings, Settings


def variables(kind: type[Settings | ClusterSettings]) -> list[str]:
    """Return the variables of the environment that a class reads."""
    derived = ("cluster", "reputation_may_run_programs")
    return [str(field.alias) for name, field in kind.model_fields.items() if name not in derived]


def test_the_example_s_variables_are_settings() -> None:
    """Each PROXY_OA_ variable in the example and the document is a setting."""
    example = (SYSTEMD / "proxy-oa.env.example").read_text(encoding="utf-8")

    named = set(re.findall(r"\bPROXY_OA_[A-Z_]+", example + OPERATING))

    # No file can set the trusted users, so they are no field.
    assert named <= {*variables(Settings), *variables(ClusterSettings), TRUSTED_USERS}


def test_every_setting_is_documented() -> None:
    """README and `.env.example` have every setting, and docs/cluster.md those of a cluster."""
    readme, example, cluster = (
        (PROJECT / name).read_text(encoding="utf-8")
        for name in ("README.md", ".env.example", "docs/cluster.md")
    )

    for name in variables(Settings):
        assert f"`{name}`" in readme
        assert f"#{name}=" in example
    for name in variables(ClusterSettings):
        assert f"`{name}`" in cluster


def test_the_document_s_jobs_and_automation_are_defined() -> None:
    """Names of jobs, sensors and schedules in the document are real."""
    repository = defs.get_repository_def()
    automation = {sensor.name for sensor in repository.sensor_defs}
    automation |= {schedule.name for schedule in repository.schedule_defs}

    assert {"new_results", "proxy_day_daily", "yesterday_check"} <= automation
    assert "recheck_days" in repository.job_names
    for name in (*automation, "recheck_days"):
        assert f"`{name}`" in OPERATING


def test_the_document_s_shell_blocks_name_real_commands(tmp_path: Path) -> None:
    """Each `proxy-oa` subcommand in the document exists."""
    blocks = "\n".join(re.findall(r"^```sh\n(.*?)^```$", OPERATING, re.DOTALL | re.MULTILINE))
    help_text = proxy_oa(tmp_path / "home", "--help").stdout

    named = set(re.findall(r"\bproxy-oa (init-db|doctor|demo|ui|run|reset)\b", blocks))

    assert {"demo", "doctor", "init-db", "ui"} <= named
    for name in named:
        assert re.search(rf"^  {name} ", help_text, re.MULTILINE)


def test_make_help_says_what_there_is_to_make() -> None:
    """It prints a line for each target with its whole sentence, colons included."""
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")

    done = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )

    said = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert said == dict(re.findall(r"^([a-z-]+):.*##\s*(.*)$", makefile, re.MULTILINE))
    assert said["dev"].endswith("127.0.0.1:3000.")
