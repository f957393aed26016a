"""Arbitrary files where analysts' work lies: what is whole in them is read, and foreign lines are kept."""

import json
from typing import Any

import pytest
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.home import Home
from support.mutations import JSON, changed, damaged

from proxy_oa_assets.enrichment.score_columns import connection_hash
from proxy_oa_assets.investigation.feedback import COLUMNS, followed
from proxy_oa_assets.investigation.incident_file import read_incidents
from proxy_oa_assets.investigation.journal import history
from proxy_oa_assets.investigation.journal_file import Change, read_journal, record
from proxy_oa_assets.model import tsv
from proxy_oa_assets.model.day import Day

DAY = Day.parse("2016-09-12")
CHANGE = {
    "by": "ann",
    "severities": {"evil.example/a": [None, 1], "evil.example/b": [3, 2]},
    "undoes": None,
    "at": "2026-09-12T10:00:00+00:00",
    "key": "0" * 32,
}
INCIDENT = {
    "incident": {
        "key": "0123456789ab",
        "title": "Kit",
        "text": "What it did",
        "connections": [["10.0.0.1", "evil.example/a"]],
        "first_seen": "2016-09-12 10:00:00",
        "last_seen": "2016-09-12 11:00:00",
        "by": "ann",
        "at": "2026-09-12T10:00:00+00:00",
    },
    "behind": {"evil.example/a": {"title": "old", "text": "story"}},
    "state": "saved",
    "left": {},
}


def documents(valid: Any) -> st.SearchStrategy[bytes]:
    """Return documents of JSON on one line: a valid one, one with parts changed, damaged, and any."""
    dumped = json.dumps(valid).encode()
    return st.one_of(
        st.just(dumped),
        changed(valid).map(lambda each: json.dumps(each).encode()),
        damaged(dumped, most=2).map(lambda content: b" ".join(content.splitlines())),
        JSON.map(lambda each: json.dumps(each).encode()),
        st.binary(max_size=30).map(lambda content: b" ".join(content.splitlines())),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home for files alone."""
    return Home(tmp_path_factory.mktemp("home"))


@fuzz("journals", short=10, lines=st.lists(documents(CHANGE), max_size=4))
def test_a_damaged_line_of_a_journal_costs_no_other(home: Home, lines: list[bytes]) -> None:
    """Whole changes are read, others left out and kept, and another one can be recorded behind them."""
    hdfs, path = home.deployment.hdfs, home.deployment.workspace.journal(DAY)
    hdfs.write(path, [b"".join(line + b"\n" for line in lines)])
    found = read_journal(DAY, home.deployment)
    whole = [line for line in lines if line == json.dumps(CHANGE).encode()]
    assert len([each for each in found if each.key == CHANGE["key"]]) >= len(whole)
    assert history(DAY, deployment=home.deployment)["before"].dtype == "Int32"

    record(DAY, home.deployment, Change("ben", {"evil.example/c": (None, 2)}))
    with hdfs.open(path) as file:
        kept = file.read().splitlines()
    assert kept[:-1] == b"\n".join([*lines, b""]).splitlines()
    assert read_journal(DAY, home.deployment)[-1].by == "ben"


@fuzz(
    "incident files", short=10, first=documents(INCIDENT), name=st.sampled_from(["ab", "", "AB", "\u0661b"])
)
def test_a_damaged_incident_costs_no_other(home: Home, first: bytes, name: str) -> None:
    """The other incident is read whole, with the key of its file; the damaged one is read or left out."""
    folder = home.deployment.workspace.progressions(DAY)
    hdfs = home.deployment.hdfs
    for each in hdfs.list_folder(folder):
        hdfs.delete(each.path)
    hdfs.write(f"{folder}/incident-0123456789{name}.json", [first])
    hdfs.write(f"{folder}/incident-ffffffffffff.json", [json.dumps(INCIDENT).encode()])
    found = read_incidents(DAY, home.deployment)
    assert found.keys() - {"0123456789ab"} == {"ffffffffffff"}
    good = found["ffffffffffff"].incident
    assert (good.title, good.connections) == ("Kit", (("10.0.0.1", "evil.example/a"),))
    for each in found.values():
        assert each.incident.connections
        assert all(len(pair) == 2 for pair in each.incident.connections)


class Rows:
    """The rows behind URIs, in the place of a warehouse: each URI has one."""

    def scored(self, uris) -> list[tuple[object, ...]]:
        """Return a row of each URI that is scored."""
        return [self._row(uri) for uri in uris if uri in URIS]

    known = scored

    def _row(self, uri: str) -> tuple[object, ...]:
        row = dict.fromkeys(COLUMNS, "x") | {"clientip": "10.0.0.1", "fulluri": uri, "p_time": "09:00:00"}
        return tuple(
            0.5 if name == "score" else row[name] for name in COLUMNS if name not in ("uri_sev", "hash")
        )


URIS = ["evil.example/a", "evil.example/b", "evil.example/c\td"]


def feedback_line(uri: str, severity: object) -> bytes:
    row = dict.fromkeys(COLUMNS, "x") | {"clientip": "10.0.0.1", "fulluri": uri, "p_time": "09:00:00"}
    row |= {"score": "0.5", "uri_sev": str(severity), "hash": connection_hash("10.0.0.1", uri, "09:00:00")}
    return tsv.line(row[name] for name in COLUMNS).encode()


FEEDBACK = st.tuples(
    st.sampled_from([tsv.line(COLUMNS).encode()] * 3 + [b""]),
    st.lists(
        st.tuples(
            st.sampled_from([*URIS, "other.example", "also.example"]), st.sampled_from([0, 1, 2, 3, "x"])
        )
        .map(lambda of: feedback_line(*of))
        .flatmap(lambda line: st.just(line) | damaged(line, most=1))
        | st.binary(max_size=20),
        max_size=6,
    ),
).map(lambda parts: parts[0] + b"".join(parts[1]))


@fuzz(
    "feedback files",
    short=25,
    before=FEEDBACK,
    severities=st.dictionaries(st.sampled_from(URIS), st.integers(1, 3)),
)
def test_a_feedback_file_follows_the_table_whatever_was_in_it(
    before: bytes, severities: dict[str, int]
) -> None:
    """Each recorded URI has its severity in it, lines of others stay, and following again changes nothing."""
    after, _ = followed(before, severities, Rows())
    again, drift = followed(after, severities, Rows())
    assert again == after
    assert not drift
    lines = after.splitlines()[1:] if after else []
    rows = [line.split(b"\t") for line in lines if line.count(b"\t") == len(COLUMNS) - 1]
    of_rows = {row[COLUMNS.index("fulluri")]: row[COLUMNS.index("uri_sev")] for row in rows}
    for uri, severity in severities.items():
        assert of_rows[tsv.field(uri).encode()] == str(severity).encode()
    for line in before.splitlines():
        is_ours = line.count(b"\t") == len(COLUMNS) - 1 and (
            line.split(b"\t")[COLUMNS.index("fulluri")].decode("utf-8", "replace") != "other.example"
        )
        if not is_ours and line != tsv.line(COLUMNS).encode().strip():
            assert line in lines
