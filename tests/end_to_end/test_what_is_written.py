"""Which files of a home a day of hostile clients and hosts brings into being, and with which modes."""

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.home import SAMPLE_DAY, Home, failures
from support.independent_reading import RESULTS

from proxy_oa_assets.cli.history import prepare_history
from proxy_oa_assets.investigation.handover.write import write_hand_over
from proxy_oa_assets.investigation.incidents import save_incident
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.investigation.storyboard import save_storyboard
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.files import is_data_file

DAY = SAMPLE_DAY
NAMES = (
    *(
        "../../../outside/x",
        "..",
        ".",
        "/abs",
        "~root",
        "a/b",
        "..\\..\\x",
        "-rf",
        "--help",
        "CON",
        "nul.txt",
    ),
    *("%2e%2e%2f%2e%2e%2fx", "a\x00b", "a\nb", "é\u202ex", "$(id)", "*", "x" * 5_000, "\ufffd", "A", "a"),
)
# Every folder that is made of data has a name of this form.
SAFE = re.compile(r"[0-9A-Za-z._=-]{1,140}")
HAND_OVERS = ("csv", "text")


@dataclass(frozen=True)
class Written:
    """A home after a day, what its folder had beside it before, and the names that clients had."""

    home: Home
    umask: int
    beside: dict[Path, bytes]
    clients: set[str]


def _log(path: Path) -> None:
    lines = [
        {"ts": 1473681600 + number, "id.orig_h": name, "method": "GET", "host": name, "uri": f"/{name}"}
        for number, name in enumerate(NAMES)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, {"ts": "x"}]), encoding="utf-8")


def _results(home: Home) -> None:
    home.write_sample(DAY, views=10)
    line = {
        **dict.fromkeys(RESULTS, "x"),
        **dict.fromkeys(("duration", "scbytes", "csbytes"), "1"),
        "p_date": DAY.key,
        "p_time": "09:00:00",
        "score": "1E-9",
    }
    names = [name for name in NAMES if "\n" not in name]
    lines = ["\t".join({**line, "clientip": each, "host": each, "fulluri": each}.values()) for each in names]
    home.results(DAY).write_bytes(
        "\n".join([*lines, "malformed", ""]).encode() + home.results(DAY).read_bytes()
    )


def _investigate(home: Home, *, ranked_here: bool) -> None:
    found = suspicious(DAY, limit=1_000, deployment=home.deployment)
    score(DAY, 1, found.fulluri.tolist(), deployment=home.deployment)
    # A story needs a raw request, which only a log has for these clients.
    chosen = found[found.clientip.isin(NAMES) == ranked_here]
    pairs = list(zip(chosen.fulluri, chosen.clientip, strict=True))
    for uri, _ in pairs[:2]:
        save_storyboard(DAY, uri, "../title", "comment", deployment=home.deployment)
    key = save_incident(
        DAY, "../../outside/x", "", [(client, uri) for uri, client in pairs[2:4]], deployment=home.deployment
    ).key
    write_story(DAY, deployment=home.deployment)
    for name in HAND_OVERS:
        write_hand_over(DAY, name, incident=key, deployment=home.deployment)
        write_hand_over(DAY, name, connections=[pairs[0]], deployment=home.deployment)


@pytest.fixture(scope="module", params=[0o022, 0o077], ids=["022", "077"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A day from a log and ranked here, or from another system's results; with stories and hand-overs."""
    folder = tmp_path_factory.mktemp("written")
    (folder / "outside").mkdir()
    _log(folder / "access.log")
    before = os.umask(request.param)
    try:
        logs = {"PROXY_OA_LOGS": str(folder / "access.log"), "PROXY_OA_LOG_FORMAT": "zeek-http-json"}
        home = Home(folder / "home", **(logs if request.param == 0o022 else {}))
        home.path.mkdir()
        if request.param == 0o077:
            _results(home)
        beside = _beside(home)
        result = home.materialize(DAY)
        assert result.success, failures(result)
        _investigate(home, ranked_here=request.param == 0o022)
        prepare_history(home.settings)
    finally:
        os.umask(before)
    clients = {str(row["clientip"]) for row in home.rows("proxy_scores", DAY)}
    return Written(home, request.param, beside, clients)


def _beside(home: Home) -> dict[Path, bytes]:
    others = [path for path in home.path.parent.rglob("*") if home.path not in (path, *path.parents)]
    return {path: path.read_bytes() if path.is_file() else b"" for path in others}


def test_names_in_data_lead_to_no_other_folder(written: Written) -> None:
    """Clients, hosts and titles as paths, with NUL, line breaks or 5,000 characters, name safe files."""
    home = written.home

    assert {"../../../outside/x", "/abs", "..", "x" * 5_000} <= written.clients
    assert len(list(home.data(DAY).glob("edge-*.tsv"))) >= len(written.clients)
    assert _beside(home) == written.beside
    assert {path.name for path in home.path.iterdir()} <= {
        *("data", "ipynb", "hdfs", "dagster", "tmp", "logs.sqlite", "ingested.sqlite3", "state")
    }
    assert not [path for path in home.path.rglob("*") if path.is_symlink() or not SAFE.fullmatch(path.name)]


def test_an_incident_s_key_is_no_path(written: Written) -> None:
    """A key that no incident has is refused before a file is named by it."""
    for key in ("../../../outside/x", "/abs", "x" * 5_000, "a\x00b", "*"):
        with pytest.raises(InvestigationError):
            write_hand_over(DAY, "csv", incident=key, deployment=written.home.deployment)

    assert _beside(written.home) == written.beside


def test_modes_follow_the_umask_but_for_dagsters_history(written: Written) -> None:
    """No file is open to more than that, and none can be executed; history is its owner's alone."""
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in written.home.path.rglob("*")}
    files = {path: mode for path, mode in modes.items() if path.is_file() and is_data_file(path.name)}

    assert not [path for path, mode in modes.items() if mode & written.umask]
    assert not [path for path, mode in files.items() if mode & 0o111]
    assert modes[written.home.path / "dagster"] == 0o700
    if written.umask == 0o022:
        assert set(files.values()) == {0o644}
