"""A raw request of the sample days, in the columns of the table `proxy`."""

import posixpath
from dataclasses import dataclass, field

from proxy_oa_assets.model.clock import clock_with_seconds
from proxy_oa_assets.model.day import Day

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) "
    "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0 Safari/537.36"
)


@dataclass
class Request:
    """A request at a second of the day; `changed` overrides columns of the row that follows from it."""

    second: int
    clientip: str | None
    host: str | None
    path: str = "/"
    query: str = ""
    method: str = "GET"
    useragent: str = CHROME
    content_type: str = "text/html"
    code: str = "200"
    referer: str = "-"
    category: str = "Uncategorized"
    username: str = "-"
    serverip: str = "-"
    received: int = 4_000
    sent: int = 600
    duration: int = 120
    port: str = "443"
    changed: dict[str, str | int | None] = field(default_factory=dict)

    @property
    def fulluri(self) -> str:
        """Host, path and query, as the ingest job joins them."""
        return f"{self.host}{self.path}{self.query}"

    def row(self, day: Day) -> dict[str, str | int | None]:
        """Return the row of the table `proxy`."""
        extension = posixpath.splitext(self.path)[1].removeprefix(".")
        return {
            "p_date": day.key,
            "p_time": clock_with_seconds(self.second),
            "clientip": self.clientip,
            "host": self.host,
            "reqmethod": self.method,
            "useragent": self.useragent,
            "resconttype": self.content_type,
            "duration": self.duration,
            "username": self.username,
            "authgroup": "-",
            "exceptionid": "-",
            "filterresult": "OBSERVED",
            "webcat": self.category,
            "referer": self.referer,
            "respcode": self.code,
            "action": "TCP_NC_MISS" if self.code == "200" else "TCP_HIT",
            "urischeme": "http" if self.port == "80" else "https",
            "uriport": self.port,
            "uripath": self.path,
            "uriquery": self.query or "-",
            "uriextension": extension or "-",
            "serverip": self.serverip,
            "scbytes": self.received,
            "csbytes": self.sent,
            "virusid": "-",
            "bcappname": "-",
            "bcappoper": "-",
            "fulluri": self.fulluri,
            **self.changed,
        }
