import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import VALUES
from support.markup import SVG, drawing, texts, titles

from proxy_oa_assets.investigation.story.plots import referer_chain_svg, timeline_svg
from proxy_oa_assets.model.text import printable

URI = "evil.example/a"


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


def bars(svg):
    """Return left and right of each client's bar."""
    return [
        (float(bar.get("x")), float(bar.get("x")) + float(bar.get("width")))
        for bar in drawing(svg).iter(f"{SVG}rect")
        if bar.get("rx") == "4"
    ]


def test_a_client_has_a_bar_from_its_first_time_to_its_last():
    """The earliest client comes first; the bars stand on one axis, from 09:00 to 10:00."""
    svg = timeline_svg(timeline(met("b", "9:30:00"), met("a", "10:00:00"), met("a", "09:00:00")))
    assert [text for text in texts(drawing(svg)) if text in "ab"] == ["a", "b"]
    assert bars(svg) == [(186.0, 664.0), (421.0, 429.0)]
    assert {"09:00", "10:00"} <= set(texts(drawing(svg)))


def test_a_client_has_numbers_beside_its_bar():
    """Number of requests, total duration and answers; the title has the whole answers."""
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
    root = drawing(timeline_svg(timeline(*rows), {"a": 7}))
    assert "7 requests, 3 min 20 s" in texts(root)
    assert "3 min 20 s" in texts(drawing(timeline_svg(timeline(*rows))))
    assert "200 OK, 302 Found, Unknown (999), -" in titles(root)


def test_a_time_that_is_no_clock_time_is_labelled_unknown():
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
    """The axis has a label before and after a single time."""
    svg = timeline_svg(timeline(met("a", time)))
    ((left, right),) = bars(svg)
    assert 180 < left < right < 670
    clocks = [text for text in texts(drawing(svg)) if text[2:3] == ":"]
    assert clocks == sorted(clocks)
    assert clocks[-1] <= "24:00"


def test_at_most_forty_clients_are_drawn_and_the_others_counted():
    """The earliest forty."""
    rows = [met(f"10.0.0.{number}", f"10:{number:02d}:00") for number in range(53)]
    root = drawing(timeline_svg(timeline(*rows)))
    assert "10.0.0.39" in texts(root)
    assert "10.0.0.40" not in texts(root)
    assert "and 13 more clients" in texts(root)
    assert texts(drawing(timeline_svg(timeline(*rows[:40]))))[-1] != "and 0 more clients"


def test_a_threat_without_requests_is_an_empty_timeline():
    """A threat that is only ever named as a referer has no request of its own."""
    assert texts(drawing(timeline_svg(timeline()))) == ["no request to the threat is known"]


def test_the_chain_reads_from_who_led_there_to_where_it_led():
    """Referers by their number of clients; NULL, the empty text and a dash are no page."""
    incident = progression(
        [("1", "http://a/"), ("1", None), ("2", "-"), ("3", ""), ("2", "http://b/"), ("1", "http://b/")],
        ["next.example/", None],
    )
    shown = texts(drawing(referer_chain_svg(incident)))
    assert shown[3:9] == [
        "no referer in the log",
        "3 clients",
        "http://b/",
        "2 clients",
        "http://a/",
        "1 client",
    ]
    assert shown[9:] == ["next.example/", "null", URI, "met by 3 clients"]


def test_uris_beyond_the_most_are_counted():
    """On each side."""
    incident = progression([(str(n), f"http://{n}/") for n in range(20)], [f"{n}.example/" for n in range(9)])
    shown = texts(drawing(referer_chain_svg(incident)))
    assert shown[-2:] == ["and 12 more", "and 1 more"]
    assert len([text for text in shown if text.startswith("http://")]) == 8
    assert "more" not in " ".join(texts(drawing(referer_chain_svg(incident, most=20))))


def test_a_chain_without_ends_says_so():
    """Each empty side has a text."""
    shown = texts(drawing(referer_chain_svg(progression())))
    assert {"no request to it that day", "nowhere that the log shows"} <= set(shown)


def test_a_chain_of_none_is_refused():
    """The message names the number and its minimum."""
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
def test_data_in_a_plot_is_text(value):
    """Parsed as XML, each plot has its usual elements, and the value is a readable text."""
    assert printable(value) in titles(drawing(timeline_svg(timeline((value, value, 1, value, value)))))
    root = drawing(referer_chain_svg(progression([(value, value)], [value], value)))
    assert titles(root).count(printable(value)) >= 2
    assert len(list(root.iter())) == len(
        list(drawing(referer_chain_svg(progression([("1", "2")], ["3"]))).iter())
    )


@given(st.text(), st.lists(st.tuples(st.text(), st.text()), max_size=3))
def test_no_text_breaks_a_plot(value, referers):
    """Any text is drawn, including lone surrogates and noncharacters."""
    drawing(referer_chain_svg(progression(referers, [value], value)))
    drawing(timeline_svg(timeline((value, value, 1, value, value))))
