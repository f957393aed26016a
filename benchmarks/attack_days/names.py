"""Made names and addresses of hosts, which look like those of the kind of attack."""

from random import Random

_TOPICS = [
    "garden",
    "harbor",
    "summit",
    "cedar",
    "orchid",
    "falcon",
    "lantern",
    "meadow",
    "copper",
    "willow",
    "quartz",
    "ember",
    "canyon",
    "saffron",
    "juniper",
    "marble",
    "tundra",
    "coral",
    "hazel",
    "prairie",
]
_TRADES = [
    "consulting",
    "dental",
    "fitness",
    "travel",
    "design",
    "recipes",
    "motors",
    "realty",
    "studio",
    "books",
    "pets",
    "coaching",
    "catering",
    "logistics",
    "optics",
    "flooring",
    "roofing",
    "bakery",
]
_TECHNICAL = [
    "sync",
    "metrics",
    "telemetry",
    "assets",
    "static",
    "update",
    "cdn",
    "stats",
    "edge",
    "push",
    "node",
    "cache",
    "beacon",
    "data",
    "cloud",
    "api",
    "js",
    "img",
]
_ENDINGS = ("com", "com", "com", "net", "org", "info", "biz", "co", "ru", "de", "xyz", "top")
_SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "xi",
    "yo",
    "zu",
    "bra",
    "cle",
    "dri",
    "flo",
    "gre",
    "pla",
    "sko",
    "tra",
]


def technical(random: Random) -> str:
    """Return a name as of a service: `cdn.metrics-edge.net`."""
    one, two, three = random.sample(_TECHNICAL, 3)
    name = random.choice((f"{one}-{two}", f"{one}{two}", f"{random.choice(_TOPICS)}{one}"))
    prefix = random.choice(("", "", f"{three}.", "www."))
    return f"{prefix}{name}{random.choice(('', '', str(random.randrange(2, 99))))}.{random.choice(_ENDINGS)}"


def small_site(random: Random) -> str:
    """Return a name as of a small firm's site, such as attackers take over: `www.cedarbakery.com`."""
    name = f"{random.choice(_TOPICS)}{random.choice(('', '-'))}{random.choice(_TRADES)}"
    return (
        f"{random.choice(('www.', 'www.', ''))}{name}.{random.choice(('com', 'com', 'net', 'co.uk', 'de'))}"
    )


def spoken(random: Random) -> str:
    """Return a name of syllables that means nothing: `trasokigu.info`."""
    return f"{''.join(random.choices(_SYLLABLES, k=random.randrange(3, 6)))}.{random.choice(_ENDINGS)}"


def any_name(random: Random) -> str:
    """Return a name of one of the above kinds."""
    return random.choice((technical, small_site, spoken))(random)


def generated(random: Random, ending: str) -> str:
    """Return a generated name, as a domain generation algorithm makes them."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return "".join(random.choices(letters, k=random.randrange(11, 19))) + f".{ending}"


def address(random: Random) -> str:
    """Return a public IPv4 address."""
    first = random.choice(
        (5, 31, 37, 45, 62, 77, 80, 91, 94, 109, 134, 146, 162, 178, 185, 188, 193, 195, 212)
    )
    return f"{first}.{random.randrange(1, 255)}.{random.randrange(1, 255)}.{random.randrange(2, 254)}"


def lookalike(random: Random, brand: str) -> str:
    """Return a name that a person takes for the brand's, by a changed letter or an added word."""
    swaps = (("m", "rn"), ("l", "1"), ("o", "0"), ("i", "l"), ("w", "vv"))
    possible = [(ours, theirs) for ours, theirs in swaps if ours in brand]
    ours, theirs = random.choice(possible)
    changed = brand.replace(ours, theirs, 1)
    return random.choice(
        (f"{changed}.com", f"www.{changed}.com", f"{changed}-account.com", f"login.{changed}.net")
    )


def token(random: Random, length: int) -> str:
    """Return hexadecimal digits."""
    return "".join(random.choices("0123456789abcdef", k=length))


def base64_like(random: Random, length: int) -> str:
    """Return letters and digits, as encoded data has them."""
    return "".join(random.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", k=length))
