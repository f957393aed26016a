"""Which format a log has, by its content."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from proxy_oa_assets.ingest.declaration import Declaration, shipped
from proxy_oa_assets.ingest.families.registry import parse_line
from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import blocks
from proxy_oa_assets.ingest.syslog import without_syslog
from proxy_oa_assets.model.errors import IngestError
from proxy_oa_assets.model.text import counted

HEAD = 256 * 1024  # bytes of a log that are looked at
_LINES = 100
_NEAREST = 3
# JSON that isn't an object per line.
_NO_LINES = (
    (rb"\[\s*[\[{]", "it is a JSON array", ".[]"),
    (rb'\{\s*\n|\{ *"[^"\n]*" *: *[\[{]? *\n', "it has JSON objects over several lines", "."),
)


@dataclass(frozen=True)
class Recognition:
    """The format that a log has, and why it was taken for that."""

    declaration: Declaration
    why: str


@dataclass(frozen=True)
class _Fit:
    """How a log fits a format. `headed`: 1, it has a header of the kind; 2, with the required fields."""

    declaration: Declaration
    share: float
    why: str
    fitting: int = 0
    headed: int = 0

    @property
    def rank(self) -> tuple[float, int, int, int, int, bool]:
        # Of formats that fit alike, the one that fits more lines or asks for more.
        declared = self.declaration
        asked = len(declared.requires) * 100 + len(declared.pattern)
        return (
            self.share,
            self.fitting,
            self.headed,
            asked,
            len(declared.fields),
            not declared.more_fields,
        )


def recognize(head: bytes, declarations: Iterable[Declaration] | None = None) -> Recognition:
    """Return the format of a log that begins with these bytes.

    Raises IngestError naming the three nearest formats if less than half of the lines fit any.
    """
    tried = shipped().values() if declarations is None else declarations
    fits = sorted((_fit(each, head) for each in tried), key=lambda fit: fit.rank, reverse=True)
    if fits and fits[0].share >= 0.5:  # noqa: PLR2004
        return Recognition(fits[0].declaration, f"{fits[0].why} {fits[0].declaration.title}")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    for bracket, what, program in _NO_LINES:
        if re.match(bracket, start):
            raise IngestError(f"{what}: read it as lines, by `jq -c '{program}' FILE | proxy-oa ingest -`")
    nearest = "; ".join(f"{fit.declaration.name}: {fit.why}" for fit in fits[:_NEAREST])
    raise IngestError(
        f"no known format; the nearest are {nearest}. Name the format with --format, or declare it in a TOML "
        f"file (docs/ingest.md)"
    )


def _fit(declaration: Declaration, head: bytes) -> _Fit:
    try:
        layout, lines = _sample(declaration, head)
    except IngestError as error:
        return _Fit(declaration, 0.0, str(error))
    if unfit := _unfit_header(layout):
        return _Fit(declaration, 0.0, unfit, headed=int(bool(layout.header)))
    headed = 2 if layout.header else 0
    if not lines:
        why = "its header is that of" if headed else "it has no line"
        return _Fit(declaration, float(bool(headed)), why, headed=headed)
    reasons = [reason for line in lines if (reason := _unfit(line, layout)) is not None][:_LINES]
    if not reasons:
        return _Fit(declaration, 0.0, "its lines are another log's")
    fitting = reasons.count("")
    why = f"{fitting} of {counted(len(reasons), 'line')} {'fits' if fitting == 1 else 'fit'}"
    if headed and not fitting:
        why += f": {reasons[0]}; correct the header if it lies"
    return _Fit(declaration, fitting / len(reasons), why, fitting, headed)


def _unfit_header(layout: Layout) -> str:
    """Return why a log's header isn't that of a format, "" if it is."""
    declaration = layout.declaration
    if not layout.ready:
        return "no header names its fields"
    if declaration.header == "w3c" and declaration.fields and layout.header:
        return "a header line names its fields"
    missing = _missing(declaration.requires, layout.fields) if declaration.header != "none" else []
    return f"its header has no field {missing[0]}" if missing else ""


def _sample(declaration: Declaration, head: bytes) -> tuple[Layout, list[str]]:
    """Return the layout after the header lines in a log's first lines, and the other ones."""
    whole = head[: head.rfind(b"\n") + 1] or head
    layout, lines = Layout.of(declaration), []
    for raw in blocks([whole], cut_at=declaration.cut_at):
        block = without_syslog(raw, declaration)
        # Other logs' lines in the same file come on top.
        for index in range(len(block) if declaration.only else min(len(block), _LINES)):
            line = block.line(index)
            if layout.is_header(line):
                layout = layout.after(line)
            else:
                lines.append(line)
    return layout, lines


def _unfit(line: str, layout: Layout) -> str | None:
    """Return why a line isn't of this format, "" if it is, None if it is of another log in the same file."""
    declaration = layout.declaration
    if declaration.pattern and re.match(declaration.pattern, line) is None:
        return "it begins otherwise"
    if declaration.pattern and not declaration.only:
        return ""
    found = parse_line(line, layout)
    if isinstance(found, str):
        return found
    texts = {name: text for name, text in zip(layout.fields, found, strict=False) if text is not None}
    for names, ours in declaration.only.items():
        if next((texts[name] for name in names.split("|") if name in texts), ours[0]) not in ours:
            return None
    # Lines of pairs have been checked for the required ones.
    if declaration.header != "none" or declaration.family in ("key_value", "cef"):
        return ""
    missing = _missing(declaration.requires, list(texts))
    return f"it has no field {missing[0]}" if missing else ""


def _missing(required: Sequence[str], present: Sequence[str]) -> list[str]:
    """Return the required fields that are missing; `a|b` is one of two."""
    return [names for names in required if not any(name in present for name in names.split("|"))]
