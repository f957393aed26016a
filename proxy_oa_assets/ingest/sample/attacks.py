"""Planted attacks, and values that break software which handles them carelessly.

Hosts and addresses are reserved for documentation (RFC 2606, 5737, 3849).
"""

import base64
from random import Random

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
            path="/pixel.gif",
            query="?id=7f3a9c",
            useragent="Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)",
            content_type="image/gif",
            serverip="203.0.113.9",
            received=43,
            sent=210,
            duration=random.randrange(30, 60),
            port="80",
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
            path=f"/upload/chunk/{number:03d}",
            method="PUT",
            useragent="curl/8.5.0",
            content_type="application/octet-stream",
            code="201",
            category="File Storage",
            serverip="203.0.113.120",
            received=120,
            sent=104_857_600,
            duration=41_000,
        )
        for number in range(18)
    ]


def _executable(random: Random) -> list[Request]:
    """Return the download of a program from a bare address, and what it fetches next."""
    second = 11 * 3600 + random.randrange(1_800)
    client = "10.20.1.17"
    return [
        Request(
            second,
            client,
            DROPPER_HOST,
            path="/invoice_2291.pdf.exe",
            content_type="application/x-msdownload",
            referer="http://news.daily.example/football/3.html",
            serverip=DROPPER_HOST,
            received=1_482_240,
            port="80",
        ),
        Request(
            second + 12,
            client,
            DROPPER_HOST,
            path="/stage2/config.bin",
            method="POST",
            useragent="WinHttp.WinHttpRequest.5",
            content_type="application/octet-stream",
            serverip=DROPPER_HOST,
            received=20_480,
            sent=2_048,
            port="80",
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
            second + number * 7,
            client,
            host,
            path=path,
            query=query,
            method=method,
            code=code,
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
            8 * 3600 + number * 61,
            f"10.20.1.{36 + number % 5}",
            "probe.badhost.example",
            path=path,
            query=query,
            useragent=agent,
            code=random.choice(("200", "403", "499", "999")),
            serverip="203.0.113.77",
        )
        for number, (path, query, agent) in enumerate(values)
    ]
    # What a log may leave out.
    bare = Request(
        5 * 3600 + 5,
        "10.20.1.40",
        "probe.badhost.example",
        path="/nulls",
        category="Business",
        changed=dict.fromkeys(
            ("useragent", "referer", "respcode", "username", "duration", "scbytes", "csbytes")
        ),
    )
    nameless = Request(
        5 * 3600 + 65, None, None, category="Business", changed={"fulluri": None, "respcode": "-"}
    )
    return [*requests, bare, nameless]
