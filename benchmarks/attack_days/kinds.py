"""Kinds of attack: callbacks, fan-outs, chains, uploads, and what runs on an infected client."""

from functools import partial

from benchmarks.attack_days import names
from benchmarks.attack_days.evasion import report
from benchmarks.attack_days.scene import Columns, Scenario, Scene
from benchmarks.attack_days.tunnels import connect_only

_OLD_AGENT = "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 5.1; SV1)"
_ECHO = (("api.ipify.org", "/"), ("icanhazip.com", "/"), ("checkip.dyndns.org", "/"), ("ip-api.com", "/json"))
_BRANDS = ("microsoft", "paypal", "linkedin", "wellsfargo", "dropbox", "office365")
_REFUSALS = ("-", "404", "502", "503", "504")


def slow_c2_on_addresses(scene: Scene) -> None:
    """POST to several bare addresses on odd ports, a few times an hour."""
    random, client = scene.random, scene.client()
    for _ in range(random.randrange(3, 6)):
        host, port = names.address(random), random.choice(("8080", "447", "449", "7080", "8443"))
        for time in scene.every(random.randrange(1_300, 2_900), 0.4, most=15):
            path = f"/{names.token(random, 6)}/{names.token(random, 32)}/5/spk/"
            sizes: Columns = {"csbytes": random.randrange(200, 900), "scbytes": random.randrange(0, 300)}
            scene.ask(
                time, client, host, path, uriport=port, reqmethod="POST", resconttype="text/plain", **sizes
            )


def fan_out_without_host(scene: Scene) -> None:
    """POST to hundreds of addresses in minutes, most of which don't answer; the log's host is the address."""
    random, client = scene.random, scene.client()
    time = float(scene.moment(1_800))
    for _ in range(random.randrange(120, 350)):
        code = random.choices(("-", "504", "403", "200"), (60, 20, 10, 10))[0]
        sizes: Columns = {
            "csbytes": random.randrange(150, 420),
            "scbytes": random.randrange(40, 200) * (code == "200"),
        }
        scene.ask(
            int(time), client, names.address(random), "/", reqmethod="POST", useragent=_OLD_AGENT,
            respcode=code, resconttype="-", **sizes,
        )  # fmt: skip
        time += random.expovariate(0.3)


def generated_names(scene: Scene) -> None:
    """Ask dozens of generated names in minutes, most of which fail, and report to the one that answers."""
    random, client = scene.random, scene.client()
    time, ending = float(scene.moment(1_200)), random.choice(("com", "net", "ru", "info", "biz"))
    for _ in range(random.randrange(40, 120)):
        host = names.generated(random, ending)
        columns: Columns = {"respcode": random.choice(_REFUSALS), "resconttype": "-", "scbytes": 0}
        scene.ask(int(time), client, host, random.choice(("/", "/", "/search")), **columns)
        time += random.uniform(0.5, 8)
    report(
        scene, client, names.generated(random, ending), [int(time) + 60 * each for each in range(8)], "POST"
    )


def image_beacon(scene: Scene) -> None:
    """Ask for images again and again; the path holds what is reported."""
    random, client, host = scene.random, scene.client(), names.any_name(scene.random)
    folder = random.choice(("/images/", "/img/", "/"))
    for time in scene.every(random.choice((120, 300, 600)), 0.2):
        path = f"{folder}{names.base64_like(random, random.randrange(12, 60))}.gif"
        scene.ask(time, client, host, path, resconttype="image/gif", scbytes=random.randrange(43, 200))


def pixel_beacon(scene: Scene) -> None:
    """Ask for one tiny image with a changing query."""
    random, client, host = scene.random, scene.client(), names.technical(scene.random)
    for time in scene.every(random.choice((60, 180, 600)), 0.3):
        query = f"?u={names.token(random, 16)}"
        scene.ask(time, client, host, "/x.gif", query=query, resconttype="image/gif", scbytes=43)


def polled_script(scene: Scene) -> None:
    """POST to one script, every few minutes."""
    random, client, host = scene.random, scene.client(), names.any_name(scene.random)
    path = random.choice(("/gate.php", "/panel/gate.php", "/wp-includes/js/tasks.php", "/bot/login.aspx"))
    agent = random.choice((_OLD_AGENT, scene.clean.agent))
    for time in scene.every(random.choice((300, 600, 900)), 0.25):
        sizes: Columns = {"csbytes": random.randrange(100, 300), "scbytes": random.randrange(0, 60)}
        scene.ask(time, client, host, path, reqmethod="POST", useragent=agent, **sizes)


def c2_alone(scene: Scene) -> None:
    """The callbacks of three infections, without what led to them."""
    random = scene.random
    for _ in range(3):
        client, host = scene.client(), names.any_name(random)
        start = scene.moment(2_400)
        path = random.choice(
            ("/img2.php", "/wp-content/uploads/ab.php", "/forum/viewtopic.php", "/index.php")
        )
        for number in range(random.randrange(2, 6)):
            query = f"?{names.base64_like(random, 1)}={names.base64_like(random, 12).lower()}"
            sizes: Columns = {"csbytes": random.randrange(90, 400), "scbytes": random.randrange(2, 140)}
            time = start + number * random.randrange(5, 300)
            scene.ask(time, client, host, path, query=query, reqmethod="POST", **sizes)


def drive_by(scene: Scene) -> None:
    """A taken-over site leads to a landing page, an exploit, a program, and the first calls home."""
    random, client, start = scene.random, scene.client(), scene.moment(900)
    site, gate, kit, home = (
        make(random) for make in (names.small_site, names.spoken, names.spoken, names.any_name)
    )
    landing = f"/{names.base64_like(random, 30)}"
    scene.see(start, client, site, "/", scbytes=31_000, referer="http://www.google.com/")
    scene.ask(
        start + 2,
        client,
        gate,
        "/js/stat.js",
        referer=f"http://{site}/",
        resconttype="text/html",
        respcode="302",
    )
    scene.ask(
        start + 3,
        client,
        kit,
        landing,
        query=f"?q={names.token(random, 40)}",
        referer=f"http://{site}/",
        scbytes=92_000,
    )
    exploit = random.choice(
        ("application/x-shockwave-flash", "application/java-archive", "application/x-silverlight-app")
    )
    scene.ask(
        start + 6,
        client,
        kit,
        f"/{names.token(random, 20)}",
        referer=f"http://{kit}{landing}",
        resconttype=exploit,
        scbytes=27_000,
    )
    program = random.choice(("application/x-dosexec", "application/octet-stream"))
    scene.ask(start + 11, client, kit, f"/{names.token(random, 24)}", resconttype=program, scbytes=214_000)
    for number in range(4):
        sizes: Columns = {"csbytes": random.randrange(120, 500), "scbytes": random.randrange(0, 90)}
        scene.ask(start + 40 + number * 30, client, home, "/b/opt.php", reqmethod="POST", **sizes)


def echo_then_c2(scene: Scene) -> None:
    """Ask a service for the own address with an agent of its own, then report to an unknown host."""
    random, client, start = scene.random, scene.client(), scene.moment(3_600)
    host, agent = (
        names.any_name(random),
        random.choice(("Wget/1.9", "Microsoft Internet Explorer", "-", "Agent")),
    )
    echo, path = random.choice(_ECHO)
    scene.see(start, client, echo, path, useragent=agent, resconttype="text/plain", scbytes=14)
    report(scene, client, host, [start + 9 + 300 * each for each in range(9)], "POST", useragent=agent)


def lookalike_sign_in(scene: Scene) -> None:
    """A page from a mail looks like a brand's sign-in and takes the password."""
    random, client, start = scene.random, scene.client(), scene.moment(300)
    host, page = names.lookalike(random, random.choice(_BRANDS)), "/signin/index.php"
    own = f"http://{host}{page}"
    scene.ask(start, client, host, page, query=f"?e={names.token(random, 20)}", scbytes=24_000)
    for part, kind in (("/signin/style.css", "text/css"), ("/signin/logo.png", "image/png")):
        scene.ask(start + 1, client, host, part, referer=own, resconttype=kind, scbytes=9_000)
    scene.ask(
        start + 31,
        client,
        host,
        "/signin/post.php",
        referer=own,
        reqmethod="POST",
        csbytes=84,
        respcode="302",
    )


def upload(scene: Scene) -> None:
    """Send a gigabyte in pieces to a host that none else uses."""
    random, client, host, start = (
        scene.random,
        scene.client(),
        names.any_name(scene.random),
        scene.moment(1_500),
    )
    agent = random.choice(("curl/7.58.0", "rclone/v1.41", scene.clean.agent))
    for number in range(random.randrange(8, 40)):
        sizes: Columns = {
            "csbytes": random.randrange(20_000_000, 60_000_000),
            "scbytes": random.randrange(20, 300),
        }
        path = f"/upload/{number:03d}" if agent.startswith("curl") else "/api/put"
        method = random.choice(("PUT", "POST"))
        scene.ask(start + number * 30, client, host, path, reqmethod=method, useragent=agent, **sizes)


def small_upload(scene: Scene) -> None:
    """Send a few megabytes, once, to a bare address."""
    random, client = scene.random, scene.client()
    columns: Columns = {"csbytes": random.randrange(2_000_000, 9_000_000), "scbytes": 12, "reqmethod": "POST"}
    scene.ask(scene.moment(), client, names.address(random), "/u.php", **columns)


def miner(scene: Scene) -> None:
    """Talk to a mining pool on its own port, all day."""
    random, client = scene.random, scene.client()
    host = random.choice((names.address(random), f"pool.{names.spoken(random)}"))
    port, agent = random.choice(("3333", "5555", "7777", "14444")), random.choice(("XMRig/2.14.1", "-"))
    columns: Columns = {"uriport": port, "useragent": agent, "reqmethod": "POST", "resconttype": "text/json"}
    for time in scene.every(90, 0.3):
        scene.ask(
            time,
            client,
            host,
            "/",
            csbytes=random.randrange(180, 260),
            scbytes=random.randrange(80, 420),
            **columns,
        )


def long_polling(scene: Scene) -> None:
    """Requests that the server holds open for a minute, one after another."""
    random, client, host = scene.random, scene.client(), names.technical(scene.random)
    time, (_, last) = scene.moment(4 * 3_600), scene.clean.span
    end = min(last, time + 4 * 3_600)
    while time < end:
        held = random.choice((60, 60, 60, random.randrange(5, 60)))
        query = f"?sid={names.token(random, 12)}"
        scene.ask(
            time, client, host, "/poll", query=query, resconttype="text/json", scbytes=random.randrange(2, 40)
        )
        time += held + 1


def updater(scene: Scene) -> None:
    """A program with an updater's agent asks its own host every hour, or more often."""
    random, client, host = scene.random, scene.client(), names.technical(scene.random)
    agent = random.choice(
        ("GoogleUpdate/1.3.33.5", "AppUpdater 2.1", "WinHttp-Autoproxy-Service/5.1", "NSIS_Inetc (Mozilla)")
    )
    times = scene.every(random.choice((900, 1_800, 3_600)), 0.1)
    report(scene, client, host, times, useragent=agent, resconttype="application/xml")


def program_from_address(scene: Scene) -> None:
    """A program under the name of an image, from a bare address, and the call home after it."""
    random, client, start = scene.random, scene.client(), scene.moment(600)
    host = names.address(random)
    scene.ask(start, client, host, "/images/table.png", resconttype="application/x-dosexec", scbytes=480_000)
    scene.ask(start + 25, client, names.address(random), "/", reqmethod="POST", csbytes=330, scbytes=132)


def _beacon_in_tunnels(scene: Scene) -> None:
    report(scene, scene.client(), names.any_name(scene.random), scene.every(600, 0.3), "POST")


_REAL = ("2018-01-31", "2018-01-30", "2015-08-20")
_LONG = _REAL[:2]  # Half an hour shows no beacon of many minutes.
_BEACONS = (image_beacon, pixel_beacon, polled_script, miner, long_polling, updater)
_OTHERS = (
    slow_c2_on_addresses,
    fan_out_without_host,
    generated_names,
    c2_alone,
    drive_by,
    echo_then_c2,
    lookalike_sign_in,
    upload,
    small_upload,
    program_from_address,
)

KINDS = (
    *(
        Scenario(make.__name__.replace("_", " "), base, make, 3, seed=seed)
        for make in _BEACONS
        for base in _LONG
        for seed in (0, 1)
    ),
    *(
        Scenario(make.__name__.replace("_", " "), base, make, seed=seed)
        for make in _OTHERS
        for base in _REAL
        for seed in (0, 1)
    ),
    *(
        Scenario(f"CONNECT only, {name}", base, partial(connect_only, attack=attack), first_by)
        for name, attack, first_by in (
            ("beacon", _beacon_in_tunnels, 3),
            ("upload", upload, None),
            ("fan-out", fan_out_without_host, None),
            ("generated names", generated_names, None),
        )
        for base in _LONG
    ),
)
