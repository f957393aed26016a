"""What a log or another system put into a word is text wherever the reasons are shown."""

import pandas as pd
import pytest
from support.analysts_day import AnalystsDay
from support.home import SAMPLE_DAY, Home
from support.hostile import VALUES

from proxy_oa_assets.cli import console
from proxy_oa_assets.defs.assets.metadata import preview
from proxy_oa_assets.investigation.notebook.edge_investigation import EdgeInvestigation
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.investigation.weighing import feedback_in_effect, feedback_of
from proxy_oa_assets.model.text import printable
from proxy_oa_assets.ranking.reasons import sentence

# As a whole word, and as the host that led there.
MIXED = "mixes Cyrillic and Latin letters]"
WORDS = [word for value in VALUES if value for word in (value, f"later_sign=1;led_from={value}")]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> AnalystsDay:
    """A day of connections with these words, and one before with a severity on each of their hosts."""
    today = AnalystsDay(Home(tmp_path_factory.mktemp("words") / "home"), SAMPLE_DAY)
    before = AnalystsDay(today.home, SAMPLE_DAY.plus(-1))
    rows = [
        {"fulluri": f"{at}.test/", "host": f"{at}.test", "word": word, "ml_score": at / 1_000}
        for at, word in enumerate(WORDS, 1)
    ]
    for each in (before, today):
        each.write_scores(*rows)
    score(before.day, 1, [str(row["fulluri"]) for row in rows], deployment=today.deployment)
    return today


def test_the_notebook_shows_each_word_as_text(day) -> None:
    """In the list, and in the list of feedback; the browser sets texts alone."""
    edges = EdgeInvestigation(day.day.key, str(day.home.path))
    edges.tabs.show("Feedback")
    for table in (edges.suspicious.table.widget, edges.feedback.table):
        at = [column["name"] for column in table.content["columns"]].index("because")
        texts = [row[at] for row in table.content["rows"]]
        assert len(texts) == len(WORDS)
        assert all(text.isprintable() for text in texts)
        assert all(any(printable(value)[:40] in text for text in texts) for value in VALUES)
    edges.deployment.impala.close()


def test_the_terminal_gets_no_control_character(day, capsys: pytest.CaptureFixture[str]) -> None:
    """A word can't colour, link or reverse what is printed."""
    found = suspicious(day.day, deployment=day.deployment)
    for first in range(0, len(found), 10):
        console.show_suspicious(day.day, found.iloc[first : first + 10])
    console.show_feedback(day.day, feedback_in_effect(feedback_of(day.day, day.deployment)))
    shown = capsys.readouterr().out
    assert {char for char in shown if not char.isprintable()} == {"\n"}
    assert "\\x1b[31mred" in shown
    assert shown.count(f"given on {day.day.plus(-1)}, until {day.day.plus(29)}") == len(WORDS)


def test_a_preview_has_texts_in_a_table() -> None:
    """Dagster shows a table's values as text, and Markdown would be markup."""
    frame = pd.DataFrame({"because": [sentence(word) for word in WORDS]})
    shown = [str(row.data["because"]) for row in preview(frame, ("because",), rows=len(WORDS)).records]
    assert len(shown) == len(WORDS)
    assert all(text.isprintable() for text in shown)


def test_a_look_alike_host_has_a_note_in_terminal_and_web_ui(capsys: pytest.CaptureFixture[str]) -> None:
    """The name that it imitates, even where its URI is cut."""
    uri = f"\u0440\u0430ypal.com/{'x' * 500}"
    row = {"ml_score": 0.1, "time": "10:00:00", "clientip": "10.0.0.1", "uri_rep": None, "reqmethod": "GET"}
    frame = pd.DataFrame([{**row, "fulluri": uri, "host": "", "word": "beacon=1", "feedback": ""}])
    console.show_suspicious(SAMPLE_DAY, frame)
    assert "looks like paypal.com" in " ".join(capsys.readouterr().out.split())
    (shown,) = preview(frame, ("fulluri", "word")).records
    assert str(shown.data["fulluri"]).endswith("… [xn--ypal-43d9g.com; looks like paypal.com; " + MIXED)
