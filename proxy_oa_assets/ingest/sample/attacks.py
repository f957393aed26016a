"""Planted attacks, and values that break software which handles them carelessly.

Hosts and addresses are reserved for documentation (RFC 2606, 5737, 3849).
"""

import base64
from functools import partial
from random import Random
from typing import Any

from proxy_oa_assets.ingest.sample.request import CHROME, Request

BEACON_HOST = "cdn-metrics.badhost.example"
DROPPER_HOST = "203.0.113.66"
PHISHING_HOST = "login-corp.secure-check.example"
PHISHING_PAGE = f"{PHISHING_HOST}/signin/index.php?ref=mail"
UPLOAD_HOST = "dropzone.fileshare.example"


def plant(random: Random) -> list[Request]:
    """Return the day's attacks: a beacon, an upload, an executable, a phishing chain, hostile values."""
    return [*_beacon(random), *_upload(random), *_executable(random), *_phishing(random), *_hostile(random)]


def _beacon(random: Random) -> list[Request]:
    """Return an implant's reports: every ten seconds for an hour at night, then every five minutes."""
    start = 2 * 3600 + random.randrange(600)
    seconds = [*range(start, start + 3_300, 10), *range(start + 3_600, 86_000, 300)]
    return [
        Request(
            min(second + random.randrange(3), 86_399),
            "10.20.1.23",
            BEACON_HOST,
            uripath="/pixel.gif",
            uriquery="?id=7f3a9c",
            useragent="Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
            resconttype="image/gif",
            serverip="203.0.113.9",
            scbytes=43,
            csbytes=210,
            duration=random.randrange(30, 60),
            uriport="80",
        )
        for second in seconds
    ]


def _upload(random: Random) -> list[Request]:
    """Return an upload of gigabytes at three in the morning."""
    start = 3 * 3600 + random.randrange(900)
    return [
        Request(
            start + number * 45,
            "10.20.1.31",
            UPLOAD_HOST,
            uripath=f"/upload/chunk/{number:03d}",
            reqmethod="PUT",
            useragent="curl/8.5.0",
            resconttype="application/octet-stream",
            respcode="201",
            webcat="File Storage",
            serverip="203.0.113.120",
            scbytes=120,
            csbytes=104_857_600,
            duration=41_000,
        )
        for number in range(18)
    ]


def _executable(random: Random) -> list[Request]:
    """Return the download of a program from a bare address, and what it fetches next."""
    second = 11 * 3600 + random.randrange(1_800)
    fetch = partial(Request, clientip="10.20.1.17", host=DROPPER_HOST, serverip=DROPPER_HOST, uriport="80")
    return [
        fetch(
            second,
            uripath="/invoice_2291.pdf.exe",
            resconttype="application/x-msdownload",
            referer="http://news.daily.example/football/3.html",
            scbytes=1_482_240,
        ),
        fetch(
            second + 12,
            uripath="/stage2/config.bin",
            reqmethod="POST",
            useragent="WinHttp.WinHttpRequest.5",
            resconttype="application/octet-stream",
            scbytes=20_480,
            csbytes=2_048,
        ),
    ]


def _phishing(random: Random) -> list[Request]:
    """Return a link in a mail, two redirects, a copied log-in page, and the password typed there."""
    second = 9 * 3600 + random.randrange(3_600)
    steps = (
        ("t.mailing-list.example", "/c/8812", "", "GET", "302", "https://mail.corp.example/holiday/4.html"),
        ("go.shorten.example", "/x9", "", "GET", "301", "https://t.mailing-list.example/c/8812"),
        (PHISHING_HOST, "/signin/index.php", "?ref=mail", "GET", "200", "https://go.shorten.example/x9"),
        (PHISHING_HOST, "/signin/post.php", "", "POST", "302", f"https://{PHISHING_PAGE}"),
        (PHISHING_HOST, "/thanks.html", "", "GET", "200", f"https://{PHISHING_HOST}/signin/post.php"),
    )
    return [
        Request(
            *(second + number * 7, client, host, path, query, method),
            respcode=code,
            referer=referer,
            serverip="203.0.113.200",
            username=f"user{client.rpartition('.')[2]}",
        )
        for client in ("10.20.1.12", "10.20.1.35")
        for number, (host, path, query, method, code, referer) in enumerate(steps)
    ]


def _hostile(random: Random) -> list[Request]:
    """Return requests with crafted values, each of which must come out of the tables as it went in."""
    blob = base64.urlsafe_b64encode(random.randbytes(6_000)).decode("ascii")
    host = "probe.badhost.example"
    values = (
        ("/search", "?q=\"quoted\"&r='single'", CHROME),
        ("/a\\b\\", "", "agent with a backslash at its end \\"),
        ("/login", "?user=\\' OR 1=1 -- ", "'; DROP TABLE proxy_scores; --"),
        ("/<script>alert(1)</script>", "?x=<img src=x onerror=alert(1)>", "<b>bold</b>"),
        ("/smile/\N{GRINNING FACE}\N{PILE OF POO}", "?naïve=日本語", "\N{SNOWMAN} browser"),
        ("/format/%s/%d/{0}/${env:HOME}", "?p=100%25", "%s%s%s%n"),
        ("/long", f"?blob={blob}", CHROME),
        ("/=1+1", "?cmd=@SUM(A1:A9)", '=HYPERLINK("http://x.example")'),
        ("/escape/\x1b[31mred\x1b[0m", "", "bell \x07"),
    )
    requests = [
        Request(
            *(8 * 3600 + number * 61, f"10.20.1.{36 + number % 5}", host, path, query),
            useragent=agent,
            respcode=random.choice(("200", "403", "499", "999")),
            serverip="203.0.113.77",
        )
        for number, (path, query, agent) in enumerate(values)
    ]
    # What a log may leave out.
    left_out: dict[str, Any] = dict.fromkeys(
        ("useragent", "referer", "respcode", "username", "duration", "scbytes", "csbytes")
    )
    category = "Business"
    bare = Request(5 * 3600 + 5, "10.20.1.40", host, "/nulls", webcat=category, **left_out)
    nameless = Request(5 * 3600 + 65, None, None, webcat=category, respcode="-")
    return [*requests, bare, nameless]
