import os
import pwd
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy_oa_assets.cli.history import prepare_history
from proxy_oa_assets.enrichment.reputation.config import load_reputation
from proxy_oa_assets.model.errors import HistoryError, UntrustedFileError
from proxy_oa_assets.model.trusted_file import read_trusted
from proxy_oa_assets.settings import environment, load_settings, trusted_users

OTHER = pwd.getpwnam("nobody")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of this user's."""
    path = tmp_path / "folder" / "file"
    path.parent.mkdir()
    path.write_text("content", encoding="utf-8")
    return path


def _give_file(path: Path) -> None:
    os.chown(path, OTHER.pw_uid, -1)


def _give_folder(path: Path) -> None:
    os.chown(path.parent, OTHER.pw_uid, -1)


def _give_link(path: Path) -> None:
    target = path.rename(path.with_name("target"))
    path.symlink_to(target)
    os.chown(path, OTHER.pw_uid, -1, follow_symlinks=False)


@as_root
@pytest.mark.parametrize("give", [_give_file, _give_folder, _give_link])
def test_another_user_s_file_is_refused(file: Path, give: Callable[[Path], None]) -> None:
    """So is one in another user's folder, and one that another user's link names; all are named."""
    give(file)
    with pytest.raises(UntrustedFileError) as caught:
        read_trusted(file)
    assert str(file) in str(caught.value)
    assert "the user nobody" in str(caught.value)
    assert "PROXY_OA_TRUSTED_USERS=nobody" in str(caught.value)


@as_root
@pytest.mark.parametrize("user", ["nobody", str(OTHER.pw_uid)])
def test_a_trusted_user_s_file_is_read(file: Path, user: str) -> None:
    """By name, or by number where a container knows no name."""
    _give_file(file)
    assert read_trusted(file, [user]) == b"content"


def test_a_file_that_every_user_can_write_is_refused(file: Path) -> None:
    """Its group may: a site's umask says so."""
    file.chmod(0o664)
    assert read_trusted(file) == b"content"
    file.chmod(0o666)
    with pytest.raises(UntrustedFileError, match="chmod o-w"):
        read_trusted(file)


def test_an_unknown_trusted_user_is_named(file: Path) -> None:
    """It may be misspelled."""
    with pytest.raises(UntrustedFileError, match="PROXY_OA_TRUSTED_USERS names 'no-such-user'"):
        read_trusted(file, ["no-such-user"])


def test_a_variable_that_follows_an_unclosed_quote_is_not_shown(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's commands put a `.env` into the environment, the quotes of which may be missing."""
    monkeypatch.setenv("PROXY_OA_TRUSTED_USERS", "root\nTHE_KEY=secret")
    with pytest.raises(UntrustedFileError, match="PROXY_OA_TRUSTED_USERS names 'THE_KEY'") as caught:
        read_trusted(file, trusted_users())
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


@as_root
@pytest.mark.parametrize("where", ["home", "working folder"])
def test_another_user_s_dotenv_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """That of the home, though the environment names it, and that of the working folder."""
    home, folder = tmp_path / "home", tmp_path / "folder"
    for each in (home, folder):
        each.mkdir()
    monkeypatch.chdir(folder)
    path = (home if where == "home" else folder) / ".env"
    path.write_text("PROXY_OA_REPUTATION=/etc/passwd\n", encoding="utf-8")
    _give_file(path)
    for read in (lambda: load_settings(home), lambda: environment(home)):
        with pytest.raises(UntrustedFileError, match="nobody"):
            read()
    monkeypatch.setenv("PROXY_OA_TRUSTED_USERS", "daemon, nobody")
    assert load_settings(home).reputation == Path("/etc/passwd")


def test_a_dotenv_cannot_trust_its_own_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the environment names trusted users."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ".env"
    path.write_text("PROXY_OA_TRUSTED_USERS=nobody\n", encoding="utf-8")
    path.chmod(0o666)
    with pytest.raises(UntrustedFileError):
        load_settings(tmp_path / "home")


@as_root
def test_a_dotenv_that_dagster_has_loaded_cannot_trust_its_own_owner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's commands put the working folder's file into the environment before definitions load."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / ".env"
    path.write_text("PROXY_OA_TRUSTED_USERS=nobody\n", encoding="utf-8")
    _give_file(path)
    monkeypatch.setenv("PROXY_OA_TRUSTED_USERS", "nobody")
    with pytest.raises(UntrustedFileError, match="says itself who is trusted"):
        load_settings(tmp_path / "home")
    path.write_text("PROXY_OA_DBNAME=theirs\n", encoding="utf-8")
    assert load_settings(tmp_path / "home").dbname == "theirs"


@as_root
def test_another_user_s_reputation_file_and_history_are_refused(tmp_path: Path) -> None:
    """They name programs and classes to load."""
    reputation = tmp_path / "reputation.json"
    reputation.write_text('{"services": []}', encoding="utf-8")
    _give_file(reputation)
    with pytest.raises(UntrustedFileError, match=r"reputation\.json"):
        load_reputation(reputation, {})
    assert not load_reputation(reputation, {}, trusted_users=["nobody"]).services

    settings = load_settings(tmp_path / "home")
    _give_file(prepare_history(settings) / "dagster.yaml")
    with pytest.raises(HistoryError, match=r"dagster\.yaml"):
        prepare_history(settings)


@as_root
def test_the_owner_of_a_chosen_home_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To an account that isn't root: days and folders, but not where its secrets go."""
    monkeypatch.setattr(os, "geteuid", lambda: OTHER.pw_uid + 1)
    path = tmp_path / ".env"
    path.write_text("PROXY_OA_DBNAME=theirs\n", encoding="utf-8")
    _give_file(path)
    assert load_settings(tmp_path).dbname == "theirs"
    path.write_text("PROXY_OA_DBNAME=theirs\nHDFS_URL=http://theirs:9870\n", encoding="utf-8")
    for read in (lambda: load_settings(tmp_path), lambda: environment(tmp_path)):
        with pytest.raises(UntrustedFileError, match="nobody"):
            read()
