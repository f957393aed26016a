"""A thousand hostile values in every field of a log, through a whole day and its notebooks."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import nbformat
import pytest
from nbclient import NotebookClient
from support.deployments import DEPLOYMENTS
from support.fuzzing import counting, is_long
from support.home import Home
from support.hostile_values import thousand
from support.independent_reading import EDGE, edge_rows, minutes, raw_rows, scored_rows
from support.markup import PageParser

from proxy_oa_assets.cli.console import console, show_suspicious
from proxy_oa_assets.enrichment.score_columns import response_code_name
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.text import printable

DAY = Day.parse("2026-09-10")
# A share of them in `make test`.
VALUES = thousand() if is_long() else thousand()[::40]
LIMIT = 2_000
FORMAT = """
name = "hostile"
title = "Each column is a field"
family = "json"
null = []
time = { fields = "at", format = "iso" }
[columns]
"""
FIELDS = ("clientip", "host_header", "reqmethod", "useragent", "resconttype", "username", "referer", "url")
COUNTS = {"cases": 0}
NOTEBOOKS = {"cases": 0}
# The elements and attributes of the notebooks' own HTML.
WRITTEN = {"style", "b", "code", "div", "h3"}
HARMLESS = {"class", "role", "style", "title"}


def log_of(values: tuple[str, ...]) -> bytes:
    """Return lines of JSON: each value in the path of a request, and in each other field of another one."""
    lines = []
    for number, value in enumerate(values):
        plain = {
            "at": f"2026-09-10T09:{number % 60:02}:00Z",
            "clientip": f"10.0.{number // 250}.{number % 250}",
            "host_header": f"h{number}.evil.test",
            "reqmethod": "GET",
            "useragent": value,
            "resconttype": value,
            "username": value,
            "referer": value,
            "url": f"http://h{number}.evil.test/{value}",
        }
        lines += [plain, plain | {"clientip": value, "reqmethod": value, "host_header": value, "url": value}]
    dumped = [json.dumps(line).encode() for line in lines]
    # Bytes and halves of characters that no text has.
    odd = [
        dumped[0].replace(b"evil.test/", b"evil.test/" + each) for each in (b"\xff", b"\xc0\xaf", b"\\ud800")
    ]
    return b"\n".join([*dumped, *odd]) + b"\n"


def written_in(folder: Path) -> dict[str, str]:
    """Write the log with every value in every field, and return the settings by which it is ranked here."""
    log, declared = folder / "hostile.log", folder / "hostile.toml"
    log.write_bytes(log_of(VALUES))
    declared.write_text(FORMAT + "".join(f'{name} = "{name}"\n' for name in FIELDS), encoding="utf-8")
    return {
        "PROXY_OA_LOGS": str(log),
        "PROXY_OA_LOG_FORMAT": str(declared),
        "PROXY_OA_RANKING": "builtin",
    }


@pytest.fixture(scope="module")
def hostile_day(
    new_module_home: Callable[..., Home], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Home, dg.ExecuteInProcessResult]:
    """A home with the materialized day, and its run."""
    home = new_module_home(**written_in(tmp_path_factory.mktemp("log")))
    result = home.materialize(DAY, limit=LIMIT)
    assert result.success, [event.message for event in result.all_events if event.is_failure]
    return home, result


def _comparable(row: dict[str, object]) -> tuple[object, ...]:
    return tuple(row[name] for name in EDGE)


@counting("hostile values through a day", COUNTS)
def test_a_thousand_hostile_values_come_through_a_day(
    hostile_day: tuple[Home, dg.ExecuteInProcessResult], capsys
) -> None:
    """Log, ranking, tables, exports, metadata and terminal: nothing is lost, runs, or steers."""
    home, result = hostile_day
    raw = raw_rows(home.huser, DAY.key)
    rejects = home.data(DAY) / "proxy.rejected.tsv"
    rejected = rejects.read_text("utf-8").split("\n")[1:-1] if rejects.exists() else []
    assert len(raw) + len(rejected) == 2 * len(VALUES) + 3
    kept = {str(row["useragent"]) for row in raw}
    assert [value for value in VALUES if value not in kept and value.strip()] == []

    scored = scored_rows(home.huser, DAY.key, LIMIT)
    scores = home.rows("proxy_scores", DAY)
    same = ("clientip", "host", "useragent", "referer", "fulluri", "uripath", "username", "resconttype")
    assert Counter(tuple(row[name] for name in same) for row in scores) == Counter(
        tuple(row[name] for name in same) for row in scored
    )
    codes = {str(row["respcode"]): response_code_name(row["respcode"]) for row in raw}
    # In the results, NULL and the word are one.
    words = [
        {**row, "clientip": row["clientip"] or "null", "fulluri": row["fulluri"] or "null"} for row in scored
    ]
    expected = Counter(edge_rows(raw, [*scored, *words], codes))
    assert Counter(map(_comparable, home.rows("proxy_edge", DAY))) == expected
    summary = {row["tdate"]: row["total"] for row in home.rows("proxy_ingest_summary", DAY)}
    assert summary == dict(minutes(raw))

    for path in sorted(home.data(DAY).glob("*.tsv")):
        header, *lines = path.read_bytes().split(b"\n")[:-1]
        assert {line.count(b"\t") for line in lines} <= {header.count(b"\t")}, path
        if path.name == "proxy_scores.tsv":
            assert len(lines) == len(scores)
    assert all(re.fullmatch(r"[\w.:%-]+", path.name) for path in home.data(DAY).iterdir())

    _check_metadata(result)
    show_suspicious(DAY, suspicious(DAY, deployment=home.deployment))
    console.file.flush()
    shown = capsys.readouterr().out
    assert [char for char in shown if not char.isprintable() and char != "\n"] == []
    COUNTS["cases"] = len(VALUES)


@pytest.mark.slow
@pytest.mark.parametrize("new_module_home", DEPLOYMENTS[1:], indirect=True)
def test_a_cluster_has_the_rows_of_this_machine(
    hostile_day: tuple[Home, dg.ExecuteInProcessResult], tmp_path: Path
) -> None:
    """Each table that a day writes has the same rows, whose values the SQL of another engine went through."""
    here = Home(tmp_path / "home", **written_in(tmp_path))
    assert here.materialize(DAY, limit=LIMIT).success
    home, _ = hostile_day
    for table in ("proxy_scores", "proxy_edge", "proxy_ingest_summary"):
        there, expected = (Counter(map(_frozen, each.rows(table, DAY))) for each in (home, here))
        assert there == expected, table


def _frozen(row: dict[str, object]) -> tuple[object, ...]:
    return tuple(sorted(row.items()))


@pytest.mark.slow
@counting("hostile values in the notebooks", NOTEBOOKS)
def test_notebooks_send_a_thousand_hostile_values_as_texts(
    hostile_day: tuple[Home, dg.ExecuteInProcessResult], tmp_path: Path
) -> None:
    """Executed without an error, their tables have each value as text; all HTML has their own elements."""
    home, _ = hostile_day
    names = ["fulluri", "clientip", "host", "referer", "useragent", "username", "resconttype", "reqmethod"]
    edge = _widgets(
        home,
        "Edge_Investigation",
        tmp_path,
        "view = _",
        f"view.suspicious.limit.value = {LIMIT}",
        f"view.suspicious.table.widget.shown_columns = {names}",
        *(f"view.tabs.show({tab!r})" for tab in ("Requests", "Clients", "Hosts", "Map", "Scored")),
    )
    listed = _table(edge, "Suspicious connections")
    scored = home.rows("proxy_scores", DAY)
    # A connection of several scored rows is one row of the list.
    assert {row[names.index("useragent")] for row in listed} == {
        printable(row["useragent"], 400) for row in scored
    }
    shown = {text for row in listed for text in row}
    kept = {value for value in VALUES if value in {str(row["useragent"]) for row in scored}}
    assert {printable(value, 400) for value in kept} <= shown
    assert len(kept) > 0.95 * len(VALUES)

    uris = [str(row["fulluri"]) for row in scored if row["fulluri"]]
    score(DAY, 1, uris, deployment=home.deployment)
    stories = _widgets(home, "Threat_Investigation", tmp_path)
    assert {printable(uri, 400) for uri in uris} <= {text for row in _table(stories) for text in row}
    NOTEBOOKS["cases"] = len(kept)


def _widgets(home: Home, name: str, folder: Path, *cells: str) -> list[dict[str, Any]]:
    """Execute a day's notebook and more cells; check its outputs; return what its widgets send."""
    path = home.path / "ipynb" / "proxy" / DAY.folder / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}})
    executed = client.execute(env={**home.environment(), "PYTHONWARNINGS": "default"})
    outputs = [output for cell in executed.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output for output in outputs if output.output_type in ("error", "stream")] == []
    widgets = executed.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    states = [widget["state"] for widget in widgets.values()]
    pages = [output.get("data", {}).get("text/html", "") for output in outputs]
    pages += [state["value"] for state in states if state.get("_model_name") == "HTMLModel"]
    parsed = [PageParser(page) for page in pages]
    assert {tag for page in parsed for tag in page.tags} <= WRITTEN
    assert {name for page in parsed for name in page.attributes} <= HARMLESS
    return states


def _table(states: list[dict[str, Any]], label: str = "") -> list[list[str]]:
    """Return the rows of the table of a label, else of the longest table."""
    tables = [state for state in states if "rows" in state.get("content", {})]
    found = [state for state in tables if state["label"] == label] or tables
    return max((state["content"]["rows"] for state in found), key=len)


def _check_metadata(result: dg.ExecuteInProcessResult) -> None:
    """Check that Markdown of the events has no value of the data in it."""
    for event in result.all_events:
        if not event.is_step_materialization:
            continue
        for name, value in event.materialization.metadata.items():
            if isinstance(value, dg.MarkdownMetadataValue):
                text = str(value.md_str)
                assert not re.search(r"<(?!/?sub)|javascript:|\]\((?!data:image)", text), name
