"""The raw requests of an incident, and of the ordinary traffic around it."""

CLIENT = "10.0.0.5"


def request(time, uri, referer="-", client=CLIENT, **more):
    """Return a raw request of a client."""
    host = uri.partition("/")[0]
    return {
        "p_time": time,
        "clientip": client,
        "host": host,
        "fulluri": uri,
        "referer": referer,
        "respcode": "200",
        **more,
    }


# A search result, a redirect, a kit whose landing page names the page before, and what names none.
INCIDENT = [
    request("12:00:00", "landing.example/page", "https://www.bing.com/search?q=x"),
    request("12:00:02", "gate.example/go", "http://landing.example/page", respcode="302"),
    request("12:00:02", "kit.example/e.html?x", "http://landing.example/page"),
    request("12:00:04", "kit.example/e.swf", "http://kit.example/e.html?x"),
    request("12:00:20", "payload.example/p.exe"),
    request("12:04:00", "home.example/in.php", "http://www.google.com/"),
    request("15:00:00", "home.example/in.php", "http://www.google.com/"),
]
ORDINARY = [
    request("08:00:00", "mail.example/new"),
    request("11:59:00", "news.example/"),
    request("11:59:30", "ads.example/a.js", "http://news.example/"),
    request("12:00:10", "ads.example/b.js", "http://news.example/"),
    request("12:00:12", "mail.example/new"),
    request("12:00:15", "ocsp.digicert.com/abc", client="10.0.0.6"),
    request("14:00:00", "other.example/"),
]
CONNECTIONS = list(dict.fromkeys((CLIENT, str(each["fulluri"])) for each in INCIDENT))


def write_incident(day):
    """Write the rows, and what a ranking listed of them, as a day of analysts."""
    day.write_raw(*INCIDENT, *ORDINARY)
    scored = [row for row in INCIDENT if "payload" in row["fulluri"] or "kit" in row["fulluri"]]
    columns = ("clientip", "host", "fulluri")
    day.write_scores(*({name: row[name] for name in columns} | {"network_context": ""} for row in scored))
