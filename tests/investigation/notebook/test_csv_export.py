import csv

import pandas as pd
import pytest

from proxy_oa_assets.investigation.notebook.advanced_mode import export_csv


def _cells(path):
    return list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines(keepends=True)))


@pytest.mark.parametrize(
    "formula",
    [
        "=1+1",
        '=HYPERLINK("http://x.example")',
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        "\uff1d1+1",
        " =1+1",
        "\0=1+1",
        "\u200b\xa0\x0b@SUM(A1)",
    ],
)
def test_a_formula_is_a_text(tmp_path, formula):
    """A spreadsheet that opens the file runs nothing that a client sent."""
    path = export_csv(pd.DataFrame({"useragent": [formula], "n": [1]}), tmp_path / "a.csv")
    content = path.read_bytes().decode("utf-8-sig")
    assert content == f'"useragent","n"\r\n"\'{formula.replace(chr(34), chr(34) * 2)}",1\r\n'


def test_other_values_come_back_as_they_were(tmp_path):
    """Quotes, separators, line breaks inside a value, emoji; a number below zero is a number."""
    values = ["plain", 'a "quoted", one', "two\nlines", "\N{GRINNING FACE}", "a=b", "", " \0"]
    frame = pd.DataFrame({"value": values, "number": [-1.5, 2, 3, 4, 5, 6, 7]})
    _, *rows = _cells(export_csv(frame, tmp_path / "a.csv"))
    assert rows == [
        [value, number] for value, number in zip(values, "-1.5 2.0 3.0 4.0 5.0 6.0 7.0".split(), strict=True)
    ]


def test_null_is_an_empty_cell(tmp_path):
    """It isn't the word None or nan."""
    frame = pd.DataFrame({"a": ["x", None], "b": pd.Series([None, 7], dtype="Int32")})
    assert _cells(export_csv(frame, tmp_path / "a.csv"))[1:] == [["x", ""], ["", "7"]]


def test_the_index_of_a_grouped_frame_is_exported_and_safe(tmp_path):
    """A grouped frame holds hosts in its index."""
    frame = pd.DataFrame({"host": ["=1", "=1", "b"]}).groupby("host").size().to_frame("requests")
    assert _cells(export_csv(frame, tmp_path / "a.csv")) == [["host", "requests"], ["'=1", "2"], ["b", "1"]]


def test_columns_of_one_name_are_all_exported(tmp_path):
    """Frames side by side, and one that is grouped by what it counts."""
    grouped = pd.DataFrame({"host": ["a", "a"], "n": [1, 2]}).groupby("host").agg(host=("n", "sum"))
    assert _cells(export_csv(grouped, tmp_path / "a.csv")) == [["host", "host"], ["a", "3"]]
    beside = pd.DataFrame([["=x", 1]], columns=["host", "host"])
    assert _cells(export_csv(beside, tmp_path / "a.csv")) == [["host", "host"], ["'=x", "1"]]


def test_a_column_s_name_is_safe_too(tmp_path):
    """A pivot table's column names are data."""
    assert _cells(export_csv(pd.DataFrame({"=1+1": [1]}), tmp_path / "a.csv"))[0] == ["'=1+1"]
