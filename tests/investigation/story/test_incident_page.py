import pytest
from support.incident_rows import CLIENT, CONNECTIONS, request, write_incident
from support.story_page import written

from proxy_oa_assets.investigation.defanging import defanged
from proxy_oa_assets.investigation.incidents import save_incident
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.storyboard import save_storyboard


def texts(page, tag):
    return [" ".join(text.split()) for text in page.texts[tag]]


def test_an_incident_is_one_threat_with_all_of_its_hosts_and_requests(today):
    """Named one by one, with the times of each, and what a referer links and the client did around."""
    write_incident(today)
    deployment = today.deployment
    save_incident(
        today.day, "A kit", "By way of landing.example.", CONNECTIONS[1:], top=5, deployment=deployment
    )
    score(today.day, 1, "kit.example/e.swf", deployment=deployment)

    page = written(today.home, today.day)

    assert [text for text in texts(page, "h2") if "A kit" in text] == ["high risk A kit"]
    said = texts(page, "p")
    assert "One incident: 4 hosts, 5 URIs, 6 requests, 1 client." in said
    codes = texts(page, "code")
    hosts = ["gate[.]example", "kit[.]example", "payload[.]example", "home[.]example"]
    assert [code for code in codes if code in hosts] == hosts
    assert {defanged(uri) for _, uri in CONNECTIONS} | {"hxxp://landing[.]example/page"} <= set(codes)
    cells = texts(page, "td")
    row = cells.index(CLIENT)
    assert cells[row : row + 4] == [CLIENT, "12:00:02", "15:00:00", "6"]
    linked = next(text for text in cells if text.startswith("is the referer"))
    assert linked.endswith("landing[.]example/page")
    around = "4 other requests within two minutes of the threat's own. No referer links them directly;"
    assert f"{around} a page that led to the threat can have led to them, too." in said
    assert not any(text.startswith("No referer in the log") for text in said)


def test_a_story_of_a_uri_counts_requests_and_says_that_the_log_has_no_referer(embedded_day):
    """Three requests in one second are three; the page shows what the client did just before and after."""
    day = embedded_day
    write_incident(day)
    again = [request("12:00:20", "payload.example/p.exe") for _ in range(2)]
    day.write_raw(*again, request("12:00:20", "payload.example/p.exe"), request("12:01:00", "mail.example/"))
    save_storyboard(day.day, "payload.example/p.exe", "A program", "", deployment=day.deployment)

    page = written(day.home, day.day)

    cells = texts(page, "td")
    row = cells.index(CLIENT)
    assert cells[row : row + 4] == [CLIENT, "12:00:20", "12:00:20", "3"]
    assert "No referer in the log: none of its requests names the page that led there." in texts(page, "p")
    assert "What the client did just before and after" in texts(page, "h3")
    assert any(cell.endswith("mail[.]example/") for cell in cells)


@pytest.mark.parametrize("times", [("09:00:00", "10:00:00"), ("10:00:00", "09:00:00")])
def test_threats_of_one_severity_come_by_first_seen(embedded_day, times):
    """Incidents and stories together."""
    day = embedded_day
    day.write_raw(request(times[0], "b.example/x"), request(times[1], "a.example/x"))
    save_storyboard(day.day, "b.example/x", "a story", "", deployment=day.deployment)
    save_incident(day.day, "an incident", "", [(CLIENT, "a.example/x")], deployment=day.deployment)

    titles = [text.removeprefix("no severity ") for text in texts(written(day.home, day.day), "h2")]

    order = ["a story", "an incident"]
    assert titles[-2:] == (order if times[0] < times[1] else order[::-1])


def test_an_incident_whose_requests_the_log_no_longer_has_names_its_hosts(embedded_day):
    """Raw days are kept for some months; the incident's file is the record."""
    day = embedded_day
    write_incident(day)
    save_incident(day.day, "A kit", "", CONNECTIONS, deployment=day.deployment)
    day.write_raw(*[request(f"{hour}:00:00", "other.example/") for hour in (8, 11, 12, 14, 15)])

    page = written(day.home, day.day)

    assert "One incident: 5 hosts, 6 URIs, 0 requests, 1 client." in texts(page, "p")
    assert "payload[.]example" in texts(page, "code")
