import pytest
from support.analysts_day import AnalystsDay
from support.home import Home

from proxy_oa_assets.investigation.reset import reset_scored_connections
from proxy_oa_assets.investigation.score import score, undo_score
from proxy_oa_assets.investigation.search import suspicious
from proxy_oa_assets.investigation.weighing import feedback_in_effect, feedback_of
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import RankingError
from proxy_oa_assets.model.tables import PROXY_SCORES

WORD = "beacon=2.5;rare_host=1.5"


def row(host: str, ml_score: float, word: str = WORD, **values: object) -> dict[str, object]:
    return {"host": host, "fulluri": f"{host}/", "ml_score": ml_score, "word": word, **values}


def listed(day: AnalystsDay, **filters: object) -> list[tuple[str, str]]:
    """Return hosts and feedback of the list, in its order; its scores are those in the table."""
    found = suspicious(day.day, deployment=day.deployment, **filters)
    stored = {(str(r["fulluri"]), r["ml_score"]) for r in day.home.rows(PROXY_SCORES.name, day.day)}
    assert set(zip(found["fulluri"].fillna("None"), found["ml_score"], strict=True)) <= stored
    return list(zip(found["host"], found["feedback"], strict=True))


@pytest.fixture
def days(today: AnalystsDay) -> tuple[AnalystsDay, AnalystsDay]:
    """A day, and the day after it, which is ranked."""
    tomorrow = AnalystsDay(today.home, today.day.plus(1))
    today.write_scores(row("a.example", 0.1), row("b.example", 0.2))
    tomorrow.write_scores(
        row("a.example", 0.1), row("b.example", 0.2), row("c.test", 0.3), row("d.test", 0.9)
    )
    return today, tomorrow


def test_a_severity_weighs_the_ranked_day_after_it_until_it_is_taken_back(days) -> None:
    """Without ranking again: a low one sinks what is alike, a high one lifts it, undo and reset end both."""
    today, tomorrow = days
    before = [("a.example", ""), ("b.example", ""), ("c.test", ""), ("d.test", "")]
    assert listed(tomorrow) == before

    score(today.day, 3, "a.example/", deployment=today.deployment)
    assert listed(tomorrow) == [*before[1:3], ("a.example", "feedback=-3"), before[3]]

    score(today.day, 1, "b.example/", deployment=today.deployment)
    undo_score(today.day, "a.example/", deployment=today.deployment)
    assert listed(tomorrow)[:2] == [("b.example", "feedback=3"), before[0]]

    reset_scored_connections(today.day, deployment=today.deployment)
    assert listed(tomorrow) == before
    # The severities of a day weigh no row of the day itself.
    score(tomorrow.day, 3, "d.test/", deployment=today.deployment)
    assert listed(tomorrow) == before[:3]


def test_what_the_ranking_counted_is_not_counted_twice(days) -> None:
    """A day that was ranked with the feedback keeps its order, and loses it when that is reset."""
    today, tomorrow = days
    # On the cluster, the other tests' days are near.
    today.write_scores(row("e.example", 0.1))
    tomorrow.write_scores(
        row("e.example", 0.6, f"{WORD};feedback=-3"), row("f.test", 0.3), row("g.test", 0.7)
    )
    score(today.day, 3, "e.example/", deployment=today.deployment)
    assert listed(tomorrow) == [("f.test", ""), ("e.example", "feedback=-3"), ("g.test", "")]

    reset_scored_connections(today.day, deployment=today.deployment)
    assert listed(tomorrow, limit=2) == [("e.example", ""), ("f.test", "")]


def test_the_site_s_lists_weigh_days_that_are_ranked(tmp_path) -> None:
    """An own domain and a known agent, whose lines can have a comment's sign and any text for `*`."""
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "own_domains.txt").write_text("# ours\na.example\n", encoding="utf-8")
    (lists / "known_good_agents.txt").write_text("# ours\nBackup/* #2\n", encoding="utf-8")
    home = Home(tmp_path / "home", PROXY_OA_RANKING_LISTS=str(lists))
    day = AnalystsDay(home, Day.parse("2016-09-12"))
    day.write_scores(
        row("www.a.example", 0.1), row("b.example", 0.2, useragent="Backup/7 #2"), row("c.test", 0.3)
    )
    assert listed(day) == [("c.test", ""), ("www.a.example", "own_domain=-2"), ("b.example", "known_good=-2")]
    # What filters and limits find is in the same order.
    assert listed(day, limit=1) == [("c.test", "")]
    assert listed(day, uri="example", limit=1) == [("www.a.example", "own_domain=-2")]
    found = feedback_in_effect(feedback_of(day.day, day.deployment))
    assert found[["host", "by"]].to_numpy().tolist() == [
        ["a.example", "own_domains"],
        ["Backup/* #2", "known_good_agents"],
    ]

    (lists / "own_domains.txt").write_text("https://a.example/\n", encoding="utf-8")
    with pytest.raises(RankingError, match=r"own_domains\.txt:1: 'https://a\.example/' is no domain"):
        listed(day)


def test_hostile_values_are_compared_like_any(days) -> None:
    """A host, client, agent or word that looks like SQL, a pattern or another row's is data."""
    today, tomorrow = days
    texts = ["' OR 1=1 --", "%", "_", "\\", "?", "a.*", "null", "\u202e", "<b>", "x" * 3_000]
    rows = [row(text, 0.1 + at / 100, text, clientip=text, useragent=text) for at, text in enumerate(texts)]
    nothing = {"host": None, "clientip": None, "fulluri": None, "word": None, "ml_score": 0.99}
    today.write_scores(*rows, nothing)
    tomorrow.write_scores(*rows, nothing)
    for text in texts[:5]:
        score(today.day, 3, f"{text}/", deployment=today.deployment)
    score(today.day, 3, "null", deployment=today.deployment)
    assert listed(tomorrow)[:6] == [*((text, "") for text in texts[5:]), (texts[0], "feedback=-3")]


def test_what_weighs_a_day_is_listed_with_its_end(days) -> None:
    """Host, reasons, whose day, until when; a URI's connections are one row, and an expired one is none."""
    today, tomorrow = days
    today.write_scores(
        row("h.example", 0.1), row("h.example", 0.1, clientip="10.0.0.2"), row("i.example", 0.2, "0_12_GET")
    )
    score(today.day, 3, "h.example/", deployment=today.deployment)
    score(today.day, 1, "i.example/", deployment=today.deployment)

    def rows(days_later: int) -> list[list[object]]:
        found = feedback_in_effect(feedback_of(today.day.plus(days_later), today.deployment))
        ours = found[found["host"].isin(["h.example", "i.example"])]
        return ours[["effect", "points", "host", "clients", "by"]].to_numpy().tolist()

    assert rows(1) == [
        ["3 low lowers", 3.0, "h.example", 2, "h.example/"],
        ["1 high raises", 3.0, "i.example", 1, "i.example/"],
    ]
    assert [row[1] for row in rows(16)] == [1.5, 1.5]
    assert rows(31) == []
    found = feedback_in_effect(feedback_of(tomorrow.day, today.deployment))
    first = found[found["host"] == "h.example"].iloc[0]
    assert (first["given_on"], first["until"]) == (today.day.key, today.day.plus(30).key)
    undo_score(today.day, ["h.example/", "i.example/"], deployment=today.deployment)
    assert rows(1) == []
