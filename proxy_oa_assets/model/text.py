"""Data for people's eyes: what a client sent must not steer a terminal or hide in a table."""


def printable(value: object, width: int = 0) -> str:
    """Return a value with control, bidirectional and other unprintable characters written as escapes.

    A positive `width` shortens the text to that many characters, the last of them an ellipsis.
    """
    text = "" if value is None else str(value)
    if width and len(text) > width:
        text = text[: width - 1] + "…"
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text
    )


def printable_lines(text: object) -> str:
    """Return a message as `printable` does, but for its line feeds: an engine's error quotes the data."""
    return "\n".join(map(printable, str(text).split("\n")))


def literal(text: object) -> str:
    """Return a text as code in Markdown, in which nothing becomes a link, a picture or markup."""
    shown = printable(" ".join(str(text).split())).replace("`", "'")
    return f"`{shown}`"


def shortened(value: object, width: int) -> str:
    """Return a value as `printable` does, in at most that many characters: a long one without its middle.

    A URI's host and its end both tell something.
    """
    text = "" if value is None else str(value)
    # Only what can be shown is made printable: a value may be very long.
    shown = printable(text if len(text) <= width else f"{text[:width]}…{text[-width:]}")
    if len(shown) <= width:
        return shown
    tail = (width - 1) * 2 // 5
    return f"{shown[: width - 1 - tail]}…{shown[len(shown) - tail :]}"


def counted(number: int, thing: str) -> str:
    """Return a number of things in words, such as `1 URI` and `1,200 URIs`."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"
