"""A raw request of the sample days, in the columns of the table `proxy`."""

import posixpath
from dataclasses import dataclass

from proxy_oa_assets.model.clock import clock_with_seconds
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
)


@dataclass
class Request:
    """A request at a second of the day; the other fields are columns of `proxy`, None for NULL."""

    second: int
    clientip: str | None
    host: str | None
    uripath: str = "/"
    uriquery: str = ""
    reqmethod: str = "GET"
    useragent: str | None = CHROME
    resconttype: str = "text/html"
    respcode: str | None = "200"
    referer: str | None = "-"
    webcat: str = "Uncategorized"
    username: str | None = "-"
    serverip: str = "-"
    scbytes: int | None = 4_000
    csbytes: int | None = 600
    duration: int | None = 120
    uriport: str = "443"

    @property
    def fulluri(self) -> str:
        """Host, path and query, as the ingest job joins them."""
        return f"{self.host}{self.uripath}{self.uriquery}"

    def row(self, day: Day) -> dict[str, str | int | None]:
        """Return the row of the table `proxy`, with `-` in the columns that no request sets."""
        values = {
            **vars(self),
            "p_date": day.key,
            "p_time": clock_with_seconds(self.second),
            "filterresult": "OBSERVED",
            "action": "TCP_NC_MISS" if self.respcode in ("200", "-", None) else "TCP_HIT",
            "urischeme": "http" if self.uriport == "80" else "https",
            "uriquery": self.uriquery or "-",
            "uriextension": posixpath.splitext(self.uripath)[1].removeprefix(".") or "-",
            "fulluri": self.fulluri if self.host else None,
        }
        return {name: values.get(name, "-") for name in PROXY.column_names}
