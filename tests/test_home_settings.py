import errno
import os
import re

import pytest

from proxy_oa_assets.model.errors import SettingsError
from proxy_oa_assets.settings import environment, load_settings


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return an empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_two_homes_in_one_process_keep_their_settings_apart(folder):
    """Nothing of one home's `.env` reaches the other, nor the environment: neither settings nor secrets."""
    before = dict(os.environ)
    for name in ("first", "second"):
        (folder / name).mkdir()
        (folder / name / "context.csv").touch()
    (folder / "first" / ".env").write_text(
        "PROXY_OA_DBNAME=first\nPROXY_OA_HUSER=/first\nPROXY_OA_DAYS_PER_RUN=3\nA_KEY=of-the-first\n"
        f"PROXY_OA_NETWORK_CONTEXT={folder / 'first' / 'context.csv'}\n"
    )
    (folder / "second" / ".env").write_text("PROXY_OA_DBNAME=second\nA_KEY=of-the-second\n")

    first, second = load_settings(folder / "first"), load_settings(folder / "second")

    assert (first.dbname, first.huser, first.days_per_run) == ("first", "/first", 3)
    assert (second.dbname, second.huser, second.days_per_run) == ("second", "/user/spot", 1)
    assert second.network_context is None
    assert environment(first.home)["A_KEY"] == "of-the-first"
    assert environment(second.home)["A_KEY"] == "of-the-second"
    assert load_settings(folder / "first") == first
    assert dict(os.environ) == before


NAMES_FILE = "PROXY_OA_REPUTATION=reputation.toml\n"


@pytest.mark.parametrize(
    ("working_folder", "of_home", "named_home", "may_run"),
    [
        (f"PROXY_OA_HOME=home\n{NAMES_FILE}", "", None, False),
        ("PROXY_OA_HOME=home\n", NAMES_FILE, None, False),
        (f"PROXY_OA_HOME=.\n{NAMES_FILE}", "", None, False),
        (NAMES_FILE, "", "home", False),
        ("", NAMES_FILE, "home", True),
        (NAMES_FILE, "", ".", True),
    ],
)
def test_only_a_home_that_was_named_chooses_a_file_with_programs(
    folder, working_folder, of_home, named_home, may_run
):
    """Anyone may have written the working folder: its `.env`, or a home that it chose, runs no program."""
    (folder / "home").mkdir()
    (folder / "reputation.toml").touch()
    (folder / "home" / ".env").write_text(of_home)
    (folder / ".env").write_text(working_folder)
    settings = load_settings(named_home)
    assert settings.reputation == folder / "reputation.toml"
    assert settings.reputation_may_run_programs is may_run


def test_the_default_home_is_part_of_the_working_folder(folder):
    """Who wrote the folder may have written `proxy_oa_home/.env`, too."""
    (folder / "proxy_oa_home").mkdir()
    (folder / "reputation.toml").touch()
    (folder / "proxy_oa_home" / ".env").write_text(NAMES_FILE)
    assert not load_settings().reputation_may_run_programs
    assert load_settings("proxy_oa_home").reputation_may_run_programs


def test_the_environment_s_reputation_file_may_name_programs(folder, monkeypatch):
    """Who sets the environment can run programs anyway, with any `.env` in the working folder."""
    for name in ("reputation.toml", "other.toml"):
        (folder / name).touch()
    (folder / ".env").write_text("PROXY_OA_HOME=home\nPROXY_OA_REPUTATION=other.toml\n")
    monkeypatch.setenv("PROXY_OA_REPUTATION", "reputation.toml")
    assert load_settings().reputation_may_run_programs


@pytest.mark.parametrize("name", ["what?", "a%20b", "?mode=memory"])
def test_a_home_that_no_history_can_be_kept_in_is_refused(tmp_path, monkeypatch, name):
    """SQLite's file would lie beside it; with the history elsewhere, the home is as good as another."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    with pytest.raises(SettingsError, match=r"PROXY_OA_HOME: .*DAGSTER_HOME"):
        load_settings(tmp_path / name)
    with pytest.raises(SettingsError, match=r"^DAGSTER_HOME: "):
        load_settings(tmp_path, DAGSTER_HOME=str(tmp_path / name))
    assert load_settings(tmp_path / name, DAGSTER_HOME=str(tmp_path / "history")).home == tmp_path / name


@pytest.mark.parametrize(
    "name", ["a;b", "a b", "a'b", 'a"b', "a*b", "a[b]", "a{b}", "a=b", "a\nb", "a#b", "100%"]
)
def test_other_homes_are_taken(tmp_path, monkeypatch, name):
    """Nothing makes an address or a pattern of their paths."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    assert load_settings(tmp_path / name).dagster_home == tmp_path / name / "dagster"


def test_a_home_whose_name_is_not_utf_8_is_refused(tmp_path):
    """Parquet, Dagster and notebooks write its path as UTF-8."""
    with pytest.raises(SettingsError, match=r"PROXY_OA_HOME=.*aren't UTF-8; rename"):
        load_settings(os.fsdecode(os.fsencode(tmp_path) + b"/h\xff"))


def test_a_file_of_settings_whose_read_fails_is_named(tmp_path, monkeypatch):
    """The system's errors of reading have no path."""
    (tmp_path / ".env").write_text("PROXY_OA_DBNAME=x", encoding="utf-8")

    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("proxy_oa_assets.model.dotenv_file.read_trusted", fail)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match=re.escape(f"{tmp_path / '.env'}: Input/output error")):
        load_settings()
