"""Days of proxy_storyboard, the simplest table: three columns of text."""

from pathlib import Path

import pandas as pd

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_STORYBOARD

DAY, NEXT = Day.parse("2016-09-12"), Day.parse("2016-09-13")
HOSTILE = (
    *("", "nul\0inside", "\0", "a\nb\r\tc", "\u2028", "\U0001f600", "007", "1e5", "null", "None", "nan"),
    *(
        "back\\",
        "\\' OR 1=1 -- ",
        "it's",
        '"quoted"',
        "%s %d %(x)s",
        "${env:HOME}",
        "'; DROP TABLE proxy; --",
    ),
    *("<script>alert(1)</script>", "x" * 100_000),
)


def comments(*texts):
    """Return a frame for proxy_storyboard with one row per text."""
    return pd.DataFrame({name: pd.Series(texts, dtype="str") for name in PROXY_STORYBOARD.column_names})


def texts_of(warehouse, day=DAY):
    return warehouse.read_day(PROXY_STORYBOARD, day)["text"].tolist()


def files_of(warehouse, table=PROXY_STORYBOARD, day=DAY):
    """Return the visible files of a day by name, with their bytes."""
    folder = Path(warehouse.location(table, day))
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}
