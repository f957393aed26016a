"""Frames as plain Python values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def records(frame: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Yield a frame's rows as tuples of Python values, NULL as None."""
    columns = (frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame.columns)
    return zip(*columns, strict=True)
