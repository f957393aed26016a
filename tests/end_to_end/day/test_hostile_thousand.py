"""A thousand hostile values in every field of a log, through a whole day."""

import json
import re
from collections import Counter
from pathlib import Path

import dagster as dg
import pytest
from support.fuzzing import counting, is_long
from support.home import Home, failures
from support.hostile_values import thousand
from support.independent_reading import EDGE, edge_rows, minutes, raw_rows, scored_rows

from proxy_oa_assets.cli.console import console, show_suspicious
from proxy_oa_assets.enrichment.score_columns import response_code_name
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.model.day import Day

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
COUNTS = {"cases": 0, "seconds": 0.0}


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


@pytest.fixture
def hostile_home(tmp_path: Path, new_home) -> Home:
    """A home whose log has every value in every field, to be ranked here."""
    log, declared = tmp_path / "hostile.log", tmp_path / "hostile.toml"
    log.write_bytes(log_of(VALUES))
    declared.write_text(FORMAT + "".join(f'{name} = "{name}"\n' for name in FIELDS), encoding="utf-8")
    return new_home(PROXY_OA_LOGS=str(log), PROXY_OA_LOG_FORMAT=str(declared), PROXY_OA_RANKING="builtin")


def _comparable(row: dict[str, object]) -> tuple[object, ...]:
    return tuple(row[name] for name in EDGE)


@counting("hostile values through a day", COUNTS)
def test_a_thousand_hostile_values_come_through_a_day(hostile_home: Home, capsys) -> None:
    """Log, ranking, tables, exports, metadata and terminal: nothing is lost, runs, or steers."""
    home = hostile_home
    result = home.materialize(DAY, limit=LIMIT)
    assert result.success, failures(result)

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
    COUNTS["cases"] += len(VALUES)


def _check_metadata(result: dg.ExecuteInProcessResult) -> None:
    """Check that Markdown of the events has no value of the data in it."""
    for event in result.all_events:
        if not event.is_step_materialization:
            continue
        for name, value in event.materialization.metadata.items():
            if isinstance(value, dg.MarkdownMetadataValue):
                text = str(value.md_str)
                assert not re.search(r"<(?!/?sub)|javascript:|\]\((?!data:image)", text), name
