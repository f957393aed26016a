import subprocess
import sys

import pytest
from support.analysts_day import AnalystsDay
from support.home import Home

from proxy_oa_assets.investigation.journal import earlier_severities, history, undo_last
from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import score, undo_score
from proxy_oa_assets.model.errors import InvestigationError, WarehouseError
from proxy_oa_assets.model.tables import PROXY_THREAT_INVESTIGATION, records


def colleague(day: AnalystsDay, name: str) -> AnalystsDay:
    """Return the day as another analyst opens it."""
    return AnalystsDay(Home(day.home.path, **day.home.variables, JUPYTERHUB_USER=name), day.day)


def told(day: AnalystsDay, uri: str | None = None) -> list[tuple[object, ...]]:
    """Return the journal without its times."""
    return [row[1:] for row in records(history(day.day, uri, deployment=day.deployment))]


def undo(day: AnalystsDay) -> tuple[list[str], list[str]] | None:
    undone = undo_last(day.day, deployment=day.deployment)
    return None if undone is None else (undone.uris, undone.kept)


def test_the_journal_says_who_gave_which_severity(today: AnalystsDay) -> None:
    """Of a URI or of all, the last change first; what came before and after; a refused change isn't there."""
    today.write_scores({"fulluri": "a"}, {"fulluri": "b\nÄ"})
    anna, ben = colleague(today, "anna"), colleague(today, "ben")
    score(today.day, 1, ["a", "b\nÄ"], deployment=anna.deployment)
    score(today.day, 3, "a", deployment=ben.deployment)
    with pytest.raises(InvestigationError):
        score(today.day, 2, ["a", "gone"], deployment=ben.deployment)
    undo_score(today.day, ["a", "never scored"], deployment=anna.deployment)

    assert told(today, "a") == [
        ("anna", "a", 3, None, False),
        ("ben", "a", 1, 3, False),
        ("anna", "a", None, 1, False),
    ]
    assert told(today)[2:] == [("anna", "a", None, 1, False), ("anna", "b\nÄ", None, 1, False)]
    at = history(today.day, deployment=today.deployment)["at"].tolist()
    assert at == sorted(at, reverse=True)
    assert all(text.endswith("+00:00") for text in at)


def test_undo_goes_back_change_by_change_and_outlives_its_notebook(today: AnalystsDay) -> None:
    """Each analyst's own changes, the last first, with what others changed since left as it is."""
    today.write_scores(*({"fulluri": uri} for uri in "abc"))
    anna, ben = colleague(today, "anna"), colleague(today, "ben")
    score(today.day, 1, ["a", "b"], deployment=anna.deployment)
    score(today.day, 2, ["b", "c"], deployment=anna.deployment)
    score(today.day, 2, "c", deployment=ben.deployment)  # the same severity: it is ben's now

    anna = colleague(today, "anna")
    assert undo(anna) == (["b"], ["c"])
    assert today.recorded() == {"a": 1, "b": 1, "c": 2}
    assert undo(anna) == (["a", "b"], [])
    assert undo(anna) is None
    assert undo(ben) == (["c"], [])
    assert today.recorded() == {"c": 2}  # what ben found
    score(today.day, 3, "a", deployment=anna.deployment)
    assert undo(anna) == (["a"], [])
    assert told(today, "a")[0] == ("anna", "a", 3, None, True)
    assert undo(anna) is None


def test_a_severity_of_another_program_is_not_undone(embedded_day: AnalystsDay) -> None:
    """Nor is a change that was never made; one of a URI that is gone by now is."""
    embedded_day.write_scores({"fulluri": "a"}, {"fulluri": "b"})
    score(embedded_day.day, 2, "a", deployment=embedded_day.deployment)
    score(embedded_day.day, 1, ["a", "b"], deployment=embedded_day.deployment)
    table, impala = PROXY_THREAT_INVESTIGATION, embedded_day.deployment.impala
    given = impala.read_day(table, embedded_day.day)
    given.loc[given["fulluri"] == "b", "uri_sev"] = 3
    impala.replace_day_with_frame(table, embedded_day.day, given)
    embedded_day.write_scores({"fulluri": "b"})

    assert undo(embedded_day) == (["a"], ["b"])

    assert embedded_day.severities() == {"a": 2, "b": 3}


def test_a_change_is_recorded_before_it_is_made(embedded_day: AnalystsDay, full_disk) -> None:
    """One that then failed isn't shown, and isn't undone in the place of the one before."""
    embedded_day.write_scores({"fulluri": "a"})
    score(embedded_day.day, 1, "a", deployment=embedded_day.deployment)
    path = embedded_day.deployment.workspace.journal(embedded_day.day)
    with full_disk(PROXY_THREAT_INVESTIGATION), pytest.raises(WarehouseError):
        score(embedded_day.day, 3, "a", deployment=embedded_day.deployment)

    with embedded_day.deployment.hdfs.open(path) as file:
        assert len(file.read().splitlines()) == 2
    assert [row[2:4] for row in told(embedded_day)] == [(None, 1)]
    with full_disk(PROXY_THREAT_INVESTIGATION), pytest.raises(WarehouseError):
        undo_last(embedded_day.day, deployment=embedded_day.deployment)
    assert undo(embedded_day) == (["a"], [])
    assert embedded_day.recorded() == {}


def test_lines_of_others_stay_and_the_oldest_leave_a_full_journal(
    embedded_day: AnalystsDay, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are counted in a warning; a reset removes all."""
    embedded_day.write_scores({"fulluri": "a"})
    hdfs, path = (
        embedded_day.deployment.hdfs,
        embedded_day.deployment.workspace.journal(embedded_day.day),
    )
    others = [b"no JSON", b'{"by": 3}', b"\xff", b"[" * 9999]
    hdfs.write(path, [b"\n".join(others)])
    for severity in (1, 2):
        score(embedded_day.day, severity, "a", deployment=embedded_day.deployment)

    assert [row[3] for row in told(embedded_day)] == [2, 1]
    assert "4 lines" in caplog.text
    with hdfs.open(path) as file:
        assert file.read().splitlines()[:4] == others
    monkeypatch.setattr("proxy_oa_assets.investigation.journal_file._MOST_BYTES", 350)
    score(embedded_day.day, 3, "a", deployment=embedded_day.deployment)
    with hdfs.open(path) as file:
        assert len(file.read()) <= 350
    assert told(embedded_day)[0][2:4] == (2, 3)
    assert path in " ".join(reset_scored_connections(embedded_day.day, deployment=embedded_day.deployment))
    assert told(embedded_day) == []


def test_what_earlier_days_gave_a_host_or_a_uri_is_found(today: AnalystsDay) -> None:
    """With the analyst who gave it; later days and hosts of a longer name don't count."""
    days = [AnalystsDay(today.home, today.day.plus(number)) for number in range(3)]
    uris = ["h.test/x", "h.test?q", "h.test", "h.test:8080/", "h.test.other/", "a-h.test/"]
    for day, severity in zip(days, (3, 1, 2), strict=True):
        day.write_scores(*({"fulluri": uri} for uri in uris))
        score(day.day, severity, uris, deployment=colleague(day, f"analyst {severity}").deployment)
    journal = today.deployment.workspace.journal(today.day)
    assert today.deployment.hdfs.delete(journal)

    found = earlier_severities(
        days[2].day, hosts=["h.test"], uris=["h.test/x", "a-h.test/"], deployment=today.deployment
    )

    assert [row[:4] for row in records(found)] == [
        *((days[1].day.key, uri, 1, "analyst 1") for uri in sorted({*uris[:4], "a-h.test/"})),
        *((days[0].day.key, uri, 3, "") for uri in sorted({*uris[:4], "a-h.test/"})),
    ]
    assert earlier_severities(days[2].day, deployment=today.deployment).empty


def test_the_analyst_is_the_account_where_no_hub_names_one(embedded_day: AnalystsDay) -> None:
    """JUPYTERHUB_USER comes first; an empty one doesn't count."""
    read = "from proxy_oa_assets.settings import load_settings; print(load_settings('home').analyst)"
    environment = {**embedded_day.home.environment(), "LOGNAME": "account", "USER": "account"}
    for hub, analyst in (("anna", "anna"), ("", "account")):
        result = subprocess.run(
            [sys.executable, "-c", read],
            env={**environment, "JUPYTERHUB_USER": hub},
            cwd=embedded_day.home.path.parent,
            capture_output=True,
            text=True,
            check=True,
        )
        assert result.stdout.strip() == analyst


def test_a_severity_that_there_is_not_costs_its_line_alone(embedded_day: AnalystsDay) -> None:
    """A damaged number would fail every reading of the journal."""
    day, deployment = embedded_day.day, embedded_day.deployment
    embedded_day.write_scores({"fulluri": "a"})
    score(day, 1, "a", deployment=deployment)
    path = deployment.workspace.journal(day)
    with deployment.hdfs.open(path) as file:
        line = file.read()
    deployment.hdfs.write(path, [line, line.replace(b"1]", b"10000000000]")])
    assert len(history(day, deployment=deployment)) == 1
