import subprocess
import sys
import threading

import dagster as dg
import pytest
from click.testing import CliRunner
from support.analysts_day import AnalystsDay
from support.command import proxy_oa
from support.home import SAMPLE_DAY as DAY
from support.home import Home, metadata
from support.story_day import Threat, write_stories

from proxy_oa_assets.cli.history import open_history
from proxy_oa_assets.cli.main import main
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.settings import load_settings


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_an_error_of_writing_the_page_names_the_file(home, tmp_path):
    """The message names the file; nothing is left behind."""
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(InvestigationError, match=r"file/page\.html"):
        write_story(DAY, blocked / "page.html", deployment=home.deployment)


def test_an_error_of_writing_into_the_home_names_the_folder(home):
    """An analyst may have only read permission; another file can be named."""
    home.path.mkdir()
    (home.path / "data").write_text("", encoding="utf-8")
    with pytest.raises(InvestigationError, match=rf"data/proxy/{DAY.folder}/story.html can't be written"):
        write_story(DAY, deployment=home.deployment)
    assert write_story(DAY, home.path / "page.html", deployment=home.deployment).path.exists()


def test_of_two_concurrent_writers_the_last_has_read_both_stories(home):
    """A story that is saved during the writing of a page isn't missing afterwards."""
    write_stories(home, DAY, Threat("first.example/"))
    writing = threading.Thread(target=write_story, args=[DAY], kwargs={"deployment": home.deployment})
    with home.deployment.hdfs.lock(home.deployment.workspace.lock(DAY, "story")):
        writing.start()
        writing.join(1)
        write_stories(home, DAY, Threat("first.example/"), Threat("second.example/"))
    writing.join()
    assert "second[.]example/" in home.deployment.workspace.story(DAY).read_text(encoding="utf-8")


def test_the_command_writes_the_page_and_prints_its_path(home):
    """Into the day's data folder; the web UI shows it in the metadata of the day's notebooks."""
    write_stories(home, DAY, Threat("evil.example/a"))

    done = proxy_oa(home.path, "story", "--date", DAY.key)

    path = home.data(DAY) / "story.html"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
    assert "evil[.]example/a" in path.read_text(encoding="utf-8")
    with open_history(load_settings(PROXY_OA_HOME=str(home.path))) as instance:
        (observed,) = instance.fetch_observations(dg.AssetKey("notebooks"), limit=5).records
    assert observed.partition_key == DAY.key
    assert observed.asset_observation.metadata["story"].value == str(path)


def test_the_command_writes_to_a_named_file(home):
    """A day without comments has a page, too, and a note about it on standard error."""
    AnalystsDay(home, DAY).write_scores({"host": "a.example", "fulluri": "a.example/b"})
    done = proxy_oa(home.path, "story", "--date", DAY.key, "-o", "page.html")

    assert done.returncode == 0
    assert done.stdout == f"{home.path / 'page.html'}\n"
    assert f"{DAY} has no comment yet" in done.stderr
    assert not (home.data(DAY) / "story.html").exists()
    with open_history(load_settings(PROXY_OA_HOME=str(home.path))) as instance:
        assert instance.fetch_observations(dg.AssetKey("notebooks"), limit=5).records == []


def test_the_command_refuses_a_day_that_has_nothing(home):
    """Neither materialized nor scored, though it may have a log: no page, no folder, and what to do."""
    AnalystsDay(home, DAY).write_raw({"host": "a.example"})
    AnalystsDay(home, DAY.plus(1)).write_scores({"host": "a.example", "fulluri": "a.example/b"})

    done = CliRunner().invoke(main, ["story", "--date", DAY.key], env={"PROXY_OA_HOME": str(home.path)})

    assert done.exit_code == 1
    assert f"run `proxy-oa run --date {DAY}`, or name another day: {DAY.plus(1)}" in done.output
    assert not (home.path / "data").exists()


def test_a_materialized_day_links_the_page_that_saved_stories_are_written_to(home):
    """From its first run on, when the page says how to write a story; a later run keeps what was written."""
    home.write_sample()
    path = home.data(DAY) / "story.html"

    assert metadata(home.materialize(DAY), "notebooks")["story"] == str(path)
    assert "This day has no story yet." in path.read_text(encoding="utf-8")

    write_stories(home, DAY, Threat("evil.example/a"))
    assert write_story(DAY, deployment=home.deployment).path == path
    written = path.read_bytes()
    assert metadata(home.materialize(DAY, assets=["notebooks"]), "notebooks")["story"] == str(path)
    assert path.read_bytes() == written


def test_a_page_is_written_even_if_the_history_can_t_be_opened(home):
    """The analyst's machine may not reach it; standard error says so."""
    (home.path / "dagster").mkdir(parents=True)
    (home.path / "dagster" / "dagster.yaml").write_text("storage: {nothing: 1}\n", encoding="utf-8")
    write_stories(home, DAY, Threat("evil.example/a"))

    done = proxy_oa(home.path, "story", "--date", DAY.key)

    assert done.returncode == 0
    assert (home.data(DAY) / "story.html").exists()
    assert "the web UI won't show" in done.stderr


def test_plots_need_no_dagster_and_no_sql_engine():
    """A notebook that draws one doesn't wait for their import."""
    script = (
        "import sys, proxy_oa_assets.investigation.story.plots; "
        "print(*{'dagster', 'duckdb', 'nbformat', 'impala'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
