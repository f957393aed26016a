"""The elements, attributes and texts of pages and plots."""

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

SVG = "{http://www.w3.org/2000/svg}"
# The elements of plots: none of them runs, fetches or links.
DRAWN = {"svg", "title", "desc", "rect", "circle", "path", "text", "g"}
_VOID = {"meta", "br"}


class PageParser(HTMLParser):
    """Reads a page: `elements` with their attributes, and the text in each open element of a name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        """Record an element's start."""
        self.elements.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")
        if tag == "br":
            self.handle_data("\n")
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        """Record an empty element of a drawing."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        """Check that the element that started last ends first."""
        assert self._open.pop() == tag

    def handle_data(self, data):
        """Record a text in all open elements."""
        for tag in set(self._open):
            self.texts[tag][-1] += data

    @property
    def tags(self):
        """The names of all elements."""
        return {tag for tag, _ in self.elements}

    @property
    def attributes(self):
        """The names of all attributes."""
        return {name for _, attributes in self.elements for name in attributes}


def drawing(svg: str) -> ET.Element:
    """Parse a plot as XML, and check that it is only a drawing with a title."""
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.get("viewBox", "").startswith("0 0 960 ")
    assert [child.tag for child in root[:2]] == [f"{SVG}title", f"{SVG}desc"]
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in DRAWN
        assert [name for name in element.attrib if name.startswith("on") or "href" in name] == []
        assert [value for value in element.attrib.values() if "url(" in value] == []
    return root


def titles(root: ET.Element) -> list[str]:
    """Return the titles in a plot, its own first."""
    return [element.text or "" for element in root.iter(f"{SVG}title")]


def texts(root: ET.Element) -> list[str]:
    """Return the visible texts of a plot."""
    return [element.text or "" for element in root.iter(f"{SVG}text")]
