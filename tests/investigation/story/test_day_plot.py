import base64
import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from proxy_oa_assets.investigation.story.day_plot import PLOT, SIZE, column_of, data_address, minute_plot
from proxy_oa_assets.investigation.story.rendering import round_ticks

LEFT, UPPER, RIGHT, LOWER = PLOT
EMPTY = [0] * 1440


def opened(png):
    return Image.open(io.BytesIO(png)).convert("RGB")


def plotted(requests, marked):
    """A plot without scored requests, so that all that is red is a mark."""
    return minute_plot(requests, EMPTY, marked)


def is_red(pixel):
    red, green, blue = pixel
    return red > 180 and green < 80 and blue < 80


def is_blue(pixel):
    red, green, blue = pixel
    return blue > 200 and red < 130 and green < 180


def columns_with(image, wanted):
    """Return the columns of the plot, 0 from its left edge, that have a pixel of the colour."""
    return {
        x - LEFT for x in range(LEFT, RIGHT) if any(wanted(image.getpixel((x, y))) for y in range(40, LOWER))
    }


def blue_height(image, minute):
    x = LEFT + column_of(minute)
    return sum(is_blue(image.getpixel((x, y))) for y in range(UPPER, LOWER))


def with_counts(counts):
    return [counts.get(minute, 0) for minute in range(1440)]


def noise(most):
    # A linear congruence: noise that is the same on every Python version.
    state, counts = 1, []
    for _ in range(1440):
        state = (state * 1103515245 + 12345) % 2**31
        counts.append(state * most // 2**31)
    return counts


def test_the_picture_is_a_small_palette_png_of_a_fixed_size():
    """Even a day of pure noise stays small enough for metadata."""
    png = plotted(noise(10_000_000), set(range(0, 1440, 7)))
    image = Image.open(io.BytesIO(png))
    assert (image.format, image.mode, image.size) == ("PNG", "P", SIZE)
    assert len(png) <= 15_000


def test_scored_requests_are_red_up_to_their_share():
    """The scored part of a minute stands in front of all its requests; one alone is still seen."""
    image = opened(minute_plot(with_counts({200: 200, 600: 200}), with_counts({200: 100, 600: 1}), ()))

    def red_height(minute):
        x = LEFT + column_of(minute)
        return sum(is_red(image.getpixel((x, y))) for y in range(UPPER, LOWER))

    assert [red_height(minute) for minute in (200, 600, 1000)] == [108, 4, 0]
    assert blue_height(image, 200) == 108


def test_marked_minutes_are_red_and_no_others():
    """Each marked minute's column has red in it; red reaches no farther than a dot's radius."""
    scored = {0, 135, 600, 1000, 1439}
    red = columns_with(opened(plotted(noise(900), scored)), is_red)
    centres = {column_of(minute) for minute in scored}
    assert centres <= red
    assert all(min(abs(column - centre) for centre in centres) <= 3 for column in red)


def test_a_day_without_scored_minutes_has_no_red():
    """An empty collection marks nothing."""
    assert columns_with(opened(plotted(noise(900), [])), is_red) == set()


def test_a_marker_stands_above_the_requests_around_it():
    """A quiet minute beside busy ones keeps its marker in sight."""
    image = opened(plotted(with_counts({699: 90, 700: 1, 701: 95}), {700}))
    x = LEFT + column_of(700)
    lowest_red = max(y for y in range(LOWER) if is_red(image.getpixel((x, y))))
    assert lowest_red < LOWER - (LOWER - UPPER) * 95 // 100


def test_a_scored_minute_without_requests_is_marked_at_the_axis():
    """The summary and the scores come from different tables; one may lack a minute."""
    image = opened(plotted(EMPTY, {720}))
    assert any(is_red(image.getpixel((LEFT + column_of(720), y))) for y in range(LOWER - 8, LOWER))


def test_more_requests_are_taller_in_proportion():
    """The area's height is the count's share of the top tick, to the pixel."""
    image = opened(plotted(with_counts({200: 50, 600: 100, 1000: 200}), ()))
    assert [blue_height(image, minute) for minute in (200, 600, 1000, 1200)] == [54, 108, 216, 0]


def test_a_column_shows_the_busier_of_its_minutes():
    """Of two minutes in one column, neither order hides the peak."""
    first, second = 0, 1
    assert column_of(first) == column_of(second)
    for peak in (first, second):
        assert blue_height(opened(plotted(with_counts({peak: 200}), ())), peak) == 216


@pytest.mark.parametrize("minute", [0, 1, 2, 3, 700, 1438, 1439])
def test_a_single_request_is_seen(minute):
    """One request stands in its minute's column alone, and still shows beside ten million."""
    alone = opened(plotted(with_counts({minute: 1}), ()))
    assert columns_with(alone, is_blue) == {column_of(minute)}
    beside = opened(plotted(with_counts({minute: 1, 900: 10_000_000}), ()))
    assert blue_height(beside, minute) == 1


def test_a_day_without_requests_is_an_empty_plot():
    """Axes and legend are drawn; nothing else is."""
    image = opened(plotted(EMPTY, ()))
    assert columns_with(image, is_blue) == set()
    assert columns_with(image, is_red) == set()
    assert image.getpixel((LEFT + 100, LOWER)) != (255, 255, 255)


@pytest.mark.parametrize("most", [0, 1, 3_000, 999_999, 10_000_000, 999_000_000])
def test_the_labels_fit_beside_the_axis(most):
    """The picture's left edge stays white, so that no label is cut off."""
    image = opened(plotted(with_counts({10: most}), ()))
    assert all(image.getpixel((x, y)) == (255, 255, 255) for x in range(3) for y in range(SIZE[1]))


def test_the_same_day_gives_the_same_bytes_in_another_process():
    """Neither the order of the marks nor a process's hash seed is in the picture."""
    scored = [1200, 3, 700, 701, 702]
    script = (
        "import sys; from proxy_oa_assets.investigation.story.day_plot import minute_plot; "
        f"sys.stdout.buffer.write(minute_plot(list(range(1440)), [0] * 1440, {scored}))"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout
    assert plotted(list(range(1440)), set(scored)) == other
    assert plotted(list(range(1440)), scored[::-1] * 2) == other


@pytest.mark.parametrize("length", [0, 24, 1439, 1441])
def test_another_number_of_counts_is_refused(length):
    """A day has 1,440 minutes."""
    with pytest.raises(ValueError, match=f"1440 counts, .* not {length}$"):
        plotted([1] * length, ())


@pytest.mark.parametrize("minute", [-1, 1440])
def test_a_minute_outside_the_day_is_refused(minute):
    """A marker outside the axes would be a lie, or invisible."""
    with pytest.raises(ValueError, match="0 to 1439"):
        plotted(EMPTY, {5, minute})


@given(st.integers(0, 10**15))
def test_ticks_are_few_round_and_reach_the_most(most):
    """Three to five ticks, 1, 2 or 5 times a power of ten apart, of which at most half is unused."""
    ticks = round_ticks(most)
    assert 3 <= len(ticks) <= 5
    assert ticks == list(range(0, ticks[-1] + 1, ticks[1]))
    assert str(ticks[1]).rstrip("0") in {"1", "2", "5"}
    assert most <= ticks[-1] <= max(2, 2 * most)


def test_the_address_holds_the_picture():
    """What a browser decodes is the PNG."""
    png = plotted(EMPTY, ())
    head, _, body = data_address(png).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(body, validate=True) == png
