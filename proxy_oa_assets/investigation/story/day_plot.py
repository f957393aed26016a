"""A picture of one day: its requests per minute, the scored ones among them, and the most suspicious."""

import base64
import io
from collections.abc import Collection, Sequence

from PIL import Image, ImageDraw, ImageFont

from proxy_oa_assets.investigation.story import rendering as plot_style
from proxy_oa_assets.investigation.story.rendering import round_ticks, tick_label
from proxy_oa_assets.model.clock import MINUTES, clock

SIZE = (1200, 300)
# Left, top, right and bottom of the plot area, in pixels: three columns for every four minutes, and a
# height that two, three or four intervals between gridlines divide into whole pixels.
PLOT = (72, 50, 1152, 266)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


_INK, _GRID, _AXIS = _rgb(plot_style.INK), _rgb(plot_style.GRID), _rgb(plot_style.AXIS)
_AREA, _SCORED, _WHITE = _rgb(plot_style.AREA), _rgb(plot_style.ALARM), (255, 255, 255)
# Steps from white to each ink: three inks of four with white, grid and axis fit 16 colours.
_SHADES = 4
_FONT_SIZE = 14
# A single request beside a busy minute would be less than a pixel high, and look like none; a scored one is
# what one looks for.
_LEAST, _LEAST_SCORED = 1.0, 4.0
# The diameter of a dot in pixels; odd, so that it has a middle pixel.
_DOT = 7
# Edges are drawn this many times larger and averaged.
_FINE = 8


def minute_plot(requests: Sequence[int], scored: Sequence[int], marked: Collection[int]) -> bytes:
    """Return a PNG, 1200 by 300 pixels on white, of a day's requests per minute, the scored ones in red.

    `requests` and `scored` hold 1,440 counts, of which the first is that of 00:00; `marked` holds minutes of
    the day, 0 to 1439, that get a dot. A column of pixels shows the busiest of its one or two minutes. The
    same day gives the same bytes. Raises ValueError for another number of counts and for a minute outside the
    day.
    """
    for counts in (requests, scored):
        if len(counts) != MINUTES:
            raise ValueError(f"a day has {MINUTES} counts, one for each minute, and not {len(counts)}")
    if marked and not 0 <= min(marked) <= max(marked) < MINUTES:
        raise ValueError(f"minutes of a day are 0 to {MINUTES - 1}, and not {min(marked)} to {max(marked)}")
    ticks = round_ticks(max(*requests, *scored))
    heights = _column_heights(requests, ticks[-1], _LEAST)
    image = Image.new("RGB", SIZE, _WHITE)
    _draw_grid(image, ticks)
    _draw_columns(image, heights, _AREA)
    _draw_columns(image, _column_heights(scored, ticks[-1], _LEAST_SCORED), _SCORED)
    _draw_marks(image, heights, {column_of(minute) for minute in marked})
    _draw_axes(image, ticks)
    _draw_legend(image)
    return _png(image)


def data_address(png: bytes) -> str:
    """Return a PNG as a `data:` address (RFC 2397), which a Markdown image takes for its source."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def column_of(minute: int) -> int:
    """Return the column of pixels, 0 to 1079 from the plot's left edge, that shows a minute of the day."""
    left, _, right, _ = PLOT
    return minute * (right - left) // MINUTES


def _column_heights(counts: Sequence[int], top: int, least: float) -> list[float]:
    """Return each column's height in pixels; a maximum, because a mean would hide a busy minute."""
    left, upper, right, lower = PLOT
    most = [0] * (right - left)
    for minute, count in enumerate(counts):
        column = column_of(minute)
        most[column] = max(most[column], count)
    return [max(least, count * (lower - upper) / top) if count else 0.0 for count in most]


def _draw_grid(image: Image.Image, ticks: Sequence[int]) -> None:
    draw = ImageDraw.Draw(image)
    left, upper, right, lower = PLOT
    for tick in ticks[1:]:
        y = lower - (lower - upper) * tick // ticks[-1]
        draw.line((left, y, right, y), fill=_GRID)


def _draw_columns(image: Image.Image, heights: Sequence[float], colour: tuple[int, int, int]) -> None:
    """Fill each column from the axis up to its height; the topmost pixel is blended by its share."""
    left, upper, right, lower = PLOT
    fine = Image.new("L", (right - left, (lower - upper) * _FINE))
    draw = ImageDraw.Draw(fine)
    for column, height in enumerate(heights):
        if height:
            draw.line((column, fine.height - round(height * _FINE), column, fine.height), fill=255)
    image.paste(colour, (left, upper), fine.reduce((1, _FINE)))


def _draw_marks(image: Image.Image, heights: Sequence[float], columns: Collection[int]) -> None:
    """Put a red dot over each column of `columns`, clear of the columns beside it."""
    left, _, _, lower = PLOT
    reach = _DOT // 2
    dots = []
    for column in columns:
        highest = max(heights[max(0, column - reach) : column + reach + 1])
        dots.append((left + column, lower - round(highest) - reach - 1))
    _draw_dots(image, dots)


def _draw_dots(image: Image.Image, centres: Sequence[tuple[int, int]]) -> None:
    # All rims before all dots: a rim sets a dot off from the area, but must not eat the dot beside it.
    for colour, diameter in ((_WHITE, _DOT + 2), (_SCORED, _DOT)):
        fine = Image.new("L", (diameter * _FINE, diameter * _FINE))
        ImageDraw.Draw(fine).ellipse((0, 0, fine.width - 1, fine.height - 1), fill=255)
        disc = fine.reduce(_FINE)
        for x, y in centres:
            image.paste(colour, (x - diameter // 2, y - diameter // 2), disc)


def _draw_axes(image: Image.Image, ticks: Sequence[int]) -> None:
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_FONT_SIZE)
    left, upper, right, lower = PLOT
    draw.line((left, lower, right, lower), fill=_AXIS)
    for minute in range(0, MINUTES + 1, 180):
        x = left + column_of(minute)
        draw.line((x, lower, x, lower + 5), fill=_AXIS)
        draw.text((x, lower + 11), clock(minute), fill=_INK, font=font, anchor="mt")
    for tick in ticks:
        y = lower - (lower - upper) * tick // ticks[-1]
        draw.text((left - 10, y), tick_label(tick, ticks[-1]), fill=_INK, font=font, anchor="rm")


def _draw_legend(image: Image.Image) -> None:
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(_FONT_SIZE)
    x, y = PLOT[0], 18
    draw.rectangle((x, y - 5, x + 17, y + 5), fill=_AREA)
    draw.text((x + 26, y), "requests per minute", fill=_INK, font=font, anchor="lm")
    x += 200
    draw.rectangle((x, y - 5, x + 17, y + 5), fill=_SCORED)
    draw.text((x + 26, y), "scored ones among them", fill=_INK, font=font, anchor="lm")
    x += 230
    _draw_dots(image, [(x, y)])
    draw.text((x + 13, y), "the most suspicious", fill=_INK, font=font, anchor="lm")


def _palette() -> Image.Image:
    """Return the plot's colours and their blends into white: at most 16, for two pixels in a byte."""
    colours = [_WHITE, _GRID, _AXIS]
    for ink in (_AREA, _SCORED, _INK):
        for share in range(1, _SHADES + 1):
            red, green, blue = (
                white + (full - white) * share // _SHADES for white, full in zip(_WHITE, ink, strict=True)
            )
            colours.append((red, green, blue))
    palette = Image.new("P", (1, 1))
    palette.putpalette([level for colour in colours for level in colour])
    return palette


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.quantize(palette=_palette(), dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()
