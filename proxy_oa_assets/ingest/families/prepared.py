"""What a family of formats makes of a block's lines, for the SELECT of `target.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

import pyarrow as pa

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
