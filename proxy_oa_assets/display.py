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
