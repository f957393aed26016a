import base64
import random
import subprocess
import sys

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.hostile import VALUES
from support.markup import SVG, drawing, texts, titles

from proxy_oa_assets.investigation.story.plots import data_address, minutes_svg
from proxy_oa_assets.investigation.story.rendering import AREA, round_ticks
from proxy_oa_assets.model.clock import clock
from proxy_oa_assets.model.text import printable


def summary(counts, day="2016-09-12"):
    """Return rows of the ingest summary from counts by clock time."""
    return pd.DataFrame(
        {"tdate": [f"{day} {time}" for time in counts], "total": list(counts.values())}
    ).astype({"tdate": "str", "total": "int64"})


def areas(svg):
    """Return the paths of all requests and of the scored ones, by their colour."""
    paths = [path for path in drawing(svg).iter(f"{SVG}path") if path.get("stroke-width") == "0.6"]
    return {"requests" if path.get("fill") == AREA else "scored": path.get("d") for path in paths}


def dots(svg):
    """Return the centres of the dots, without the legend's."""
    centres = [(float(dot.get("cx")), float(dot.get("cy"))) for dot in drawing(svg).iter(f"{SVG}circle")]
    return centres[1:]


def noise(most):
    """Return a summary in which each minute has another random count."""
    numbers = random.Random(1)
    return summary({clock(minute): numbers.randrange(most) for minute in range(1440)})


def test_a_minute_is_as_high_as_its_share_of_the_axis():
    """The axis ends at 200, 188 high: half of it is half as high; minutes without requests have no area."""
    assert areas(minutes_svg(summary({"00:00": 200, "00:01": 100, "12:00": 200}))) == {
        "requests": "M64 232V44H64.6V138H65.2V232ZM496 232V44H496.6V232Z"
    }


def test_minutes_of_one_height_are_one_step():
    """A plot is stored with each run of a day: quiet nights take little room."""
    counts = {clock(minute): 200 for minute in range(600)}
    assert areas(minutes_svg(summary(counts))) == {"requests": "M64 232V44H424V232Z"}


@pytest.mark.parametrize("peak", [0, 719, 1439])
def test_the_busiest_minute_is_drawn(peak):
    """No minute is averaged with others: a single busy one reaches the top tick."""
    assert "V44H" in areas(minutes_svg(summary({clock(peak): 200, "06:00": 1})))["requests"]


def test_a_single_request_beside_a_busy_minute_is_seen():
    """It would be a ten-thousandth of a pixel high."""
    assert "V230.5H" in areas(minutes_svg(summary({"03:00": 1, "12:00": 1_000_000})))["requests"]


def test_scored_requests_are_red_up_to_their_share():
    """The scored part of a minute stands in front of all its requests; one alone is still seen."""
    svg = minutes_svg(summary({"12:00": 200, "13:00": 200}), scored=["12:00:07"] * 100 + ["13:00:01"])
    assert areas(svg)["scored"] == "M496 232V138H496.6V232ZM532 232V228H532.6V232Z"
    assert "suspicious" in texts(drawing(svg))


def test_more_scored_requests_than_the_summary_counts_stay_within_the_axis():
    """Summary and scores come from different tables; one may lack what the other has."""
    svg = minutes_svg(summary({"13:00": 1}), scored=["12:00:00"] * 200)
    assert areas(svg)["scored"] == "M496 232V44H496.6V232Z"
    assert dots(svg) == [(496.0, 38.5)]


def test_a_day_without_scored_requests_has_no_red_and_no_legend_of_it():
    """The legend names only what is drawn."""
    svg = minutes_svg(summary({"12:00": 200}))
    assert set(areas(svg)) == {"requests"}
    assert list(drawing(svg).iter(f"{SVG}circle")) == []
    assert not {"suspicious", "the most suspicious"} & set(texts(drawing(svg)))


def test_the_first_ten_scored_requests_are_marked():
    """The most suspicious ones come first; one dot per minute; texts that aren't clock times have none."""
    times = ["00:00:00", "0:00:59", None, "noon", *(f"{hour}:00:00" for hour in range(1, 12))]
    svg = minutes_svg(summary({"12:00": 200}), scored=times)
    assert [x for x, _ in dots(svg)] == [64.0 + 36 * hour for hour in range(7)]
    assert areas(svg)["scored"].count("M") == 12


def test_marked_minutes_have_a_dot_above_what_is_beside_them():
    """The first and the last minute, and a quiet one beside a busy one; one that is named twice has one."""
    svg = minutes_svg(summary({"12:00": 200, "12:01": 1}), marked=[1439, 0, 721, 721], marked_as="seen")
    assert dots(svg) == [(64.0, 226.5), (496.6, 38.5), (927.4, 226.5)]
    assert "seen" in texts(drawing(svg))


def test_the_minutes_are_described_in_words():
    """A screen reader says how many requests there were, when most of them, and how many are suspicious."""
    root = drawing(minutes_svg(summary({"07:05": 1_200, "12:00": 34}), scored=["07:05:03", "07:05:04"]))
    assert titles(root)[0] == "Requests per minute 2016-09-12"
    description = str(root[1].text)
    for fact in ("1,234 requests", "07:05 with 1,200", "suspicious: 2", "the most suspicious: 1"):
        assert fact in description


def test_a_day_without_requests_is_an_empty_plot():
    """Axes and labels are there, and no area."""
    svg = minutes_svg(summary({}))
    assert areas(svg) == {"requests": ""}
    assert {"0", "24:00"} <= set(texts(drawing(svg)))


def test_the_minutes_of_several_days_are_added_up_and_named():
    """A log can hold a row of another date; it is counted, and the plot names both dates."""
    svg = minutes_svg(pd.concat([summary({"12:00": 150}), summary({"12:00": 50}, "2016-09-14")]))
    assert areas(svg) == areas(minutes_svg(summary({"12:00": 200})))
    assert "2016-09-12 to 2016-09-14, 200 requests" in texts(drawing(svg))


@pytest.mark.parametrize("minute", [-1, 1440])
def test_a_mark_outside_the_day_is_refused(minute):
    """A dot outside the axes would be wrong, or invisible."""
    with pytest.raises(ValueError, match="0 to 1439"):
        minutes_svg(summary({}), marked={5, minute})


def test_a_plot_fills_its_container_or_has_a_fixed_size():
    """Dagster's web UI shrinks a picture with a relative width."""
    sizes = [
        {name: drawing(svg).get(name) for name in ("width", "height", "style")}
        for svg in (minutes_svg(summary({})), minutes_svg(summary({}), fixed_size=True))
    ]
    assert sizes == [
        {"width": "100%", "height": None, "style": "max-width:960px"},
        {"width": "960", "height": "270", "style": None},
    ]


def test_the_same_day_gives_the_same_bytes_in_another_process():
    """Neither the order of the marks nor a process's hash seed is in the plot."""
    marked, scored = [1200, 3, 700, 701, 702], ["09:00:00", "08:00:00"]
    script = (
        "import sys, pandas as pd; from proxy_oa_assets.investigation.story.plots import minutes_svg; "
        "minutes = pd.DataFrame({'tdate': ['2016-09-12 12:00'], 'total': [7]}); "
        f"sys.stdout.write(minutes_svg(minutes, scored={scored}, marked={marked}))"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    assert minutes_svg(summary({"12:00": 7}), scored=scored, marked=set(marked)).encode() == other
    assert minutes_svg(summary({"12:00": 7}), scored=scored, marked=marked[::-1] * 2).encode() == other


def test_the_busiest_day_stays_small_enough_for_metadata():
    """Each minute differs from its neighbours, each second one has a scored request."""
    scored = [f"{clock(minute)}:00" for minute in range(0, 1440, 2)]
    assert len(data_address(minutes_svg(noise(10_000_000), scored=scored))) < 50_000


@pytest.mark.parametrize("value", VALUES, ids=lambda value: printable(value[:20]))
def test_no_text_of_the_data_is_in_the_plot(value):
    """A date that isn't one counts for no day, a time that isn't one for no minute."""
    rows = pd.concat([summary({value: 1}), summary({"12:00": 1}, value), summary({"12:00": 1})])
    plain = minutes_svg(summary({"12:00": 1}), scored=["x"], marked={1})
    hostile = minutes_svg(rows, scored=[value], marked={1})
    assert [text for text in texts(drawing(hostile)) if text not in texts(drawing(plain))] in (
        [],
        ["2016-09-12, 2 requests"],
    )
    assert printable(value) in texts(drawing(minutes_svg(rows, marked={1}, marked_as=value)))


@given(st.integers(0, 10**15))
def test_ticks_are_few_round_and_reach_the_most(most):
    """Three to five ticks, 1, 2 or 5 times a power of ten apart, of which at most half is unused."""
    ticks = round_ticks(most)
    assert 3 <= len(ticks) <= 5
    assert ticks == list(range(0, ticks[-1] + 1, ticks[1]))
    assert str(ticks[1]).rstrip("0") in {"1", "2", "5"}
    assert most <= ticks[-1] <= max(2, 2 * most)


def test_the_address_holds_the_plot():
    """What a browser decodes is the SVG."""
    svg = minutes_svg(summary({}))
    head, _, body = data_address(svg).partition(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(body, validate=True).decode("utf-8") == svg
