"""Measuring a ranking on labels: what is counted, and the errors of labels that don't fit."""

from pathlib import Path

import pytest

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import LabelsError
from proxy_oa_assets.ranking.evaluation import evaluate
from proxy_oa_assets.ranking.labels import Labels, read_labels

_DAY = Day.parse("2016-09-12")
_HEADER = "p_date,clientip,host,fulluri,label\n"


def _file(folder: Path, text: str) -> Path:
    path = folder / "labels.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_places_precision_and_recall_are_of_distinct_pairs() -> None:
    """A pair counts where it comes first; hosts are compared without case; precision is of what is ranked."""
    order = [("a", "Bad.example"), ("a", "bad.example"), ("b", "good.example"), ("c", "worse.example")]
    labels = Labels(
        frozenset({("a", "bad.example"), ("c", "worse.example"), ("d", "gone.example")}),
        frozenset({("c", "worse.example")}),
    )
    found = evaluate(order, labels)
    assert found.pairs.bad_places == (1, 3)
    assert found.pairs.confirmed_places == (3,)
    assert found.pairs.precision(10) == pytest.approx(2 / 3)
    assert found.pairs.recall(10) == pytest.approx(2 / 3)
    assert found.pairs.average_precision == pytest.approx((1 / 1 + 2 / 3) / 3)
    assert found.not_ranked == 1


def test_client_stands_where_its_first_pair_does() -> None:
    """Precision per client counts infected clients, each once."""
    labels = Labels(frozenset({("c", "x"), ("c", "y")}), frozenset())
    found = evaluate([("a", "w"), ("c", "x"), ("c", "y"), ("b", "z")], labels)
    assert found.clients.bad_places == (2,)
    assert (found.clients.ranked, found.clients.bad) == (3, 1)


def test_labels_of_the_day_are_read(tmp_path: Path) -> None:
    """Benign labels and other days aren't attacks; quoted fields, further columns and case don't matter."""
    path = _file(
        tmp_path,
        _HEADER + '2016-09-12,10.0.0.1,Bad.example,"bad.example/a,b?q=""1""",confirmed\n'
        "2016-09-12,10.0.0.1,worse.example,worse.example/,malicious_capture\n"
        "2016-09-12,10.0.0.1,cdn.example,cdn.example/,benign_host_in_capture\n"
        "\n2016-09-13,10.0.0.2,other.example,other.example,confirmed\n",
    )
    labels = read_labels(path, _DAY)
    assert labels.bad == {("10.0.0.1", "bad.example"), ("10.0.0.1", "worse.example")}
    assert labels.confirmed == {("10.0.0.1", "bad.example")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("p_date,clientip,label\n", r"labels\.csv:1: no column host; .* first line"),
        ("", r"labels\.csv:1: no column p_date, clientip, host, label"),
        (_HEADER + "2016-09-12,10.0.0.1,x\n", r"labels\.csv:2: 3 fields instead of the 5 .*; quote"),
        (_HEADER + "12/09/2016,10.0.0.1,x,x,bad\n", r"labels\.csv:2: p_date '12/09/2016' is not a day"),
        (_HEADER + "2016-09-12,,x,x,bad\n", r"labels\.csv:2: clientip, host or label is empty; fill it"),
        (
            _HEADER + "2016-09-13,10.0.0.1,x,x,bad\n",
            r"has no attack of 2016-09-12: it labels 2016-09-13; choose",
        ),
        (_HEADER + "2016-09-12,10.0.0.1,x,x,benign\n", r"has no attack of 2016-09-12: it labels 2016-09-12"),
    ],
)
def test_labels_that_do_not_fit_are_refused(text: str, message: str, tmp_path: Path) -> None:
    """The message names file, line and what to do."""
    with pytest.raises(LabelsError, match=message):
        read_labels(_file(tmp_path, text), _DAY)


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A path that doesn't exist is an error of the user's, and not a stack trace."""
    with pytest.raises(LabelsError, match=r"none\.csv can't be read.*--labels names it"):
        read_labels(tmp_path / "none.csv", _DAY)


def test_a_quote_that_nothing_ends_names_its_line(tmp_path):
    """A file of thousands of labels isn't searched for it by hand."""
    path = tmp_path / "labels.csv"
    path.write_text(
        'p_date,clientip,host,label\n2016-09-12,10.0.0.7,"evil.example,confirmed\n', encoding="utf-8"
    )
    with pytest.raises(LabelsError, match=r"labels\.csv:2: .*correct its quotes"):
        read_labels(path, Day.parse("2016-09-12"))
