"""`proxy-oa export`: a file in the day's folder, another one, or standard output; errors in one line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support.analysts_day import AnalystsDay
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.cli.main import main
from proxy_oa_assets.investigation.incidents import save_incident

_CONNECTION = ("10.0.0.1", "evil.example/a\u2028\0b")


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> AnalystsDay:
    """A day with one incident."""
    made = AnalystsDay(Home(tmp_path_factory.mktemp("exported")), SAMPLE_DAY)
    made.write_raw({"fulluri": _CONNECTION[1], "host": "evil.example"})
    save_incident(made.day, "Kit", "", [_CONNECTION], deployment=made.deployment)
    return made


def _export(day: AnalystsDay, *arguments: object, date: object = SAMPLE_DAY) -> Result:
    return CliRunner().invoke(
        main,
        ["export", "--date", str(date), *map(str, arguments)],
        env={"PROXY_OA_HOME": str(day.home.path)},
    )


def test_the_paths_of_what_is_written_are_printed(day: AnalystsDay, tmp_path: Path) -> None:
    """By default it is a file of the day's folder; `-o` names another; with `-o -` it is standard output."""
    done = _export(day, "--format", "timesketch")
    assert done.exit_code == 0, done.output
    written = Path(done.stdout.strip())
    assert written == day.home.data(day.day).absolute() / "hand_over" / "proxy-20160912.timesketch.jsonl"
    assert json.loads(written.read_bytes())["fulluri"] == _CONNECTION[1]

    other = tmp_path / "events.jsonl"
    assert _export(day, "--format", "timesketch", "-o", other).stdout == f"{other}\n"
    printed = _export(day, "--format", "timesketch", "-o", "-")
    assert printed.stdout_bytes == other.read_bytes() == written.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "date", "said", "code"),
    [
        (["--format", "pdf"], SAMPLE_DAY, "name one of csv, misp, ocsf, stix, text, timesketch", 2),
        (["--format", "text", "--incident", "x"], SAMPLE_DAY, "(Kit)", 1),
        (["--format", "text", "--tlp", "pink"], SAMPLE_DAY, "clear, green, amber, red", 2),
        (["--format", "text"], SAMPLE_DAY.plus(1), "nothing to hand over", 1),
        (["--format", "text", "-o", "/dev/null/x"], SAMPLE_DAY, "name another file", 1),
    ],
)
def test_errors_say_what_to_do(
    day: AnalystsDay, arguments: list[str], date: object, said: str, code: int
) -> None:
    """In one line; what can't be asked for has another exit code than a day without it."""
    done = _export(day, *arguments, date=date)
    assert done.exit_code == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
