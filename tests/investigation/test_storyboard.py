import hashlib
import json

import pandas as pd
import pytest
from support.analysts_day import AnalystsDay
from support.storyboard_days import HOSTILE

from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.story.day_story import read_story
from proxy_oa_assets.investigation.storyboard import (
    Comment,
    incident_progression,
    restore_stories,
    save_storyboard,
    storyboard,
    timeline,
)
from proxy_oa_assets.model.errors import CommentChangedError, InvestigationError, WarehouseError
from proxy_oa_assets.model.tables import PROXY_STORYBOARD, PROXY_TIMELINE, records

URI = "a.test/x"


def save(day: AnalystsDay, uri: str = URI, title: str = "title", text: str = "text", top: int = 20) -> None:
    save_storyboard(day.day, uri, title, text, top, deployment=day.deployment)


def comments(day: AnalystsDay) -> list[tuple[object, ...]]:
    return list(records(storyboard(day.day, deployment=day.deployment)))


def times(day: AnalystsDay, uri: str = URI) -> list[tuple[object, ...]]:
    """Return a threat's timeline without the threat."""
    return [row[1:] for row in records(timeline(day.day, uri, deployment=day.deployment))]


def test_the_timeline_has_a_row_per_client_time_and_response_code(today: AnalystsDay) -> None:
    """Durations are summed without NULLs; codes have names; requests referred by the threat don't count."""
    today.write_raw(
        {"fulluri": URI, "p_time": "09:00:01", "respcode": "200", "duration": 3},
        {"fulluri": URI, "p_time": "09:00:01", "respcode": "200", "duration": 2_000_000_000},
        {"fulluri": URI, "p_time": "09:00:01", "respcode": "200", "duration": 2_000_000_000},
        {"fulluri": URI, "p_time": "09:00:01", "respcode": "404", "duration": None},
        {"fulluri": URI, "p_time": "08:00:00", "respcode": "777", "duration": 1, "clientip": "10.0.0.2"},
        {"fulluri": URI, "p_time": None, "respcode": None, "duration": 5, "clientip": None},
        {"fulluri": "b.test/", "referer": f"http://{URI}", "p_time": "09:00:03"},
    )

    save(today)

    day = today.day.key
    eight, nine = f"{day} 08:00:00", f"{day} 09:00:01"
    assert times(today) == [
        (day, day, 5, None, None, ""),
        (eight, eight, 1, "10.0.0.2", "777", "Unknown (777)"),
        (nine, nine, 4_000_000_003, "10.0.0.1", "200", "OK"),
        (nine, nine, None, "10.0.0.1", "404", "Not Found"),
    ]


def test_the_timeline_is_that_of_the_clients_with_the_most_requests(today: AnalystsDay) -> None:
    """Each of the top clients has all its times."""
    today.write_raw(
        *(
            {"fulluri": URI, "clientip": f"10.0.0.{client}", "p_time": f"09:00:{client}{n}"}
            for client, requests in ((1, 2), (2, 5), (3, 3), (4, 3))
            for n in range(requests)
        )
    )

    save(today, top=2)

    clients = [row[3] for row in times(today)]
    assert clients == ["10.0.0.2"] * 5 + ["10.0.0.3"] * 3


def test_the_progression_has_who_led_there_and_where_it_led(today: AnalystsDay) -> None:
    """The contract's file: distinct requests, the earliest first, and the URIs that the threat referred."""
    today.write_raw(
        {"fulluri": URI, "referer": "http://search.test/", "p_time": "09:00:02", "reqmethod": "GET"},
        *({"fulluri": URI, "referer": "http://mail.test/", "p_time": f"09:00:0{n}"} for n in (1, 3)),
        {"fulluri": URI, "referer": None, "p_time": "09:00:04", "clientip": None},
        *({"fulluri": "c.test/", "referer": f"http://{URI}"} for _ in range(2)),
        {"fulluri": "b.test/", "referer": f"https://{URI}"},
        {"fulluri": URI, "referer": f"http://{URI}", "p_time": "09:00:05"},
    )

    save(today)

    name = f"incident-progression-{hashlib.md5(URI.encode()).hexdigest()}.json"
    y, m, d = today.day.y, today.day.m, today.day.d
    path = f"{today.deployment.workspace.huser}/proxy/oa/storyboard/{y}/{m}/{d}/{name}"
    with today.deployment.hdfs.open(path) as file:
        content = json.loads(file.read())
    assert content == incident_progression(today.day, URI, deployment=today.deployment)

    def request(
        referer: str | None, client: str | None = "10.0.0.1", method: str = "-"
    ) -> dict[str, str | None]:
        return {"clientip": client, "referer": referer, "reqmethod": method, "resconttype": "-"}

    assert content == {
        "fulluri": URI,
        "requests": [
            request("http://mail.test/"),
            request("http://search.test/", method="GET"),
            request(None, client=None),
            request(f"http://{URI}"),
        ],
        "referer_for": ["b.test/", "c.test/"],
    }


def test_saving_again_replaces_the_story_and_leaves_the_others(today: AnalystsDay) -> None:
    """The threat has what was saved last; other threats and days are unchanged."""
    tomorrow = AnalystsDay(today.home, today.day.plus(1))
    for day in (today, tomorrow):
        day.write_raw({"fulluri": URI}, {"fulluri": "b.test/"})
        save(day, text="first")
        save(day, "b.test/", text="other")
    today.write_raw({"fulluri": URI, "p_time": "09:30:00"})

    save(today, title="new title", text="second")

    assert comments(today) == [(URI, "new title", "second"), ("b.test/", "title", "other")]
    assert comments(tomorrow) == [(URI, "title", "first"), ("b.test/", "title", "other")]
    assert [row[0] for row in times(today)] == [f"{today.day} 09:30:00"]
    assert [row[0] for row in times(today, "b.test/")] == [f"{today.day} 09:00:00"]
    assert [row[0] for row in times(tomorrow)] == [f"{tomorrow.day} 09:00:00"]


def test_a_comment_comes_back_as_it_was_typed(today: AnalystsDay) -> None:
    """Quotes, tabs, line breaks, emoji, SQL: in the title, in the text, in the threat itself."""
    typed = [each[:1000] for each in HOSTILE]
    title, text = "\n".join(typed)[:200], "\n".join(typed)
    threats = sorted(
        f"h.test/{text}" for text in ("", "nul\0inside", "a\nb\r\tc", "\\' OR 1=1 -- ", "\U0001f600")
    )
    today.write_raw(*({"fulluri": threat} for threat in threats))

    for threat in threats:
        save(today, threat, title=title, text=f"{text}\n{threat}")

    assert comments(today) == [(threat, title, f"{text}\n{threat}") for threat in threats]
    for threat in threats:
        assert len(times(today, threat)) == 1
        assert incident_progression(today.day, threat, deployment=today.deployment)["fulluri"] == threat


def test_a_story_needs_traffic(embedded_day: AnalystsDay) -> None:
    """A mistyped URI, or a day whose raw log is gone, leaves an earlier story as it is."""
    embedded_day.write_raw({"fulluri": URI}, {"fulluri": "b.test/", "referer": "http://only.test/"})
    save(embedded_day)
    with pytest.raises(InvestigationError, match=r"^a.test/y: no request of 2016-01-01"):
        save(embedded_day, "a.test/y")
    with pytest.raises(InvestigationError, match="top is 0"):
        save(embedded_day, top=0)
    with pytest.raises(InvestigationError, match=r"the text has 20,001 characters, .* it can have 20,000"):
        save(embedded_day, text="t" * 20_001)
    save(embedded_day, "only.test/")

    assert [row[0] for row in comments(embedded_day)] == [URI, "only.test/"]
    assert incident_progression(embedded_day.day, "a.test/y", deployment=embedded_day.deployment) is None
    assert times(embedded_day, "only.test/") == []


def test_a_save_that_fails_half_way_keeps_the_comment_and_the_rest_is_restored(
    embedded_day: AnalystsDay, full_disk
) -> None:
    """The comment is the record; other stories, and those whose requests are gone, stay as they are."""
    day, deployment = embedded_day.day, embedded_day.deployment
    embedded_day.write_raw({"fulluri": URI}, {"fulluri": "only.test/"})
    save(embedded_day, "only.test/")

    with full_disk(PROXY_TIMELINE), pytest.raises(WarehouseError, match="no space left"):
        save(embedded_day)
    assert (URI, "title", "text") in comments(embedded_day)
    assert incident_progression(day, URI, deployment=deployment) is None
    rows = [*comments(embedded_day), ("gone.test/", "a", "b")]
    gone = pd.DataFrame(rows, columns=["p_threat", "title", "text"])
    deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, day, gone)

    assert restore_stories(day, deployment) == [URI]
    assert len(times(embedded_day)) == 1
    assert incident_progression(day, URI, deployment=deployment)["requests"]
    assert restore_stories(day, deployment) == []


def test_a_colleague_s_newer_comment_is_not_overwritten_unseen(today: AnalystsDay) -> None:
    """It is read and replaced under one lock; the story stays as it was."""
    today.write_raw({"fulluri": URI})
    save(today)
    today.write_raw({"fulluri": URI, "p_time": "09:30:00"})

    for seen in (Comment(), Comment("title", "another text")):
        with pytest.raises(CommentChangedError, match=r"^a.test/x: another comment"):
            save_storyboard(today.day, URI, "mine", "text", over=seen, deployment=today.deployment)

    assert comments(today) == [(URI, "title", "text")]
    assert [row[0] for row in times(today)] == [f"{today.day} 09:00:00"]
    save_storyboard(today.day, URI, "mine", "", over=Comment("title", "text"), deployment=today.deployment)
    save_storyboard(today.day, URI, "mine", "text", over=Comment("mine"), deployment=today.deployment)
    assert comments(today) == [(URI, "mine", "text")]


def test_an_empty_comment_tells_nothing(embedded_day: AnalystsDay) -> None:
    """None is saved; a URI of high severity with one of other programs is named as one that has no story."""
    embedded_day.write_raw({"fulluri": URI}, {"fulluri": "b.test/"})
    score(embedded_day.day, 1, [URI, "b.test/"], deployment=embedded_day.deployment)
    save(embedded_day, "b.test/", title="", text="text")
    with pytest.raises(InvestigationError, match=r"^a.test/x: a story needs .* delete_story\(\)"):
        save(embedded_day, title="", text=" \n")
    rows = [*comments(embedded_day), (URI, "", " \n")]
    blank = pd.DataFrame(rows, columns=["p_threat", "title", "text"])
    embedded_day.deployment.impala.replace_day_with_frame(PROXY_STORYBOARD, embedded_day.day, blank)
    told = read_story(embedded_day.day, embedded_day.deployment)
    assert told.undescribed == [URI]


def test_half_of_a_surrogate_pair_is_a_replacement_character(today: AnalystsDay) -> None:
    """UTF-8 can't encode it; a whole pair is its character."""
    today.write_raw({"fulluri": URI})
    save(today, title="half \ud83d", text="whole \ud83d\ude00, \ude00\ud83d")
    assert comments(today) == [(URI, "half \ufffd", "whole \U0001f600, \ufffd\ufffd")]


def test_a_truncated_progression_is_an_error_that_names_its_file(embedded_day: AnalystsDay) -> None:
    """Saving the story again repairs it."""
    embedded_day.write_raw({"fulluri": URI})
    save(embedded_day)
    path = embedded_day.deployment.workspace.progression(embedded_day.day, URI)
    embedded_day.deployment.hdfs.write(path, [b'{"fulluri": '])
    with pytest.raises(InvestigationError, match=r"incident-progression-\w+\.json"):
        incident_progression(embedded_day.day, URI, deployment=embedded_day.deployment)
    save(embedded_day)
    assert incident_progression(embedded_day.day, URI, deployment=embedded_day.deployment)
