import html
import re
from collections.abc import Iterator

import pytest
from support.analysts_day import AnalystsDay
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.ingest.sample.attacks import DROPPER_HOST, PHISHING_PAGE
from proxy_oa_assets.investigation.incidents import incidents, save_incident
from proxy_oa_assets.investigation.notebook.comment_form import CommentForm
from proxy_oa_assets.investigation.notebook.session import StatusLine
from proxy_oa_assets.investigation.notebook.threat_investigation import ThreatInvestigation
from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.story.page import write_story
from proxy_oa_assets.investigation.storyboard import (
    incident_progression,
    save_storyboard,
    storyboard,
    timeline,
)

DROPPED = f"{DROPPER_HOST}/invoice_2291.pdf.exe"
MEDIUM = "t.mailing-list.example/c/8812"


@pytest.fixture
def threats(day_home: Home) -> Iterator[ThreatInvestigation]:
    """The notebook's widgets, where two URIs are of high risk and one of medium."""
    score(SAMPLE_DAY, 1, [PHISHING_PAGE, DROPPED], deployment=day_home.deployment)
    score(SAMPLE_DAY, 2, MEDIUM, deployment=day_home.deployment)
    threats = ThreatInvestigation(SAMPLE_DAY.key, str(day_home.path))
    yield threats
    threats.deployment.impala.close()


def _listed(threats: ThreatInvestigation) -> list[list[str]]:
    return threats.list.table.content["rows"]


def _choose(threats: ThreatInvestigation, uri: str) -> None:
    threats.list.table.selected = [[row[3] for row in _listed(threats)].index(uri)]


def _write(
    threats: ThreatInvestigation,
    title: str,
    text: str,
    *,
    save: bool = False,
    form: CommentForm | None = None,
) -> None:
    """Send the messages of the browser's form: after typing, and after a click on Save."""
    form = form or threats.comment.form
    about = {"version": form.content["version"], "clients": form.clients}
    form._handle_custom_msg({**about, "title": title, "text": text, "saved": save}, [])


def _shown(threats: ThreatInvestigation) -> tuple[str, str]:
    return threats.comment.form.content["title"], threats.comment.form.content["text"]


def _comments(home: Home) -> list[tuple[str, str, str]]:
    frame = storyboard(SAMPLE_DAY, deployment=home.deployment)
    return list(frame.itertuples(index=False, name=None))


def _said(status: StatusLine) -> str:
    return re.sub("<[^>]+>", "", status.widget.value)


def _delete(threats: ThreatInvestigation) -> str:
    """Click on Delete, and again; return what was asked in between."""
    table = threats.list.table
    about = {"version": table.content["version"], "selected": table.selected, "action": 0, "view": "a"}
    table._handle_custom_msg({**about, "number": 1}, [])
    asked = str(table.answer["text"])
    table._handle_custom_msg({**about, "number": 2, "confirmed": asked}, [])
    return asked


def test_high_risk_uris_are_listed_and_the_others_on_demand(threats) -> None:
    """The list has the URIs scored high, by first seen; the switch shows the others."""
    first, second = _listed(threats)
    assert [first[1:], second[1:]] == [["High", "", PHISHING_PAGE], ["High", "", DROPPED]]
    assert first[0] < second[0]
    threats.list.which.value = False
    assert [row[1:] for row in _listed(threats)] == [
        ["Medium", "", MEDIUM],
        ["High", "", PHISHING_PAGE],
        ["High", "", DROPPED],
    ]
    assert _listed(threats) == sorted(_listed(threats))


def test_saving_makes_the_comment_the_timeline_and_the_progression(day_home, threats) -> None:
    """The plots show what was stored; the list says that the story is saved."""
    _choose(threats, PHISHING_PAGE)
    assert threats.story.pictures.layout.display == "none"
    _write(threats, "A copied log-in page", "Two passwords were typed there", save=True)

    assert _comments(day_home) == [(PHISHING_PAGE, "A copied log-in page", "Two passwords were typed there")]
    clients = timeline(SAMPLE_DAY, PHISHING_PAGE, deployment=day_home.deployment)["clientip"]
    assert set(clients) == {"10.20.1.12", "10.20.1.35"}
    progression = incident_progression(SAMPLE_DAY, PHISHING_PAGE, deployment=day_home.deployment)
    assert progression
    assert progression["referer_for"] == ["login-corp.secure-check.example/signin/post.php"]
    assert _said(threats.comment.status).startswith("Saved")
    assert ["High", "A copied log-in page", PHISHING_PAGE] in [row[1:] for row in _listed(threats)]
    assert threats.story.pictures.layout.display is None
    assert b"10.20.1.35" in bytes(threats.story.timeline.value)
    assert b"go.shorten.example" in bytes(threats.story.chain.value)


def test_saving_leaves_the_page_of_the_day_s_stories_up_to_date(day_home, threats) -> None:
    """It is the file of `proxy-oa story`; after a reset, it has no story."""
    page = day_home.deployment.workspace.story(SAMPLE_DAY)
    page.unlink(missing_ok=True)
    for uri, title in ((PHISHING_PAGE, "A copied log-in page"), (DROPPED, "An invoice that runs")):
        _choose(threats, uri)
        _write(threats, title, "text", save=True)
    assert _said(threats.comment.status).startswith("Saved")
    assert _said(threats.comment.status).endswith(str(page))
    written = page.read_bytes()
    assert b"A copied log-in page" in written
    assert b"An invoice that runs" in written
    assert write_story(SAMPLE_DAY, deployment=day_home.deployment).path.read_bytes() == written

    assert f"{page} written again" in reset_scored_connections(SAMPLE_DAY, deployment=day_home.deployment)
    assert b"This day has no story yet." in page.read_bytes()


def test_a_story_is_saved_even_if_its_page_can_t_be_written(day_home, threats) -> None:
    """The status line says both, for example if the folder is another user's."""
    page = day_home.deployment.workspace.story(SAMPLE_DAY)
    page.unlink(missing_ok=True)
    page.mkdir()
    _choose(threats, DROPPED)
    _write(threats, "Title", "text", save=True)
    page.rmdir()
    assert _comments(day_home) == [(DROPPED, "Title", "text")]
    assert "The page of the day&#x27;s stories wasn&#x27;t updated: " in _said(threats.comment.status)
    assert 'role="alert"' in threats.comment.status.widget.value


def test_the_search_shows_totals_and_the_first_rows(threats) -> None:
    """The first rows, with totals; rows of another threat are hidden."""
    _choose(threats, PHISHING_PAGE)
    threats.search.limit.value = 3
    threats.search.search.click()
    assert len(threats.search.found.content["rows"]) == 3
    assert re.match(r"4 requests of 2 clients, the earliest 3 below \(\d", _said(threats.search.status))
    _choose(threats, DROPPED)
    assert threats.search.found.layout.display == "none"


def test_an_earlier_comment_comes_back_and_is_replaced(day_home, threats) -> None:
    """An earlier or a colleague's story fills the fields, and can be saved again."""
    save_storyboard(SAMPLE_DAY, DROPPED, "Earlier", "text", deployment=day_home.deployment)
    _choose(threats, DROPPED)
    assert _shown(threats) == ("Earlier", "text")
    assert threats.story.pictures.layout.display is None
    _write(threats, "Later", "text", save=True)
    assert _comments(day_home) == [(DROPPED, "Later", "text")]


def test_a_draft_is_kept_while_another_threat_is_selected(day_home, threats) -> None:
    """Selecting other threats loses no text."""
    _choose(threats, DROPPED)
    _write(threats, "Begun", "half a sentence")
    _choose(threats, PHISHING_PAGE)
    assert _shown(threats) == ("", "")
    _choose(threats, DROPPED)
    assert _shown(threats) == ("Begun", "half a sentence")
    assert "not saved yet" in _said(threats.comment.status)
    assert _comments(day_home) == []


def test_a_colleague_s_comment_is_not_overwritten_unseen(day_home, threats) -> None:
    """The other comment is shown, and only saving again replaces it."""
    _choose(threats, DROPPED)
    _write(threats, "Mine", "my text")
    theirs = "their text\n" * 1000
    save_storyboard(SAMPLE_DAY, DROPPED, "Theirs", theirs, deployment=day_home.deployment)
    _write(threats, "Mine", "my text", save=True)
    assert "Its title: &#x27;Theirs&#x27;" in _said(threats.comment.status)
    assert _comments(day_home) == [(DROPPED, "Theirs", theirs)]
    _write(threats, "Mine", "my text", save=True)
    assert _comments(day_home) == [(DROPPED, "Mine", "my text")]


def test_a_story_needs_a_title(day_home, threats) -> None:
    """The storyboard lists stories by their title."""
    _choose(threats, DROPPED)
    _write(threats, "  ", "a text", save=True)
    assert "needs a title" in _said(threats.comment.status)
    assert _comments(day_home) == []


def test_hostile_comments_come_back_as_they_were_shown(day_home, threats) -> None:
    """Comments quote data; fields hold text."""
    title, text = "<script>alert(1)</script>", "javascript:alert(1)\n=1+1\t\\' OR 1=1 -- \N{GRINNING FACE}"
    _choose(threats, DROPPED)
    _write(threats, title, text, save=True)
    assert _comments(day_home) == [(DROPPED, title, text)]
    again = ThreatInvestigation(SAMPLE_DAY.key, str(day_home.path))
    _choose(again, DROPPED)
    assert _shown(again) == (title, text)
    again.deployment.impala.close()


def test_an_incident_is_one_threat_and_can_be_deleted(day_home, threats) -> None:
    """It stands for its URIs, each of which can be searched for; a second click deletes it."""
    _choose(threats, PHISHING_PAGE)
    threats.gather.click()
    threats.incident.add([("10.20.1.17", DROPPED)])
    _write(threats, "Two people, two days", "text", save=True, form=threats.incident.form)
    page = day_home.deployment.workspace.story(SAMPLE_DAY)
    assert b"Two people, two days" in page.read_bytes()
    ((first, severity, title, text),) = _listed(threats)
    assert (severity, title) == ("High", "Two people, two days")
    assert text == f"Incident of 2 URIs: {PHISHING_PAGE.partition('/')[0]}, {DROPPER_HOST}"
    threats.list.which.value = False
    assert [row[2] for row in _listed(threats)].count(title) == 3

    _choose(threats, text)
    assert "10.20.1.12" in str(threats.properties.widget.content["rows"])
    assert threats.story.pictures.layout.display is None
    assert threats.comment.widget.layout.display == "none"
    threats.incident.table.selected = [2]
    threats.search.search.click()
    assert DROPPED in str(threats.search.found.content["rows"])
    assert _delete(threats) == (
        f"Delete the incident '{title}', its story with the timelines and progressions of 2 URIs? "
        "Severities stay. Click again"
    )
    assert _comments(day_home) == []
    assert threats.details.layout.display == "none"
    assert "Incident deleted, with the stories of 2 URIs" in _said(threats.list.status)
    assert [row[1:3] for row in _listed(threats)] == [["Medium", ""], ["High", ""], ["High", ""]]
    assert title.encode() not in page.read_bytes()
    assert first


def test_deleting_says_which_uris_keep_a_story_and_whose(day_home, threats) -> None:
    """Of another incident, or of their own; a title's invisible characters are escaped once."""
    where = {"deployment": day_home.deployment}
    save_storyboard(SAMPLE_DAY, PHISHING_PAGE, "own", "", **where)
    pairs = [("10.20.1.12", PHISHING_PAGE), ("10.20.1.17", DROPPED)]
    other = save_incident(SAMPLE_DAY, "kit \u202e", "", pairs[1:], **where)
    save_incident(SAMPLE_DAY, "whole", "", pairs, **where)
    threats.list.load()
    threats.list.table.selected = [[row[2] for row in _listed(threats)].index("whole")]
    kept = "2 URIs keep another story: 'own' (1 URI), the incident 'kit \\u202e' (1 URI)"
    assert f"progressions of 0 URIs; {kept}? Severities stay" in _delete(threats)
    said = html.unescape(_said(threats.list.status))
    assert f"Incident deleted, with the stories of 0 URIs; {kept}. Page" in said

    threats.list.table.selected = [[row[2] for row in _listed(threats)].index("kit \\u202e")]
    assert _delete(threats).startswith("Delete the incident 'kit \\u202e', its story")
    assert other not in incidents(SAMPLE_DAY, **where)


def test_a_story_is_deleted_by_a_second_click(day_home, threats) -> None:
    """What goes is said first; a URI without one has none to delete."""
    _choose(threats, DROPPED)
    _delete(threats)
    assert "Select an incident or a URI with a story" in _said(threats.list.status)
    _write(threats, "<b>Title</b>", "text", save=True)
    assert _delete(threats).startswith(f"Delete the story '<b>Title</b>' of {DROPPED} with its timeline")
    assert _comments(day_home) == []
    assert incident_progression(SAMPLE_DAY, DROPPED, deployment=day_home.deployment) is None
    assert [row[2] for row in _listed(threats)] == ["", ""]


def test_who_scored_a_threat_and_when_it_was_scored_before_is_shown(day_home, threats) -> None:
    """From the journals of this day and the days before."""
    before = AnalystsDay(day_home, SAMPLE_DAY.plus(-3))
    before.write_scores({"fulluri": DROPPED})
    anna = Home(day_home.path, **day_home.variables, JUPYTERHUB_USER="anna").deployment
    score(before.day, 1, DROPPED, deployment=anna)
    score(SAMPLE_DAY, 1, DROPPED, deployment=anna)
    _choose(threats, DROPPED)
    known = dict(threats.properties.widget.content["rows"])
    assert known["severity"].startswith("High, by anna, 2")
    assert known["earlier days"] == f"High on {before.day} by anna: {DROPPED}"
    reset_scored_connections(before.day, deployment=day_home.deployment)


def test_a_day_without_threats_says_where_they_come_from(day_home) -> None:
    """Threats are what Edge_Investigation has scored."""
    threats = ThreatInvestigation(SAMPLE_DAY.key, str(day_home.path))
    assert "2016-09-12" in threats.list.table.empty
    assert "Edge_Investigation" in threats.list.table.empty
    assert threats.details.layout.display == "none"
    threats.deployment.impala.close()
