import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import VALUES
from support.markup import SVG, drawing, texts, titles

from proxy_oa_assets.investigation.story.plots import minutes_svg, referer_chain_svg, timeline_svg
from proxy_oa_assets.model.text import printable

URI = "evil.example/a"


def summary(counts, day="2016-09-12"):
    """Return rows of the ingest summary from counts by clock time."""
    return pd.DataFrame(
        {"tdate": [f"{day} {time}" for time in counts], "total": list(counts.values())}
    ).astype({"tdate": "str", "total": "int64"})


def timeline(*rows):
    """Return a timeline from rows of client, time, duration, response code and its name."""
    frame = pd.DataFrame(rows, columns=["clientip", "tstart", "duration", "respcode", "respcodename"])
    return frame.assign(p_threat=URI, tend=frame["tstart"]).astype({"duration": "Int64"})


def met(client, time):
    return (client, f"2016-09-12 {time}", 100, "200", "OK")


def progression(referers=(), led_to=(), uri=URI):
    """Return an incident of one request for each client and referer."""
    keys = ("clientip", "referer", "reqmethod", "resconttype")
    requests = [dict(zip(keys, (client, referer, "GET", "-"), strict=True)) for client, referer in referers]
    return {"fulluri": uri, "requests": requests, "referer_for": list(led_to)}


def area(svg):
    """Return the path of the minutes: the filled one that isn't an arrow."""
    return next(
        path.get("d") for path in drawing(svg).iter(f"{SVG}path") if path.get("stroke-width") == "0.6"
    )


def bars(svg):
    """Return left and right of each client's bar."""
    return [
        (float(bar.get("x")), float(bar.get("x")) + float(bar.get("width")))
        for bar in drawing(svg).iter(f"{SVG}rect")
        if bar.get("rx") == "4"
    ]


def test_a_minute_is_as_high_as_its_share_of_the_axis():
    """The axis ends at 200, 188 high: half of it is half as high; minutes without requests have no area."""
    assert area(minutes_svg(summary({"00:00": 200, "00:01": 100, "12:00": 200}))) == (
        "M64.0 232V44.0H64.6V138.0H65.2V232ZM496.0 232V44.0H496.6V232Z"
    )


def test_a_single_request_beside_a_busy_minute_is_seen():
    """It would be a ten-thousandth of a pixel high."""
    assert "V230.5H" in area(minutes_svg(summary({"03:00": 1, "12:00": 1_000_000})))


def test_marked_minutes_have_a_dot_above_what_is_beside_them():
    """The first and the last minute, and a quiet one beside a busy one; one that is named twice has one."""
    root = drawing(minutes_svg(summary({"12:00": 200, "12:01": 1}), [0, 721, 721, 1439], marked_as="seen"))
    dots = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in root.iter(f"{SVG}circle")][1:]
    assert dots == [(64.0, 226.5), (496.6, 38.5), (927.4, 226.5)]
    assert "seen" in texts(root)


def test_a_day_without_marks_has_no_dot_and_no_legend_of_one():
    """Nothing is explained that isn't there."""
    root = drawing(minutes_svg(summary({"12:00": 200})))
    assert list(root.iter(f"{SVG}circle")) == []
    assert "scored connections" not in texts(root)


def test_the_minutes_are_described_in_words():
    """Who doesn't see the plot reads how many requests there were, and when most of them."""
    root = drawing(minutes_svg(summary({"07:05": 1_200, "12:00": 34}), {425}))
    assert titles(root)[0] == "Requests per minute 2016-09-12"
    assert root[1].text == (
        "1,234 requests; the busiest minute is 07:05 with 1,200; minutes marked as scored connections: 1."
    )


def test_a_day_without_requests_is_an_empty_plot():
    """Axes and labels are there, and no area."""
    assert area(minutes_svg(summary({}))) == ""


def test_the_minutes_of_several_days_are_added_up_and_named():
    """A log holds a row of another date now and then; it is counted, and the plot says so."""
    svg = minutes_svg(pd.concat([summary({"12:00": 150}), summary({"12:00": 50}, "2016-09-14")]))
    assert area(svg) == area(minutes_svg(summary({"12:00": 200})))
    assert "2016-09-12 to 2016-09-14, 200 requests" in texts(drawing(svg))


@pytest.mark.parametrize("minute", [-1, 1440])
def test_a_mark_outside_the_day_is_refused(minute):
    """A dot outside the axes would be a lie, or invisible."""
    with pytest.raises(ValueError, match="0 to 1439"):
        minutes_svg(summary({}), {5, minute})


def test_a_client_has_a_bar_from_its_first_time_to_its_last():
    """The earliest client comes first; the bars stand on one axis, from 09:00 to 10:00."""
    svg = timeline_svg(timeline(met("b", "9:30:00"), met("a", "10:00:00"), met("a", "09:00:00")))
    assert [text for text in texts(drawing(svg)) if text in "ab"] == ["a", "b"]
    assert bars(svg) == [(186.0, 664.0), (421.0, 429.0)]
    assert {"09:00", "10:00"} <= set(texts(drawing(svg)))


def test_a_client_is_told_in_numbers_beside_its_bar():
    """How many times, how long together, how it was answered; the whole answers are the title."""
    rows = [
        ("a", f"2016-09-12 09:00:0{second}", 40_000, code, name)
        for second, code, name in (
            (1, "200", "OK"),
            (2, "302", "Found"),
            (3, "999", "Unknown (999)"),
            (4, None, ""),
            (5, "200", "OK"),
        )
    ]
    root = drawing(timeline_svg(timeline(*rows)))
    assert "5 times, 3 min 20 s" in texts(root)
    assert "200 OK, 302 Found, Unknown (999), -" in titles(root)


def test_a_time_that_is_no_clock_time_is_said_to_be_unknown():
    """The client is shown, last, without a bar."""
    svg = timeline_svg(timeline(("a", "2016-09-12", None, None, None), met("b", "09:00:00")))
    assert [text for text in texts(drawing(svg)) if text in ("a", "b", "time unknown")] == [
        "b",
        "a",
        "time unknown",
    ]
    assert len(bars(svg)) == 1


@pytest.mark.parametrize("time", ["00:00:00", "12:00:00", "23:59:59"])
def test_a_single_moment_stands_within_an_axis_that_stays_within_the_day(time):
    """One time alone has a time before and after it."""
    svg = timeline_svg(timeline(met("a", time)))
    ((left, right),) = bars(svg)
    assert 180 < left < right < 670
    clocks = [text for text in texts(drawing(svg)) if text[2:3] == ":"]
    assert clocks == sorted(clocks)
    assert clocks[-1] <= "24:00"


def test_at_most_forty_clients_are_drawn_and_the_others_counted():
    """The earliest ones are."""
    rows = [met(f"10.0.0.{number}", f"10:{number:02d}:00") for number in range(53)]
    root = drawing(timeline_svg(timeline(*rows)))
    assert "10.0.0.39" in texts(root)
    assert "10.0.0.40" not in texts(root)
    assert "and 13 more computers" in texts(root)
    assert texts(drawing(timeline_svg(timeline(*rows[:40]))))[-1] != "and 0 more computers"


def test_a_threat_that_nobody_met_is_an_empty_timeline():
    """A threat that is only ever named as a referer has no request of its own."""
    assert texts(drawing(timeline_svg(timeline()))) == ["no request to the threat is known"]


def test_the_chain_reads_from_who_led_there_to_where_it_led():
    """Referers by how many clients came from them; NULL, nothing and a dash are no page."""
    incident = progression(
        [("1", "http://a/"), ("1", None), ("2", "-"), ("3", ""), ("2", "http://b/"), ("1", "http://b/")],
        ["next.example/", None],
    )
    shown = texts(drawing(referer_chain_svg(incident)))
    assert shown[3:9] == [
        "no page named",
        "3 computers",
        "http://b/",
        "2 computers",
        "http://a/",
        "1 computer",
    ]
    assert shown[9:] == ["next.example/", "null", URI, "met by 3 computers"]


def test_what_exceeds_the_most_is_counted():
    """On either side on its own."""
    incident = progression([(str(n), f"http://{n}/") for n in range(20)], [f"{n}.example/" for n in range(9)])
    shown = texts(drawing(referer_chain_svg(incident)))
    assert shown[-2:] == ["and 12 more", "and 1 more"]
    assert len([text for text in shown if text.startswith("http://")]) == 8
    assert "more" not in " ".join(texts(drawing(referer_chain_svg(incident, most=20))))


def test_a_chain_without_ends_says_so():
    """Nobody is made up."""
    shown = texts(drawing(referer_chain_svg(progression())))
    assert {"no request to it that day", "nowhere that the log shows"} <= set(shown)


def test_a_chain_of_none_is_refused():
    """The message says what the number is."""
    with pytest.raises(ValueError, match="at least 1"):
        referer_chain_svg(progression(), most=0)


def test_a_long_uri_is_shortened_in_its_middle_and_whole_in_the_title():
    """Host and end are seen; the title has all of its 100,000 characters."""
    uri = f"evil.example/{'x' * 100_000}/end.exe"
    root = drawing(referer_chain_svg(progression([("1", uri)], [uri], uri)))
    assert titles(root).count(uri) == 3
    shown = [text for text in texts(root) if "…" in text]
    assert len(shown) == 3
    assert all(text.startswith("evil.example/") and text.endswith("/end.exe") for text in shown)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: printable(value[:20]))
def test_whatever_stands_in_the_data_is_text(value):
    """Parsed as XML, each plot is the drawing that it always is, and the value is its text, readable."""
    assert printable(value) in titles(drawing(timeline_svg(timeline((value, value, 1, value, value)))))
    root = drawing(referer_chain_svg(progression([(value, value)], [value], value)))
    assert titles(root).count(printable(value)) >= 2
    assert len(list(root.iter())) == len(
        list(drawing(referer_chain_svg(progression([("1", "2")], ["3"]))).iter())
    )
    drawing(minutes_svg(summary({value: 1}), {1}, marked_as=value))


@given(st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_no_text_breaks_a_plot(value, referers):
    """Any text at all, lone surrogates and noncharacters included, is drawn."""
    drawing(referer_chain_svg(progression(referers, [value], value)))
    drawing(timeline_svg(timeline((value, value, 1, value, value))))
