"""Frames as plain Python values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def records(frame: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Yield a frame's rows as tuples of Python values, NULL as None."""
    # By place: two columns can have the same name.
    series = (frame.iloc[:, at] for at in range(frame.shape[1]))
    columns = (column.astype(object).where(column.notna(), None).tolist() for column in series)
    return zip(*columns, strict=True)
