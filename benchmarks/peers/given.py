"""What each peer is given, as a command's arguments, and where it writes its three tables."""

import sys
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True)
class Given:
    """A day's inputs and the folder of its outputs.

    `raw` is the day's folder of the table `proxy`, with Parquet files in a folder per hour (`h=07`).
    `results` has the ranked rows: 21 columns in the order of proxy_conf.json, separated by tabs, unquoted,
    without header, NULL as the word null. `reputation` (`fulluri,uri_rep`), `networks` (`ip,description`,
    CIDR blocks) and `codes` (`code,name,source`) have a header. `out` receives `<table>.parquet`.
    """

    raw: Path
    results: Path
    reputation: Path
    networks: Path
    codes: Path
    out: Path

    @classmethod
    def of_command(cls) -> Self:
        """Return what the command's arguments name."""
        return cls(*map(Path, sys.argv[1:]))

    @property
    def arguments(self) -> list[str]:
        """The command's arguments."""
        return list(map(str, astuple(self)))


RESULTS_COLUMNS = (
    *(
        "p_date",
        "p_time",
        "clientip",
        "host",
        "reqmethod",
        "useragent",
        "resconttype",
        "duration",
        "username",
    ),
    *("webcat", "referer", "respcode", "uriport", "uripath", "uriquery", "serverip", "scbytes", "csbytes"),
    *("fulluri", "word", "score"),
)
EDGE_COLUMNS = (
    *("tdate", "time", "clientip", "host", "webcat", "respcode", "reqmethod", "useragent", "resconttype"),
    *("referer", "uriport", "serverip", "scbytes", "csbytes", "fulluri", "hh", "respcode_name"),
)
ROWS_PER_CONNECTION_HOUR = 250
