"""Data shown to people: what a client sent must not steer a terminal or hide in a table."""


def printable(value: object, width: int = 0) -> str:
    """Return a value as text, with control, bidirectional and other unprintable characters escaped.

    A positive `width` cuts the text to that many characters, the last of them an ellipsis.
    """
    text = "" if value is None else str(value)
    if width and len(text) > width:
        text = text[: width - 1] + "…"
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def printable_lines(text: object) -> str:
    """Return a message as `printable` does, keeping line feeds: an engine's error quotes the data."""
    return "\n".join(map(printable, str(text).split("\n")))


def literal(text: object) -> str:
    """Return a text as Markdown code, in which nothing becomes a link, a picture or markup."""
    shown = printable(" ".join(str(text).split())).replace("`", "'")
    return f"`{shown}`"


def shortened(value: object, width: int) -> str:
    """Return a value as `printable` does, cut in the middle to that many characters.

    A URI's host and its end both matter.
    """
    text = "" if value is None else str(value)
    # Escape only what can be shown: a value may be very long.
    shown = printable(text if len(text) <= width else f"{text[:width]}…{text[-width:]}")
    if len(shown) <= width:
        return shown
    tail = (width - 1) * 2 // 5
    return f"{shown[: width - 1 - tail]}…{shown[len(shown) - tail :]}"


def excerpt(value: object) -> str:
    """Return a value as an error about a filter quotes it: `shortened` to 60 characters."""
    return shortened(value, 60)


def counted(number: int, thing: str) -> str:
    """Return a number and a noun, such as `1 URI` and `1,200 URIs`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
