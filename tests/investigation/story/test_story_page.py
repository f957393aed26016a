import pytest
from support.command import proxy_oa
from support.home import SAMPLE_DAY as DAY
from support.home import Home
from support.story_day import Threat, write_stories
from support.story_page import written

from proxy_oa_assets.investigation.story.page import write_story


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def rows(page):
    """Return the texts of a page's table cells."""
    return [" ".join(text.split()) for text in page.texts.get("td", [])]


def paragraphs(page):
    return [" ".join(text.split()) for text in page.texts["p"]]


def test_a_threat_s_story_has_everything_that_was_recorded(new_home):
    """Severity, title, comment, clients and times, verdicts, referers, further URIs; on a cluster, too."""
    threat = Threat(
        "evil.example/a",
        "Programs from a bare address",
        "First line.\n  Second, indented.",
        severity=2,
        met=[("10.0.0.1", "09:00:00"), ("10.0.0.1", "09:30:00"), ("10.0.0.2", "7:05:03")],
        led_to=["next.example/"],
        uri_rep="vt:MALWARE:3:trojan|x;c2::list:NONE:0::fb:UNVERIFIED:-1",
        context="Finance desks",
    )
    home = new_home()
    write_stories(home, DAY, threat)

    page = written(home)

    assert "medium risk Programs from a bare address" in [" ".join(text.split()) for text in page.texts["h2"]]
    comment = next(text for tag, text in zip(*divs(page), strict=True) if tag == "comment")
    assert comment == threat.text
    cells = rows(page)
    assert cells[:5] == ["medium risk", "Programs from a bare address", "evil[.]example/a", "2", "07:05:03"]
    assert cells[5:17] == [
        *("10.0.0.2 Finance desks", "07:05:03", "07:05:03", "-", "1.5 s", "200 OK"),
        *("10.0.0.1 Finance desks", "09:00:00", "09:30:00", "-", "3.0 s", "200 OK"),
    ]
    assert cells[17:21] == ["10.0.0.1", "hxxp://a[.]example/", "GET", "text/html"]
    assert cells[-9:] == [
        *("vt", "high risk", "MALWARE: trojan, c2"),
        *("list", "no risk", "NONE"),
        *("fb", "no answer", "UNVERIFIED"),
    ]
    assert page.texts["li"] == ["next[.]example/"]
    assert len(page.texts["svg"]) > 3


def divs(page):
    """Return the classes of a page's divisions, and their texts."""
    kinds = [attributes.get("class") for tag, attributes in page.elements if tag == "div"]
    return kinds, page.texts["div"]


def test_a_look_alike_host_has_a_note(home):
    """Below its address, defanged as all of the page."""
    write_stories(home, DAY, Threat("\u0440\u0430ypal.com/a"))
    note = "xn--ypal-43d9g[.]com; looks like paypal[.]com; mixes Cyrillic and Latin letters"
    assert any(note in text for text in paragraphs(written(home)))


def test_a_threat_s_reasons_are_those_of_its_ranking(home):
    """The strongest first, as words; another ranking's word is none that a reader understands."""
    word = "later_sign=0.5;near=1.2;led_from=news.example;feedback=-2"
    write_stories(
        home, DAY, Threat("a.test/", word=word), Threat("b.test/", word="0_12_GET_3.9_text_7_6_200")
    )

    page = written(home)

    assert [" ".join(text.split()) for text in page.texts["li"]] == [
        "later_sign=0.5",
        "the client's other suspicious requests within minutes",
        "led here from news[.]example",
        "but: analysts gave similar traffic a low severity",
    ]
    assert page.texts["h3"].count("Why it was listed") == 1


def test_the_lines_of_a_comment_stay_lines(home):
    """With the line ends of any system; a line separator, which is invisible, is shown."""
    write_stories(home, DAY, Threat("evil.example/a", text="one\ntwo\r\nthree\rfour\n\nsix\u2028six"))

    path = write_story(DAY, deployment=home.deployment).path

    assert r"one<br>two<br>three<br>four<br><br>six\u2028six" in path.read_text(encoding="utf-8")


def test_the_gravest_threats_come_first(home):
    """High, medium, low, and then those without a severity; a NULL URI is a threat, too."""
    severities = {"a": 3, "b": 2, "c": 0, "d": 1, "e": 1, None: 2}
    write_stories(
        home, DAY, *(Threat(uri, title=f"about {uri}", severity=given) for uri, given in severities.items())
    )

    titles = [text.partition("about ")[2].strip() for text in written(home).texts["h2"] if "about" in text]

    assert titles == ["d", "e", "b", "None", "a", "c"]


def test_the_figures_count_the_day(home):
    """Requests, scored connections, judged URIs by severity, threats, and clients over all of them."""
    met = [("10.0.0.1", "09:00:00"), ("10.0.0.2", "09:00:00")]
    write_stories(
        home, DAY, Threat("a", met=met), Threat("b", met=met[:1], severity=3), judged={"c": 1, "d": 2}
    )

    page = written(home)

    assert page.texts["dd"] == [f"{sum(range(480, 1200)):,}", "3", "4", "2", "2"]
    assert "URIs judged by analysts: 2 high, 1 medium, 1 low" in page.texts["dt"]
    assert "High risk, not described yet" in page.texts["h2"]
    assert page.texts["li"] == ["c"]


def test_clients_beyond_the_timeline_are_counted(home):
    """The timeline is that of the clients with the most requests; the progression has all of them."""
    threat = Threat("evil.example/a", met=[(f"10.0.0.{number}", "09:00:00") for number in range(4)])
    write_stories(home, DAY, threat)
    other = Threat("evil.example/a", met=threat.met[:3], saved=False)
    write_stories(home, DAY, other)

    said = "These are the 3 clients with the most requests, of 4 clients that met it."

    assert said in paragraphs(written(home))


def test_what_is_more_than_25_rows_is_whole_in_an_appendix(home):
    """The section has the first 25, and says which appendix has all."""
    threat = Threat(
        "evil.example/a", referers=[f"http://{number}/" for number in range(30)], led_to=["x"] * 26
    )
    write_stories(home, DAY, threat)

    page = written(home)

    cells = rows(page)
    assert [cells.count(f"hxxp://{number}/") for number in (0, 24, 25, 29)] == [2, 2, 1, 1]
    assert [text for text in paragraphs(page) if text.startswith("The first")] == [
        "The first 25 of 30; appendix 1 has all of them.",
        "The first 25 of 26; appendix 2 has all of them.",
    ]
    assert page.texts["h2"][-2:] == [
        "Appendix 1: Who led there: A title",
        "Appendix 2: Where it led: A title",
    ]


@pytest.mark.parametrize(
    ("uri_rep", "said"),
    [
        ("", "No reputation service was queried."),
        (None, "Unknown: the URI isn't among the day's scored connections."),
        ("an older note", "an older note"),
    ],
)
def test_a_missing_reputation_is_explained(home, uri_rep, said):
    """An installation's older rows are shown as they are."""
    write_stories(home, DAY, Threat("evil.example/a", uri_rep=uri_rep))
    assert said in paragraphs(written(home))


def test_a_story_without_a_progression_says_so(home):
    """Spot kept that file on another disk; the page shows what the tables have."""
    write_stories(home, DAY, Threat("evil.example/a", saved=False))
    assert any("Not recorded." in text for text in paragraphs(written(home)))


def test_a_comment_without_words_is_still_a_story(home):
    """NULL is empty; such a story has the title Untitled."""
    write_stories(home, DAY, Threat("evil.example/a", title=None, text=None))
    page = written(home)
    assert any("Untitled" in text for text in page.texts["h2"])
    assert "None" not in " ".join(page.texts["body"])


def test_a_day_without_comments_says_how_to_write_one(home):
    """And a day that isn't materialized, how to materialize it."""
    said = " ".join(paragraphs(written(home)))
    assert "This day has no story yet." in said
    assert "Threat_Investigation" in said
    assert f"proxy-oa run --date {DAY}" in said


def test_the_same_day_gives_the_same_page(home):
    """In another process, too: no clock, no hash seed."""
    write_stories(
        home,
        DAY,
        *(Threat(f"{n}.example/", met=[(f"{n}.{m}", "09:00:00") for m in range(9)]) for n in range(9)),
    )
    first = write_story(DAY, deployment=home.deployment).path.read_bytes()

    assert proxy_oa(home.path, "story", "--date", DAY.key).returncode == 0

    assert home.deployment.workspace.story(DAY).read_bytes() == first
