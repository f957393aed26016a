import html
import re
from collections.abc import Iterator

import pytest
from support.analysts_day import AnalystsDay

from proxy_oa_assets.investigation.incident_file import Incident
from proxy_oa_assets.investigation.incidents import incidents, save_incident
from proxy_oa_assets.investigation.notebook.incident_form import IncidentForm
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.storyboard import save_storyboard

CLIENT = "10.0.0.1"
KIT = [(CLIENT, "land.test/"), (CLIENT, "kit.test/x"), ("10.0.0.2", "kit.test/x")]


class Desk:
    """A day with a form, and what the form was saved as."""

    def __init__(self, day: AnalystsDay) -> None:
        hosts = (uri.partition("/")[0] for _, uri in KIT)
        rows = zip(KIT, hosts, strict=True)
        day.write_raw(*({"clientip": client, "fulluri": uri, "host": host} for (client, uri), host in rows))
        self.day, self.saved = day, list[Incident]()
        self.form = IncidentForm(day.day, day.deployment, self.saved.append)

    def write(self, title: str, text: str = "", *, save: bool = True) -> None:
        """Send the message of the browser's fields, or of its Save."""
        form = self.form.form
        about = {"version": form.content["version"], "clients": form.clients}
        form._handle_custom_msg({**about, "title": title, "text": text, "saved": save}, [])

    def stored(self) -> list[Incident]:
        """Return the saved incidents."""
        return incidents(self.day.day, deployment=self.day.deployment)

    def said(self) -> str:
        """Return the form's message."""
        return re.sub("<[^>]+>", "", self.form.status.widget.value)


@pytest.fixture
def desk(embedded_day: AnalystsDay) -> Iterator[Desk]:
    """A form over a day with the traffic of a kit."""
    yield Desk(embedded_day)
    embedded_day.deployment.impala.close()


def test_a_selection_becomes_an_incident(desk: Desk) -> None:
    """Connections are added once, can be taken out, and are saved with a title."""
    desk.form.add(KIT[:2])
    desk.form.add(KIT)
    assert desk.said().startswith("1 connection added, 3 now")
    desk.form.table.selected = [1]
    assert desk.form.selected_uri() == KIT[1][1]
    desk.form.table.actions[0].do()
    desk.write(" ")
    assert "needs a title" in desk.said()
    desk.write("<b>A kit</b>", "its\ntext")

    assert desk.saved == desk.stored()
    (saved,) = desk.saved
    assert (saved.title, saved.text) == ("<b>A kit</b>", "its\ntext")
    assert saved.connections == (KIT[0], KIT[2])
    assert desk.said().startswith("Saved: 2 connections, 2 URIs, 2 hosts, 2 clients. Page of the day")


def test_what_does_not_belong_is_seen_and_taken_out(desk: Desk) -> None:
    """Each connection has its first time, host, requests and severity; a host goes in one action."""
    score(desk.day.day, 2, KIT[1][1], deployment=desk.day.deployment)
    desk.form.add([*KIT, (CLIENT, "unseen.test/")])
    headings = [column["heading"] for column in desk.form.table.content["columns"]]
    assert headings == ["first", "client", "host", "severity", "requests", "URI"]
    rows = [dict(zip(headings, row, strict=True)) for row in desk.form.table.content["rows"]]
    assert [(row["host"], row["requests"], row["severity"]) for row in rows] == [
        ("land.test", "1", ""),
        ("kit.test", "1", "Medium"),
        ("kit.test", "1", "Medium"),
        ("unseen.test", "0", ""),
    ]
    assert rows[0]["first"]
    desk.form.table.selected = [2]
    desk.form.table.actions[1].do()
    assert desk.form.connections == [KIT[0], (CLIENT, "unseen.test/")]
    assert desk.said().startswith("2 connections left")


def test_a_saved_incident_is_chosen_and_changed(desk: Desk) -> None:
    """As another version of itself; a new one can have the same title; what isn't saved comes back."""
    where = {"deployment": desk.day.deployment}
    first = save_incident(desk.day.day, "kit", "", KIT[:1], **where)
    desk.form.reload()
    desk.form.which.index = 1
    assert desk.form.form.content["title"] == "kit"
    desk.form.add(KIT[1:])
    desk.write("kit", "whole")
    assert [(each.key, each.text, each.connections) for each in desk.stored()] == [
        (first.key, "whole", tuple(KIT))
    ]

    desk.form.add([("10.0.0.3", "begun.test/")])
    desk.form.which.index = 0
    assert (desk.form.form.content["title"], desk.form.table.content["rows"]) == ("", [])
    save_storyboard(desk.day.day, KIT[0][1], "own", "", **where)
    desk.form.add(KIT[:2])
    desk.write("kit")
    assert [each.key for each in desk.stored()] == [first.key, desk.saved[-1].key]
    had = (
        "; 2 URIs of it had another story, which comes back if this is deleted: the incident 'kit' (2 URIs)."
    )
    assert had in html.unescape(desk.said())
    desk.form.which.index = 1
    assert "not saved yet" in desk.said()
    assert len(desk.form.table.content["rows"]) == 4


def test_a_colleague_s_version_is_not_overwritten_unseen(desk: Desk) -> None:
    """It is shown, and only saving again replaces it; of a deleted one, it saves a new one."""
    desk.form.add(KIT)
    desk.write("mine")
    where = {"deployment": desk.day.deployment}
    theirs = save_incident(desk.day.day, "theirs", "", KIT[:1], key=desk.saved[0].key, **where)
    desk.write("mine", "again")
    assert "by another analyst since" in desk.said()
    assert "title &#x27;theirs&#x27;" in desk.said()
    assert desk.stored() == [theirs]
    desk.write("mine", "again")
    assert [each.text for each in desk.stored()] == ["again"]
