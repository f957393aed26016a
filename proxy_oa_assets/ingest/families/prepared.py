"""What a family of formats makes of a block's lines, for the SELECT of `target.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa

from proxy_oa_assets.ingest.layout import Layout
from proxy_oa_assets.ingest.log_lines import Lines

# A line's fields; NULL words are None.
Fields = list[str | None]


@dataclass(frozen=True)
class Prepared:
    """Lines for the SELECT of `target.py`.

    `select` reads the Arrow table `block`; it has the columns `line` (the index in the block), `exact` and
    `f`, whose elements are named by `fields`. `rejected` are the indexes of the other lines, with reasons.
    """

    fields: tuple[str, ...]
    select: str
    block: pa.Table
    rejected: list[tuple[int, str]] = field(default_factory=list)


def parsed(lines: Lines, layout: Layout, parse: Callable[[str, Layout], Fields | str]) -> Prepared:
    """Return lines that are parsed one by one into the fields that the declaration reads."""
    numbers: list[int] = []
    found: list[Fields] = []
    rejected: list[tuple[int, str]] = []
    for index, line in enumerate(lines.text.decode("utf-8").split("\n")[: len(lines)]):
        fields = parse(line, layout)
        if isinstance(fields, str):
            rejected.append((index, fields))
        else:
            numbers.append(index)
            found.append(fields)
    block = pa.table(
        {"line": pa.array(numbers, pa.int64()), "parsed": pa.array(found, pa.list_(pa.large_string()))}
    )
    select = "SELECT line, TRUE AS exact, parsed AS f FROM block"
    return Prepared(layout.declaration.source_fields(), select, block, rejected)
