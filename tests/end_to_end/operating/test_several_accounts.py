"""A home that accounts other than its owner's work in, set up as docs/operating.md shows it."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.accounts import ANALYST, GROUP, OWNER, Account, folder_for_all, python_for_all
from support.home import SAMPLE_DAY


@pytest.fixture(scope="module")
def owner() -> Iterator[Account]:
    """The owner of a demo's home, with the usual umask: the group may read, and not write."""
    python = python_for_all()
    with folder_for_all() as folder:
        home = folder / "home"
        home.mkdir()
        shutil.chown(home, OWNER, GROUP)
        owner = Account(OWNER, 0o022, home, python)
        done = owner.proxy_oa("demo", "--last-day", SAMPLE_DAY.key)
        assert done.returncode == 0, done.stderr
        yield owner


@pytest.fixture
def reader(owner: Account) -> Account:
    """An analyst who may only read that home."""
    return Account(ANALYST, 0o022, owner.home, owner.python)


def files(home: Path) -> dict[Path, int]:
    """Return the files and folders of a home with their times of change."""
    return {path: path.stat().st_mtime_ns for path in home.rglob("*")}


def test_reading_needs_no_right_to_write(owner, reader):
    """An analyst lists, searches and counts in a home that belongs to a colleague, and changes nothing."""
    before = files(owner.home)
    first = f"suspicious({SAMPLE_DAY.key!r}, limit=1).iloc[0]"
    asked = (
        f"{{'list': len(suspicious({SAMPLE_DAY.key!r})),"
        f" 'details': len(details({SAMPLE_DAY.key!r}, {first}.fulluri, {first}.clientip)),"
        f" 'raw': len(expanded_search({SAMPLE_DAY.key!r}, {first}.fulluri)),"
        f" 'minutes': len(ingest_summary({SAMPLE_DAY.key!r}, {SAMPLE_DAY.key!r}))}}"
    )
    found = reader.investigates(asked)
    assert files(owner.home) == before
    assert found == owner.investigates(asked)
    assert min(found.values()) > 0


def test_a_reader_s_story_goes_to_a_file_of_the_reader_s(reader):
    """`story -o` writes where the reader may; the web UI's owner alone can record its path there."""
    with folder_for_all() as folder:
        shutil.chown(folder, ANALYST)
        done = reader.proxy_oa("story", "--date", SAMPLE_DAY.key, "-o", str(folder / "story.html"))
        assert (done.returncode, done.stdout) == (0, f"{folder / 'story.html'}\n"), done.stderr
        assert "</html>" in (folder / "story.html").read_text(encoding="utf-8")


def test_a_reader_s_error_names_the_file_that_can_t_be_written(owner, reader):
    """Scoring is refused with the file and the reason, and the traceback of no defect."""
    uri = f"suspicious({SAMPLE_DAY.key!r}, limit=1).iloc[0].fulluri"
    done = reader.python_says(
        "from proxy_oa_assets.investigation.score import score\n"
        "from proxy_oa_assets.investigation.search import suspicious\n"
        "from proxy_oa_assets.model.errors import ProxyOaError\n"
        f"try: score({SAMPLE_DAY.key!r}, 1, {uri})\n"
        "except ProxyOaError as error: print(error)"
    )
    assert str(owner.home / "hdfs") in done.stdout
    assert "ermission denied" in done.stdout

    done = reader.proxy_oa("story", "--date", SAMPLE_DAY.key, "-o", str(owner.home / "story.html"))
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{owner.home / 'story.html'} can't be written" in done.stderr


def test_a_folder_of_temporary_files_made_by_a_reader_is_not_trusted(owner, reader):
    """In the system's folder another account can put a link where this one's temporary files go."""
    trap = owner.home.parent / "tmp" / f"proxy-oa-{ANALYST}"
    shutil.rmtree(trap, ignore_errors=True)
    trap.symlink_to(owner.home)
    try:
        done = reader.python_says(
            f"from proxy_oa_assets.investigation.search import suspicious; suspicious({SAMPLE_DAY.key!r})"
        )
    finally:
        trap.unlink()
    assert f"{trap} belongs to another user; set TMPDIR" in done.stderr


@pytest.fixture
def hunters() -> Iterator[tuple[Account, Account]]:
    """The service and an analyst, in a home that the document's commands prepared."""
    python = python_for_all()
    document = (Path(__file__).parents[3] / "docs" / "operating.md").read_text(encoding="utf-8")
    (commands,) = re.findall(r"^```sh\nhome=.*?\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    with folder_for_all() as folder:
        home = folder / "home"
        home.mkdir()
        shutil.chown(home, OWNER)
        service = Account(OWNER, 0o077, home, python)
        done = service.proxy_oa("demo", "--last-day", SAMPLE_DAY.key)
        assert done.returncode == 0, done.stderr
        variables = {"home": str(home), "owner": str(OWNER), "group": str(GROUP)}
        subprocess.run(["sh", "-euc", commands], check=True, env={"PATH": os.environ["PATH"], **variables})
        service = replace(service, umask=0o007)
        yield service, Account(ANALYST, 0o007, home, python, {"PROXY_OA_TRUSTED_USERS": str(OWNER)})


def test_analysts_of_a_group_score_in_the_service_s_home(hunters):
    """Each replaces what the other wrote, the next materialization keeps it, and history is the service's."""
    service, analyst = hunters
    day = SAMPLE_DAY.key
    uri = analyst.investigates(f"suspicious({day!r}, limit=1).iloc[0].fulluri")
    assert analyst.investigates(f"score({day!r}, 1, {uri!r})")
    assert service.investigates(f"score({day!r}, 2, {uri!r})")
    assert analyst.investigates(f"score({day!r}, 3, {uri!r})")
    assert analyst.investigates(f"save_storyboard({day!r}, {uri!r}, 'title', 'comment')") is None
    assert service.investigates(f"save_storyboard({day!r}, {uri!r}, 'title', 'changed')") is None
    for account in (analyst, service):
        done = account.proxy_oa("story", "--date", day)
        assert done.returncode == 0, done.stderr
        done = service.proxy_oa("run", "--date", day)
        assert done.returncode == 0, done.stderr
        assert account.investigates(f"threats({day!r})[['fulluri', 'uri_sev']].values.tolist()") == [[uri, 3]]
        assert account.investigates(f"storyboard({day!r}).text.tolist()") == ["changed"]

    done = analyst.proxy_oa("run", "--date", day)
    assert done.returncode != 0
    assert f"{service.home / 'dagster'}" in done.stderr
    assert "Traceback" not in done.stderr

    done = analyst.proxy_oa("reset", "--date", day, "--yes")
    assert done.returncode == 0, done.stderr
    assert service.investigates(f"len(threats({day!r}))") == 0
    assert [path for path in service.home.rglob("*") if path.is_dir() and path.stat().st_mode & 0o007] == []
