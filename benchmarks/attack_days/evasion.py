"""Attacks that hide: regular requests like everybody's, few requests, many infected clients."""

from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.attack_days.names import any_name, small_site, technical, token
from benchmarks.attack_days.scene import Columns, Scenario, Scene, table_of

_PARTS = (
    ("/css/main.css", "text/css", 8_000),
    ("/js/jquery.min.js", "text/plain", 90_000),
    ("/img/logo.png", "image/png", 6_000),
    ("/img/header.jpg", "image/jpeg", 60_000),
    ("/fonts/text.woff", "application/font-woff", 30_000),
)
_JITTER = 0.3


def beacon(scene: Scene, *, seconds: int, jitter: float, method: str) -> None:
    """One client asks an unknown host at an interval, with the agent of most clients."""
    report(scene, scene.client(), any_name(scene.random), scene.every(seconds, jitter), method)


def report(
    scene: Scene, client: str, host: str, times: list[int], method: str = "GET", **columns: str | int
) -> None:
    """Add the requests of an implant: always the same path, answers of nearly one size."""
    random = scene.random
    path = random.choice(("/api/v1/status", "/index.php", "/news", "/jquery-3.3.1.min.js", "/s/ref", "/push"))
    query = f"?id={token(random, 8)}" if method == "GET" else ""
    answer, sent = random.randrange(60, 600), random.randrange(120, 500) if method == "POST" else 0
    for time in times:
        size: Columns = {
            "scbytes": answer + random.randrange(4),
            "csbytes": sent + random.randrange(8) * (sent > 0),
        }
        scene.ask(time, client, host, path, **{"query": query, "reqmethod": method, **size, **columns})


def beacon_among_pages(scene: Scene) -> None:
    """An implant reports to a host whose 200 pages and page parts the client also reads."""
    client, host, random = scene.client(), small_site(scene.random), scene.random
    asked = 0
    while asked < 200:
        start, page = (
            scene.moment(),
            f"/{random.choice(('news', 'shop', 'blog'))}/{random.randrange(90)}.html",
        )
        referer = f"http://{host}/" if asked else "-"
        scene.ask(start, client, host, page, referer=referer, scbytes=random.randrange(4_000, 50_000))
        parts = random.sample(_PARTS, random.randrange(2, 5))
        for part, kind, size in parts:
            time = start + random.randrange(1, 6)
            scene.ask(
                time, client, host, part, referer=f"http://{host}{page}", resconttype=kind, scbytes=size
            )
        asked += 1 + len(parts)
    report(scene, client, host, scene.every(300, _JITTER))


def forged_referer(scene: Scene, *, own: bool) -> None:
    """A beacon names a page as its referer: of a popular site, or of its own host."""
    host = technical(scene.random)
    referer = f"http://{host}/" if own else "http://www.google.com/"
    report(scene, scene.client(), host, scene.every(300, _JITTER), referer=referer)


def one_post(scene: Scene) -> None:
    """A single POST to an unknown host."""
    report(scene, scene.client(), any_name(scene.random), [scene.moment()], "POST")


def one_a_day(scene: Scene, *, background: bool) -> None:
    """One request a day for ten days; the nine days before have browsing, too, or nothing else."""
    random, client, host = scene.random, scene.client(), any_name(scene.random)
    usual = scene.moment()
    for days_ago in range(10):
        second = min(max(usual + random.randrange(-1_800, 1_800), 0), 86_399)
        row = scene.row(second, client, host, "/check", query=f"?v={token(random, 4)}", scbytes=311)
        if days_ago == 0:
            scene.made.append(row)
        else:
            others = [part_of_hosts(scene, 0.8)] if background else []
            scene.before[days_ago] = pa.concat_tables([*others, table_of([row])])
    scene.bad.add((client, host))


def part_of_hosts(scene: Scene, share: float) -> pa.Table:
    """Return the rows of that share of the clean day's hosts, as another day would have them."""
    hosts = sorted(filter(None, set(scene.clean.rows["host"].to_pylist())))
    chosen = pa.array(scene.random.sample(hosts, int(share * len(hosts))))
    return scene.clean.rows.filter(pc.is_in(scene.clean.rows["host"], chosen))


def week_long(scene: Scene, *, background: bool) -> None:
    """A beacon of twenty minutes that began six days ago."""
    random, client, host = scene.random, scene.client(), any_name(scene.random)
    for days_ago in range(6, -1, -1):
        scene.made.clear()
        report(scene, client, host, scene.every(1_200, 0.1))
        if days_ago:
            others = [part_of_hosts(scene, 0.8)] if background else []
            scene.before[days_ago] = pa.concat_tables([*others, table_of(scene.made)])
    random.shuffle(scene.made)


def many_infected(scene: Scene) -> None:
    """Ten of 400 clients report to one host."""
    host = any_name(scene.random)
    for client in scene.random.sample(multiplied(scene, 400), 10):
        report(scene, client, host, scene.every(600, _JITTER))


def multiplied(scene: Scene, clients: int) -> list[str]:
    """Let so many clients do what the clean day's clients do; return the added clients."""
    added: list[str] = []
    originals = [
        scene.clean.rows.filter(pc.equal(scene.clean.rows["clientip"], each)) for each in scene.clean.clients
    ]
    tables = [scene.clean.rows]
    for number in range(clients - len(scene.clean.examples)):
        rows = originals[number % len(originals)]
        client = f"10.{60 + number // 250}.{number % 250}.{scene.random.randrange(10, 250)}"
        added.append(client)
        tables.append(
            rows.set_column(
                rows.schema.get_field_index("clientip"), "clientip", pa.array([client] * len(rows))
            )
        )
    scene.background = pa.concat_tables(tables)
    return added


EVASIONS = (
    *(
        Scenario(
            f"beacon {seconds} s, {method}, {'+-30 %' if jitter else 'exact'}",
            base,
            partial(beacon, seconds=seconds, jitter=jitter, method=method),
            first_by=3,
        )
        for base, intervals in (
            ("2018-01-31", (60, 300, 900, 3_600)),
            ("2018-01-30", (60, 300, 900)),
            ("2015-08-20", (60,)),
        )
        for seconds in intervals
        for jitter in (0.0, _JITTER)
        for method in ("GET", "POST")
    ),
    *(Scenario("beacon among pages", base, beacon_among_pages, 10) for base in ("2018-01-31", "2018-01-30")),
    *(
        Scenario(f"forged referer, {name}", base, partial(forged_referer, own=own), 20)
        for base in ("2018-01-31", "2018-01-30")
        for name, own in (("own", True), ("popular", False))
    ),
    *(
        Scenario("one POST", base, one_post, 10, seed=seed)
        for base in ("2018-01-31", "2018-01-30", "2015-08-20")
        for seed in (0, 1)
    ),
    *(
        Scenario(f"one a day, {name}", "2018-01-31", partial(one_a_day, background=background), 20)
        for name, background in (("known hosts", True), ("no other history", False))
    ),
    *(
        Scenario(f"week-long beacon, {name}", "2018-01-31", partial(week_long, background=background), 3)
        for name, background in (("known hosts", True), ("no other history", False))
    ),
    Scenario("10 of 400 clients", "2018-01-30", many_infected, 10),
)
