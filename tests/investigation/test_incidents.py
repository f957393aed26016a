import json
from dataclasses import replace

import pytest
from support.analysts_day import AnalystsDay
from support.storyboard_days import HOSTILE

from proxy_oa_assets.investigation.incident_file import Stored
from proxy_oa_assets.investigation.incidents import (
    delete_incident,
    delete_story,
    incidents,
    restore_incidents,
    save_incident,
    stories_without,
)
from proxy_oa_assets.investigation.repair import repaired
from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.storyboard import (
    Comment,
    incident_progression,
    save_storyboard,
    storyboard,
    timeline,
)
from proxy_oa_assets.model.errors import CommentChangedError, InvestigationError, WarehouseError
from proxy_oa_assets.model.tables import PROXY_TIMELINE, records

LANDING, EXPLOIT, PAYLOAD = "land.test/", "kit.test/x?a=1", "pay.test/load.exe"
CLIENT = "10.0.0.1"
KIT = [(CLIENT, LANDING), (CLIENT, EXPLOIT), (CLIENT, PAYLOAD)]


def write_kit(day: AnalystsDay) -> None:
    day.write_raw(
        {"fulluri": LANDING, "p_time": "9:00:01"},
        {"fulluri": EXPLOIT, "p_time": "09:00:02", "referer": f"http://{LANDING}"},
        {"fulluri": PAYLOAD, "p_time": "10:00:03", "referer": f"https://{EXPLOIT}"},
        {"fulluri": LANDING, "p_time": "08:00:00", "clientip": "10.0.0.2"},
        {"fulluri": None, "p_time": None, "clientip": None},
    )


def comments(day: AnalystsDay) -> dict[object, object]:
    """Return the titles by threat, as Spot shows them."""
    return {uri: title for uri, title, _ in records(storyboard(day.day, deployment=day.deployment))}


def hdfs_files(day: AnalystsDay) -> list[str]:
    """Return the names of the progressions and of the incidents' files."""
    folder = day.deployment.workspace.progressions(day.day)
    return [entry.name for entry in day.deployment.hdfs.list_folder(folder)]


def derived(day: AnalystsDay, uri: str) -> tuple[list[tuple[object, ...]], object]:
    """Return the timeline and the progression of a URI."""
    where = {"deployment": day.deployment}
    return list(records(timeline(day.day, uri, **where))), incident_progression(day.day, uri, **where)


def test_every_uri_of_an_incident_has_the_story_that_spot_knows(today: AnalystsDay) -> None:
    """The same comment, and the timeline and progression that a story of the URI alone has."""
    write_kit(today)
    alone = {}
    for uri in (LANDING, EXPLOIT, PAYLOAD, "null"):
        save_storyboard(today.day, uri, "alone", "", deployment=today.deployment)
        alone[uri] = derived(today, uri)
    reset_scored_connections(today.day, deployment=today.deployment)

    saved = save_incident(
        today.day, "kit", "text", [*KIT, ("null", "null"), KIT[0]], deployment=today.deployment
    )

    assert incidents(today.day, deployment=today.deployment) == [saved]
    assert saved.connections == (*KIT, ("null", "null"))
    assert (saved.uris, saved.clients) == ((LANDING, EXPLOIT, PAYLOAD, "null"), (CLIENT, "null"))
    assert saved.hosts == ("land.test", "kit.test", "pay.test", "null")
    assert (saved.first_seen, saved.last_seen) == (f"{today.day} 09:00:01", f"{today.day} 10:00:03")
    assert comments(today) == dict.fromkeys(saved.uris, "kit")
    assert {uri: derived(today, uri) for uri in saved.uris} == alone


def test_saving_again_changes_members_and_deleting_leaves_nothing(today: AnalystsDay) -> None:
    """What leaves an incident loses its row, timeline and progression, and so does all of a deleted one."""
    where = {"deployment": today.deployment}
    write_kit(today)
    first = save_incident(today.day, "kit", "text", KIT, **where)

    second = save_incident(today.day, "kit, cut", "text", KIT[:2], key=first.key, over=first, **where)

    assert (second.key, incidents(today.day, **where)) == (first.key, [second])
    assert comments(today) == dict.fromkeys((EXPLOIT, LANDING), "kit, cut")
    assert derived(today, PAYLOAD) == ([], None)
    with pytest.raises(CommentChangedError, match=r"^the incident kit was saved by another analyst"):
        save_incident(today.day, "mine", "", KIT, key=first.key, over=first, **where)

    assert delete_incident(today.day, first.key, **where) == [LANDING, EXPLOIT]
    assert incidents(today.day, **where) == []
    assert comments(today) == {}
    assert [derived(today, uri) for uri in second.uris] == [([], None)] * 2
    assert today.deployment.hdfs.list_folder(today.deployment.workspace.progressions(today.day)) == []
    with pytest.raises(CommentChangedError, match="was deleted since"):
        save_incident(today.day, "mine", "", KIT, key=first.key, over=second, **where)


def test_of_several_stories_of_a_uri_the_last_saved_is_seen_and_none_is_lost(
    embedded_day: AnalystsDay,
) -> None:
    """A story of one URI and two incidents: each that goes leaves the one before it, in either order."""
    where = {"deployment": embedded_day.deployment}
    day = embedded_day.day
    write_kit(embedded_day)
    for deleted_first in (0, 1):
        save_storyboard(day, LANDING, "own", "", **where)
        both = [save_incident(day, title, "", KIT[:2], **where) for title in ("one", "two")]
        assert comments(embedded_day) == dict.fromkeys((EXPLOIT, LANDING), "two")
        for number in (0, 1):
            after = stories_without(day, both[number].key, **where)
            assert after == dict.fromkeys((LANDING, EXPLOIT), both[1 - number].comment)
        with pytest.raises(InvestigationError, match="is that of the incident two"):
            delete_story(day, LANDING, **where)

        left = delete_incident(day, both[deleted_first].key, **where)

        assert left == []
        assert comments(embedded_day)[LANDING] == both[1 - deleted_first].title
        after = stories_without(day, both[1 - deleted_first].key, **where)
        assert after == {LANDING: Comment("own"), EXPLOIT: None}
        assert delete_incident(day, both[1 - deleted_first].key, **where) == [EXPLOIT]
        assert comments(embedded_day) == {LANDING: "own"}
        assert derived(embedded_day, LANDING)[1]
    incident = save_incident(day, "kit", "", KIT, **where)
    save_storyboard(day, EXPLOIT, "own, later", "", **where)
    assert delete_incident(day, incident.key, **where) == [PAYLOAD]
    assert comments(embedded_day) == {EXPLOIT: "own, later", LANDING: "own"}


def test_an_incident_saved_after_the_clock_was_set_back_is_still_the_last(embedded_day: AnalystsDay) -> None:
    """It has the last word on a URI of both, also where another story of that goes."""
    where = {"deployment": embedded_day.deployment}
    day = embedded_day.day
    write_kit(embedded_day)
    earlier = save_incident(day, "by the wrong clock", "", KIT[:1], **where)
    Stored(replace(earlier, at="2100-01-01T00:00:00.000+00:00")).write(day, embedded_day.deployment)

    save_incident(day, "now", "", KIT[:1], **where)

    save_storyboard(day, LANDING, "own", "", **where)
    delete_story(day, LANDING, **where)
    assert comments(embedded_day) == {LANDING: "now"}


def test_a_story_of_a_uri_can_be_deleted(today: AnalystsDay) -> None:
    """With its timeline and progression; one that hid an incident's leaves that to be seen."""
    where = {"deployment": today.deployment}
    write_kit(today)
    for uri in (LANDING, PAYLOAD):
        save_storyboard(today.day, uri, "own", "", **where)
    save_incident(today.day, "kit", "", KIT[:2], **where)
    save_storyboard(today.day, LANDING, "own, later", "", **where)

    for uri in (LANDING, PAYLOAD):
        delete_story(today.day, uri, **where)

    assert comments(today) == dict.fromkeys((EXPLOIT, LANDING), "kit")
    assert derived(today, PAYLOAD) == ([], None)
    assert derived(today, LANDING)[1]
    with pytest.raises(InvestigationError, match=r"^pay.test/load.exe: .* has no story"):
        delete_story(today.day, PAYLOAD, **where)
    (incident,) = incidents(today.day, **where)
    assert delete_incident(today.day, incident.key, **where) == [LANDING, EXPLOIT]


def test_an_incident_needs_a_title_and_connections_of_the_raw_log(embedded_day: AnalystsDay) -> None:
    """What is missing is named, and nothing is written."""
    write_kit(embedded_day)
    where = {"deployment": embedded_day.deployment}
    day = embedded_day.day
    unknown = [("10.9.9.9", LANDING), *((CLIENT, f"gone.test/{n}\x1b") for n in range(8))]
    for arguments, says in (
        ((" \n", "", KIT), r"needs a title.* delete_incident\(\)"),
        (("k" * 201, "", KIT), "the title has 201 characters, .* it can have 200"),
        (("kit", "t" * 20_001, KIT), "the text has 20,001 characters, .* it can have 20,000"),
        (("kit", "", []), "needs a connection"),
        (("kit", "", [LANDING]), r"^land.test/ isn't a connection; .* pair of a client and a URI"),
        (("kit", "", LANDING), r"^land.test/ isn't a connection"),
        (("kit", "", [*KIT, "ab", (CLIENT,), None]), r"^ab isn't a connection"),
        (("kit", "", [None]), r"^None isn't a connection"),
        (
            ("kit", "", [*KIT, *unknown]),
            r"^10.9.9.9 to land.test/, 10.0.0.1 to gone.test/0\\x1b, .* and 4 more",
        ),
    ):
        with pytest.raises(InvestigationError, match=says):
            save_incident(day, *arguments, **where)
    with pytest.raises(InvestigationError, match="has no incident nosuchkey"):
        save_incident(day, "kit", "", KIT, key="nosuchkey", **where)
    with pytest.raises(InvestigationError, match="top is 0"):
        save_incident(day, "kit", "", KIT, top=0, **where)
    with pytest.raises(InvestigationError, match="has no incident nosuchkey"):
        delete_incident(day, "nosuchkey", **where)
    assert (incidents(day, **where), comments(embedded_day)) == ([], {})


def test_hostile_titles_and_uris_come_back_as_they_are(embedded_day: AnalystsDay) -> None:
    """In title, text and connections; an incident's file of another program doesn't hide the others."""
    where = {"deployment": embedded_day.deployment}
    uris = [f"h.test/{number}{text}" for number, text in enumerate(HOSTILE)]
    embedded_day.write_raw(*({"fulluri": uri} for uri in uris))
    typed = [each[:1000] for each in HOSTILE]
    title = "".join(typed)[:199]
    saved = save_incident(
        embedded_day.day, f"{title}\ud83d", "\n".join(typed), [(CLIENT, uri) for uri in uris], **where
    )
    hdfs, workspace = embedded_day.deployment.hdfs, embedded_day.deployment.workspace
    for number, content in enumerate((b"{", b"[]", b'{"incident": {}}', b"[" * 9999)):
        hdfs.write(workspace.incident(embedded_day.day, f"{number:012}"), [content])

    assert incidents(embedded_day.day, **where) == [saved]
    assert (saved.title, saved.text) == (f"{title}\ufffd", "\n".join(typed))
    assert list(saved.uris) == uris


def test_a_save_that_fails_half_way_is_finished_with_the_next_touch(
    embedded_day: AnalystsDay, full_disk
) -> None:
    """Its file is the record: comments, timelines and progressions follow it, also of a deletion."""
    where = {"deployment": embedded_day.deployment}
    day = embedded_day.day
    write_kit(embedded_day)
    first = save_incident(day, "kit", "", KIT, **where)

    with full_disk(PROXY_TIMELINE), pytest.raises(WarehouseError, match="no space left"):
        save_incident(day, "cut", "", KIT[1:], key=first.key, **where)
    assert "1 incident of" in " ".join(repaired(day, embedded_day.deployment))

    assert comments(embedded_day) == {EXPLOIT: "cut", PAYLOAD: "cut"}
    assert [derived(embedded_day, uri)[1] is None for uri in (LANDING, EXPLOIT, PAYLOAD)] == [
        *(True, False, False),
    ]
    assert restore_incidents(day, embedded_day.deployment) == []
    with full_disk(PROXY_TIMELINE), pytest.raises(WarehouseError, match="no space left"):
        delete_incident(day, first.key, **where)
    assert incidents(day, **where) == []
    assert comments(embedded_day) == {}
    assert derived(embedded_day, PAYLOAD) == ([], None)


def test_an_incident_of_hundreds_of_hosts_is_saved_in_a_few_statements(
    embedded_day: AnalystsDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """500 connections to 238 hosts: the raw log is read some times, each table is written once."""
    pairs = [(f"10.0.{n % 7}.1", f"h{n % 238}.test/{n}") for n in range(500)]
    embedded_day.write_raw(
        *({"fulluri": uri, "clientip": client, "referer": f"http://{pairs[0][1]}"} for client, uri in pairs)
    )
    engine = type(embedded_day.deployment.impala)
    calls = list[str]()
    for name in ("query", "replace_day_with_frame"):
        monkeypatch.setattr(engine, name, _counting(name, getattr(engine, name), calls))

    saved = save_incident(embedded_day.day, "kit", "", pairs, deployment=embedded_day.deployment)

    assert (len(saved.hosts), len(saved.uris), len(saved.clients)) == (238, 500, 7)
    assert calls.count("replace_day_with_frame") == 2
    assert calls.count("query") < 20
    assert len(comments(embedded_day)) == 500
    assert len(hdfs_files(embedded_day)) == 501
    path = embedded_day.deployment.workspace.progression(embedded_day.day, pairs[0][1])
    with embedded_day.deployment.hdfs.open(path) as file:
        assert len(json.loads(file.read())["referer_for"]) == 499


def _counting(name, function, calls):
    def counted(*arguments, **options):
        calls.append(name)
        return function(*arguments, **options)

    return counted
