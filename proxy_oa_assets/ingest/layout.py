"""How a log's lines are laid out from some line on: by its declaration, or by the header lines before it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

from proxy_oa_assets.ingest.declaration import SEPARATORS, Declaration
from proxy_oa_assets.model.errors import IngestError

_ZEEK_DIRECTIVE = re.compile(
    r"#(separator|set_separator|empty_field|unset_field|path|open|close|fields|types)(?=\W)", re.ASCII
)
_W3C_DIRECTIVE = re.compile(
    r"#(version|fields|software|start-?date|end-?date|date|remark|system|proxy-session)(?=[: \t])",
    re.IGNORECASE | re.ASCII,
)
_ESCAPED = re.compile(r"\\x([0-9A-Fa-f]{2})")


@dataclass(frozen=True)
class Layout:
    """A declaration and the fields that its lines have; `header` are the header lines that say so."""

    declaration: Declaration
    fields: tuple[str, ...] = ()
    header: tuple[str, ...] = field(default=(), compare=False)

    @classmethod
    def of(cls, declaration: Declaration, header: tuple[str, ...] = ()) -> Self:
        """Return the layout after some header lines, or before any."""
        fields = declaration.fields
        if declaration.header == "none":
            fields = fields or declaration.source_fields()
        layout = cls(declaration, fields)
        for line in header:
            layout = layout.after(line)
        return layout

    @property
    def ready(self) -> bool:
        """Whether lines can be read; before, the header's lines are missing."""
        return self.declaration.header == "none" or bool(self.fields)

    def is_header(self, line: str) -> bool:
        """Return whether a line is one of the header; a line of data can begin with `#`, too."""
        match self.declaration.header:
            case "zeek":
                return _ZEEK_DIRECTIVE.match(line) is not None
            case "w3c":
                return _W3C_DIRECTIVE.match(line) is not None
            case "names":
                return not self.fields or line in self.header
            case "hash":
                return line.startswith("#")
            case _:
                return False

    def after(self, line: str) -> Self:
        """Return the layout behind a header line. Raises IngestError if the log is of another format."""
        match self.declaration.header:
            case "zeek":
                return self._after_zeek(line)
            case "w3c":
                return self._after_w3c(line)
            case "names":
                separator = SEPARATORS[self.declaration.separator]
                names = tuple(name.strip().strip('"') for name in line.split(separator))
                return type(self)(self.declaration, names, (line,))
            case "hash":
                return type(self)(self.declaration, self._known(_hashed_names(line)), (line,))
            case _:
                return self

    def _after_zeek(self, line: str) -> Self:
        found = _ZEEK_DIRECTIVE.match(line)
        directive = found[1] if found else ""
        separator = SEPARATORS[self.declaration.separator]
        # The separator's own line has a blank in its place.
        text = line[len(directive) + 2 :]
        header = tuple(each for each in self.header if not each.startswith(f"#{directive}{separator}"))
        if directive in ("open", "close", "types", "set_separator"):
            return self
        if directive == "separator":
            word = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
            names = [name for name, character in SEPARATORS.items() if character == word]
            if not names:
                raise IngestError(
                    f"Zeek's separator {text!r} isn't one that is read: {', '.join(SEPARATORS)}"
                )
            return self._with((line,), separator=names[0])
        if directive == "path":
            if self.declaration.zeek_log and not text.startswith(self.declaration.zeek_log):
                raise IngestError(f"it is Zeek's {text}.log, not {self.declaration.zeek_log}.log")
            return self._with((*header, line))
        if directive == "fields":
            return type(self)(self.declaration, tuple(text.split(separator)), (*header, line))
        return self._with((*header, line), null=self._null_words((*header, line), separator))

    def _null_words(self, header: tuple[str, ...], separator: str) -> tuple[str, ...]:
        words = {"unset_field": "-", "empty_field": "(empty)"}
        for each in header:
            name, _, text = each[1:].partition(separator)
            if name in words:
                words[name] = text
        return ("", *words.values())

    def _after_w3c(self, line: str) -> Self:
        found = _W3C_DIRECTIVE.match(line)
        if not found or found[1].lower() != "fields":
            return self
        names = line[found.end() :].lstrip(":")
        separator = "tab" if "\t" in names.strip() else self.declaration.separator
        separated = self.declaration.model_copy(update={"separator": separator})
        return type(self)(separated, self._known(names.split()), (line,))

    def _known(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return names as the declaration spells them."""
        spelled = {name.lower(): name for name in self.declaration.source_fields()}
        return tuple(spelled.get(name.lower(), name) for name in names)

    def _with(self, header: tuple[str, ...], **changed: object) -> Self:
        return type(self)(self.declaration.model_copy(update=changed), self.fields, header)


def _hashed_names(line: str) -> Iterator[str]:
    """Yield the names of Web Gateway's header; a time in brackets has a blank before its zone."""
    for name in line.lstrip("# ").split():
        yield name.strip('"')
        if name == "time_stamp":
            yield "time_zone"
