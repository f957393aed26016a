import subprocess
import sys
import threading

import dagster as dg
import pytest
from support.home import SAMPLE_DAY as DAY
from support.home import Home, metadata
from support.hostile import VALUES
from support.markup import DRAWN, PageParser
from support.told_day import Told, tell
from test_cli import proxy_oa

from proxy_oa_assets.display import printable
from proxy_oa_assets.errors import InvestigationError
from proxy_oa_assets.history import open_history
from proxy_oa_assets.settings import settings_from
from proxy_oa_assets.story.page import write_story

# What a page is made of, beside its plots.
WRITTEN = set(
    "html head meta style body header main section footer h1 h2 h3 p div span strong br bdi code "
    "dl dt dd table thead tbody tr th td ul li figure details summary".split()
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
HARMLESS = set("lang charset http-equiv content name class dir".split())
DRAWING = set(
    "xmlns viewbox width height style role aria-label font-family font-size font-weight fill stroke "
    "stroke-width stroke-dasharray text-anchor x y cx cy r rx d".split()
)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def written(home, day=DAY):
    """Write a day's page, and return it parsed."""
    path = write_story(day, deployment=home.deployment).path
    return PageParser(path.read_text(encoding="utf-8"))


def rows(page):
    """Return the texts of a page's table cells."""
    return [" ".join(text.split()) for text in page.texts.get("td", [])]


def paragraphs(page):
    return [" ".join(text.split()) for text in page.texts["p"]]


def test_a_threat_is_told_with_all_that_was_recorded_of_it(new_home):
    """Severity, title, comment, who met it when, verdicts, from where and whereto; on a cluster, too."""
    told = Told(
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
    tell(home, DAY, told)

    page = written(home)

    assert "medium risk Programs from a bare address" in [" ".join(text.split()) for text in page.texts["h2"]]
    comment = next(text for tag, text in zip(*divs(page), strict=True) if tag == "comment")
    assert comment == told.text
    cells = rows(page)
    assert cells[:5] == ["medium risk", "Programs from a bare address", "evil.example/a", "2", "07:05:03"]
    assert cells[5:17] == [
        *("10.0.0.2 Finance desks", "07:05:03", "07:05:03", "1", "1.5 s", "200 OK"),
        *("10.0.0.1 Finance desks", "09:00:00", "09:30:00", "2", "3.0 s", "200 OK"),
    ]
    assert cells[17:21] == ["10.0.0.1", "http://a.example/", "GET", "text/html"]
    assert cells[-9:] == [
        *("vt", "high risk", "MALWARE: trojan, c2"),
        *("list", "nothing against it", "NONE"),
        *("fb", "no answer", "UNVERIFIED"),
    ]
    assert page.texts["li"] == ["next.example/"]
    assert len(page.texts["svg"]) > 3


def divs(page):
    """Return the classes of a page's divisions, and their texts."""
    kinds = [attributes.get("class") for tag, attributes in page.elements if tag == "div"]
    return kinds, page.texts["div"]


def test_the_lines_of_a_comment_stay_lines(home):
    """However a system ends its lines; a line separator, which is invisible, is shown."""
    tell(home, DAY, Told("evil.example/a", text="one\ntwo\r\nthree\rfour\n\nsix\u2028six"))

    path = write_story(DAY, deployment=home.deployment).path

    assert r"one<br>two<br>three<br>four<br><br>six\u2028six" in path.read_text(encoding="utf-8")


def test_the_gravest_threats_come_first(home):
    """High, medium, low, and then those without a severity; a NULL URI is a threat, too."""
    severities = {"a": 3, "b": 2, "c": 0, "d": 1, "e": 1, None: 2}
    tell(home, DAY, *(Told(uri, title=f"about {uri}", severity=given) for uri, given in severities.items()))

    titles = [text.partition("about ")[2].strip() for text in written(home).texts["h2"] if "about" in text]

    assert titles == ["d", "e", "b", "None", "a", "c"]


def test_figures_say_how_much_there_was(home):
    """Requests, scored connections, judged URIs by severity, threats, and clients over all of them."""
    met = [("10.0.0.1", "09:00:00"), ("10.0.0.2", "09:00:00")]
    tell(home, DAY, Told("a", met=met), Told("b", met=met[:1], severity=3), judged={"c": 1, "d": 2})

    page = written(home)

    assert page.texts["dd"] == [f"{sum(range(480, 1200)):,}", "3", "4", "2", "2"]
    assert "addresses judged by analysts: 2 high, 1 medium, 1 low" in page.texts["dt"]
    assert "High risk, and not described yet" in page.texts["h2"]
    assert page.texts["li"] == ["c"]


def test_clients_beyond_the_timeline_are_counted(home):
    """The timeline is that of the clients with the most requests; the progression has all of them."""
    told = Told("evil.example/a", met=[(f"10.0.0.{number}", "09:00:00") for number in range(4)])
    tell(home, DAY, told)
    other = Told("evil.example/a", met=told.met[:3], saved=False)
    tell(home, DAY, other)

    said = "These are the 3 computers with the most requests, of 4 computers that met it."

    assert said in paragraphs(written(home))


def test_a_table_ends_where_a_reader_would(home):
    """The first 25 rows, and how many more there are."""
    told = Told("evil.example/a", referers=[f"http://{number}/" for number in range(30)], led_to=["x"] * 26)
    tell(home, DAY, told)

    page = written(home)

    assert "http://24/" in rows(page)
    assert "http://25/" not in rows(page)
    assert [text for text in paragraphs(page) if text.endswith(" more")] == ["and 5 more", "and 1 more"]


@pytest.mark.parametrize(
    ("uri_rep", "said"),
    [
        ("", "No reputation service was asked."),
        (None, "Nothing is known: the address isn't among the day's scored connections."),
        ("an older note", "an older note"),
    ],
)
def test_what_is_not_known_of_a_reputation_is_said(home, uri_rep, said):
    """An installation's older rows are shown as they are."""
    tell(home, DAY, Told("evil.example/a", uri_rep=uri_rep))
    assert said in paragraphs(written(home))


def test_a_story_without_a_progression_is_told_without_it(home):
    """Spot kept that file on another disk; what the tables have is shown."""
    tell(home, DAY, Told("evil.example/a", saved=False))
    assert any("records it" in text for text in paragraphs(written(home)))


def test_a_comment_without_words_is_still_a_story(home):
    """NULL is nothing; a title is needed to speak of it."""
    tell(home, DAY, Told("evil.example/a", title=None, text=None))
    page = written(home)
    assert any("Untitled" in text for text in page.texts["h2"])
    assert "None" not in " ".join(page.texts["body"])


def test_a_day_without_comments_says_how_to_write_one(home):
    """And a day that nothing was made of, how to make it."""
    said = " ".join(paragraphs(written(home)))
    assert "No story has been told of this day yet." in said
    assert "Threat_Investigation" in said
    assert f"proxy-oa run --date {DAY}" in said


def test_the_same_day_gives_the_same_page(home):
    """In another process, too: no clock, no hash seed."""
    tell(
        home,
        DAY,
        *(Told(f"{n}.example/", met=[(f"{n}.{m}", "09:00:00") for m in range(9)]) for n in range(9)),
    )
    first = write_story(DAY, deployment=home.deployment).path.read_bytes()

    assert proxy_oa(home.path, "story", "--date", DAY.key).returncode == 0

    assert home.deployment.workspace.story(DAY).read_bytes() == first


def test_nothing_of_the_data_is_markup(hostile_page):
    """A parser finds the elements and attributes that the page always has, none that runs, loads or links."""
    page = PageParser(hostile_page.read_text(encoding="utf-8"))

    assert page.tags <= WRITTEN | DRAWN
    assert page.attributes <= HARMLESS | DRAWING
    assert {tuple(attributes.items()) for tag, attributes in page.elements if tag == "meta"} == {
        (("charset", "utf-8"),),
        (
            ("http-equiv", "Content-Security-Policy"),
            ("content", POLICY),
        ),
        (("name", "referrer"), ("content", "no-referrer")),
        (("name", "format-detection"), ("content", "telephone=no, email=no, address=no")),
        (("name", "viewport"), ("content", "width=device-width, initial-scale=1")),
    }


def test_every_value_is_there_as_text(hostile_page):
    """Whole, and with its invisible characters shown; a long one can be unfolded."""
    page = PageParser(hostile_page.read_text(encoding="utf-8"))
    shown = {" ".join(code.split()) for code in page.texts["code"]}

    assert {" ".join(printable(value).split()) for value in VALUES} - {""} <= shown
    assert "49" not in shown


def test_nothing_that_steers_or_hides_is_in_the_page(hostile_page):
    """Apart from the line breaks of the template itself."""
    text = hostile_page.read_text(encoding="utf-8")
    assert {char for char in text if not char.isprintable()} == {"\n"}


def test_a_page_that_cannot_be_written_is_an_error_that_says_where(home, tmp_path):
    """And leaves nothing behind."""
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(InvestigationError, match=r"file/page\.html can't be written .*name another file"):
        write_story(DAY, blocked / "page.html", deployment=home.deployment)


def test_a_home_that_cannot_be_written_is_an_error_that_says_where(home):
    """An analyst's who may only read it, say; another file can be named."""
    home.path.mkdir()
    (home.path / "data").write_text("", encoding="utf-8")
    with pytest.raises(InvestigationError, match=rf"data/proxy/{DAY.folder} can't be written"):
        write_story(DAY, deployment=home.deployment)
    assert write_story(DAY, home.path / "page.html", deployment=home.deployment).path.exists()


def test_of_two_who_write_the_page_at_once_the_last_has_read_what_both_saved(home):
    """A story that is saved while another's page is being written isn't missing afterwards."""
    tell(home, DAY, Told("first.example/"))
    writing = threading.Thread(target=write_story, args=[DAY], kwargs={"deployment": home.deployment})
    with home.deployment.workspace.lock(DAY, "story"):
        writing.start()
        writing.join(1)
        tell(home, DAY, Told("first.example/"), Told("second.example/"))
    writing.join()
    assert "second.example/" in home.deployment.workspace.story(DAY).read_text(encoding="utf-8")


def test_the_command_writes_the_page_and_prints_its_path(home):
    """Into the day's data folder; the web UI knows it as metadata of the day's notebooks."""
    tell(home, DAY, Told("evil.example/a"))

    done = proxy_oa(home.path, "story", "--date", DAY.key)

    path = home.data(DAY) / "story.html"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
    assert "evil.example/a" in path.read_text(encoding="utf-8")
    with open_history(settings_from({"PROXY_OA_HOME": str(home.path)})) as instance:
        (observed,) = instance.fetch_observations(dg.AssetKey("notebooks"), limit=5).records
    assert observed.partition_key == DAY.key
    assert observed.asset_observation.metadata["story"].value == str(path)


def test_the_command_writes_where_it_is_told_to(home):
    """A day without comments has a page, too, and a word about it."""
    done = proxy_oa(home.path, "story", "--date", DAY.key, "-o", "page.html")

    assert done.returncode == 0
    assert done.stdout == f"{home.path / 'page.html'}\n"
    assert f"{DAY} has no comment yet" in done.stderr
    assert not (home.data(DAY) / "story.html").exists()


def test_materializing_a_told_day_again_shows_its_page(home):
    """The web UI shows the metadata of the latest run, which knows the page by its place."""
    home.write_sample()
    assert "story" not in metadata(home.materialize(DAY), "notebooks")
    path = write_story(DAY, deployment=home.deployment).path

    assert metadata(home.materialize(DAY, assets=["notebooks"]), "notebooks")["story"] == str(path)


def test_a_page_is_written_though_the_history_cannot_be_opened(home):
    """The analyst's machine may not reach it; the word is on standard error."""
    (home.path / "dagster").mkdir(parents=True)
    (home.path / "dagster" / "dagster.yaml").write_text("storage: {nothing: 1}\n", encoding="utf-8")

    done = proxy_oa(home.path, "story", "--date", DAY.key)

    assert done.returncode == 0
    assert (home.data(DAY) / "story.html").exists()
    assert "the web UI won't show where the page is" in done.stderr


def test_plots_need_no_dagster_and_no_sql_engine():
    """A notebook that draws one doesn't wait for them."""
    script = (
        "import sys, proxy_oa_assets.story.plots; "
        "print(*{'dagster', 'duckdb', 'PIL', 'impala'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
