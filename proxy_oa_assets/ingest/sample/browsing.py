"""Ordinary browsing of an office, people and machines, over 24 hours."""

from functools import partial
from random import Random

from proxy_oa_assets.ingest.sample.request import CHROME, Request

SAFARI = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_6) "
    "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15"
)
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"

# Share of the day's page views in each hour: an office with a few night owls.
_HOURS = (2, 1, 1, 1, 1, 2, 8, 25, 60, 75, 80, 70, 50, 65, 80, 78, 70, 55, 25, 12, 8, 6, 4, 3)

# Host, category, and weight among the visits.
SITES = (
    ("intranet.corp.example", "Intranet", 30),
    ("mail.corp.example", "Web Mail", 28),
    ("www.search.example", "Search Engines", 26),
    ("news.daily.example", "News", 18),
    ("docs.office-suite.example", "Business", 16),
    ("wiki.encyclopedia.example", "Reference", 10),
    ("video.stream.example", "Streaming Media", 9),
    ("shop.market.example", "Shopping", 8),
    ("www.weather.example", "News", 7),
    ("social.friends.example", "Social Networking", 7),
    ("code.forge.example", "Technology", 6),
    ("maps.travel.example", "Travel", 5),
    ("www.bank.example", "Financial Services", 4),
    ("forum.gardeners.example", "Hobbies", 2),
    ("www.railway.example", "Travel", 2),
)
_PARTS = (
    ("/static/app.js", "application/javascript", 48_000),
    ("/static/site.css", "text/css", 12_000),
    ("/img/logo.png", "image/png", 9_000),
    ("/img/photo.jpg", "image/jpeg", 85_000),
    ("/api/v1/status", "application/json", 900),
    ("/fonts/text.woff2", "font/woff2", 30_000),
)
_TOPICS = "budget holiday train report garden python coffee meeting recipe football"

OFFICE = tuple(f"10.20.1.{number}" for number in range(11, 41))
SERVERS = ("10.30.0.5", "10.30.0.6", "2001:db8:30::7")


def browse(random: Random, views: int) -> list[Request]:
    """Return the requests of that many page views, and the machines' own."""
    agents = {client: random.choice((CHROME, CHROME, CHROME, SAFARI, FIREFOX)) for client in OFFICE}
    requests: list[Request] = []
    for _ in range(views):
        client = random.choice(OFFICE)
        hour = random.choices(range(24), weights=_HOURS)[0]
        requests += _page_view(random, hour * 3600 + random.randrange(3600), client, agents[client])
    for client in SERVERS:
        requests += _updates(random, client)
    return requests


def _page_view(random: Random, second: int, client: str, agent: str) -> list[Request]:
    host, category, _ = random.choices(SITES, weights=[site[2] for site in SITES])[0]
    words = _TOPICS.split()
    path, query = f"/{random.choice(words)}/{random.randrange(40)}.html", ""
    if category == "Search Engines":
        path, query = "/search", f"?q={random.choice(words)}+{random.choice(words)}"
    request = partial(
        Request,
        clientip=client,
        host=host,
        useragent=agent,
        webcat=category,
        username=f"user{client.rpartition('.')[2]}",
        serverip=f"198.51.100.{1 + sum(host.encode()) % 250}",
    )
    page = request(
        second,
        uripath=path,
        uriquery=query,
        respcode=random.choices(("200", "304", "302", "404"), weights=(88, 6, 4, 2))[0],
        scbytes=random.randrange(3_000, 60_000),
        csbytes=random.randrange(400, 1_200),
        duration=random.randrange(20, 900),
    )
    parts = [
        request(
            min(second + random.randrange(1, 5), 86_399),
            uripath=part,
            resconttype=content_type,
            respcode=random.choice(("200", "200", "304")),
            referer=f"https://{page.fulluri}",
            scbytes=size + random.randrange(500),
            csbytes=random.randrange(400, 900),
            duration=random.randrange(5, 200),
        )
        for part, content_type, size in random.sample(_PARTS, random.randrange(4))
    ]
    return [page, *parts]


def _updates(random: Random, client: str) -> list[Request]:
    """Return a server's requests for updates, every half hour of the day."""
    start = random.randrange(600)
    return [
        Request(
            second,
            client,
            "updates.vendor.example",
            uripath="/catalog/v3/index.json",
            useragent="apt-http/2.6",
            resconttype="application/json",
            respcode="304",
            webcat="Technology",
            scbytes=350,
            csbytes=280,
            duration=random.randrange(10, 60),
            serverip="198.51.100.77",
        )
        for second in range(start, 86_400, 1_800)
    ]
