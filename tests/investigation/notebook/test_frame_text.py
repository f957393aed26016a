import numpy as np
import pandas as pd
import pytest

from proxy_oa_assets.investigation.notebook.session import frame_html, series_html

_HOSTILE = "<img src=x onerror=alert(1)>\x1b[31m\u202ehttp://x.example"
_TEXT = "&lt;img src=x onerror=alert(1)&gt;\\x1b[31m\\u202ehttp://x.example"


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [_HOSTILE]}),
        pd.DataFrame({_HOSTILE: [1]}),
        pd.DataFrame({"a": [1]}, index=[_HOSTILE]),
        pd.DataFrame({"a": [1]}, index=pd.Index(["x"], name=_HOSTILE)),
        pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([("x", _HOSTILE)])),
        pd.DataFrame({"a": [[_HOSTILE]]}),
        pd.DataFrame({"a": [np.array([_HOSTILE, "x"])]}),
        pd.DataFrame({"a": [1], "b": [2]}).set_axis(
            pd.MultiIndex.from_tuples([("x", _HOSTILE), ("x", "y")]), axis=1
        ),
    ],
    ids=["value", "column", "label", "name of labels", "labels", "nested", "array", "columns"],
)
def test_markup_is_text_wherever_it_stands(frame):
    """Grouped frames have data in their labels."""
    html = frame_html(frame)
    assert "<img" not in html
    assert "<a " not in html
    assert "&lt;img" in html
    assert "\x1b" not in html
    assert "\u202e" not in html


def test_a_value_is_readable():
    """Invisible characters are escapes; NULL is empty."""
    frame = pd.DataFrame({"a": [_HOSTILE, None], "b": [1.5e-7, float("nan")], "c": [pd.NaT, pd.NA]})
    html = frame_html(frame)
    assert f"<td>{_TEXT}</td>" in html
    assert "<td>1.5e-07</td>" in html
    assert html.count("<td></td>") == 4


def test_formulas_are_not_typeset():
    """MathJax would make links of what a client sent between dollar signs."""
    assert "mathjax_ignore" in frame_html(pd.DataFrame({"a": ["$x$"]}))


def test_a_long_frame_says_how_much_of_it_is_shown():
    """The first 100 rows are shown; the frame has all of them."""
    html = frame_html(pd.DataFrame({"a": range(1234)}))
    assert html.count("<tr") == 101
    assert "the first 100 of 1,234 rows" in html


def test_an_empty_frame_has_its_columns():
    """A filter without matches still shows the columns."""
    html = frame_html(pd.DataFrame({"host": []}).groupby("host").size().to_frame("requests"))
    assert "<th>requests</th>" in html
    assert "0 rows" in html


def test_a_series_is_a_frame_of_one_column():
    """Plain text, as pandas shows a series, gets links in JupyterLab."""
    assert "<td>https://x.example</td>" in series_html(pd.Series(["https://x.example"], name="referer"))
