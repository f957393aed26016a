from collections.abc import Callable

import pytest

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.ranking import feedback
from proxy_oa_assets.ranking.feedback import Feedback, Given, Seen, logit

TODAY = Day.parse("2016-09-12")
FAMILIES = {"rare_host": "rarity", "beacon": "beacon", "content": "content", "kit": "content", "cold": "cold"}
WORD = "beacon=2.5;rare_host=2;content=0.6;near=1.5;popular=-1"


@pytest.fixture(autouse=True)
def families(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "_families", lambda: FAMILIES)


def seen(word: str = WORD, client: str = "10.0.0.1", host: str = "cdn.a.example", agent: str = "Updater/1"):
    return Seen.of(client, host, [agent], word, "GET", "text/html")


def given(severity: Severity = Severity.LOW, days_ago: int = 1, **values: str) -> Given:
    return Given(TODAY.plus(-days_ago), severity, "uri", "", seen(**values))


def points(*severities: Given, **values: str) -> float:
    found = Feedback(TODAY, 30, severities).points(seen(**values))
    assert found.keys() <= {"feedback"}
    return found.get("feedback", 0)


def test_the_more_alike_the_more_it_is_lowered():
    """Client and host, host, site, a program's agent, nothing."""
    low = given()
    other = {"client": "10.0.0.2"}
    assert points(low) == -3
    assert points(low, **other) == -2
    assert points(low, **other, host="www.a.example") == -1
    assert points(low, **other, host="b.test") == -0.5
    assert points(low, **other, host="b.test", agent="Else/2") == 0


@pytest.mark.parametrize("host", ["a.co.uk", "10.1.2.3", "fe80::1", "localhost", "a.github.io"])
def test_a_suffix_of_many_owners_is_no_site(host):
    """Neighbours below a public suffix, addresses and bare names have nothing in common."""
    others = {"a.co.uk": "b.co.uk", "10.1.2.3": "9.1.2.3", "a.github.io": "b.github.io"}
    alike = points(given(host=host), client="10.0.0.2", host=others.get(host, "b.test"), agent="Else/2")
    assert alike == 0


def test_a_browser_is_no_likeness():
    """Every page of the network comes with its name."""
    browser = "Mozilla/5.0 (Windows NT 10.0)"
    assert points(given(agent=browser), client="10.0.0.2", host="b.test", agent=browser) == 0


def test_a_high_severity_raises_with_any_signs():
    """What is known to be bad stays bad under other signs."""
    assert points(given(Severity.HIGH), word="cold=0.4") == 3
    assert points(given(Severity.HIGH), client="10.0.0.2", word="0_12_GET") == 2


@pytest.mark.parametrize(
    "word",
    [
        WORD + ";cold=0.7",
        WORD.replace("content=0.6", "content=1.5"),
        WORD + ";kit=0.8",
        WORD + ";sigma:Odd download=0.9",
        WORD.replace("content=0.6", "kit=0.8"),
        WORD + ";later_sign=1",
        "0_12_GET",
    ],
)
def test_other_or_stronger_signs_bring_a_silenced_host_back(word):
    """A program from a host that was nothing yesterday isn't lowered; nor is another ranking's row."""
    assert points(given(), word=word) == 0


def test_another_rule_is_another_sign():
    """Two Sigma rules are two kinds of evidence; the same one is the same."""
    low = given(word="sigma:Odd download=1")
    assert points(low, word="sigma:Odd download=1") == -1
    assert points(low, word="sigma:Odd agent=1") == 0


def test_no_more_is_taken_than_the_same_signs_brought():
    """What stands around it stays, and so do weak signs of another kind."""
    assert points(given(), word="rare_host=0.9;near=4") == -0.9
    assert points(given(word="rare_host=0.4"), word="rare_host=1;cold=0.3") == -0.4


def test_another_ranking_s_rows_are_alike_by_method_and_content():
    """Without reasons, a row that brings other content is other evidence."""
    scored = Given(TODAY.plus(-1), Severity.LOW, "uri", "", seen("0_12_GET"))
    assert points(scored, word="1_3_GET") == -3
    program = Seen.of("10.0.0.1", "cdn.a.example", [], "1_3_GET", "GET", "application/x-dosexec")
    assert Feedback(TODAY, 30, [scored]).points(program) == {}


def test_severities_fade_expire_and_never_add_up():
    """Two analysts, or one on ten days, lower no more than one; after its days, nothing is left."""
    assert points(given(days_ago=1), given(days_ago=2), given(client="10.0.0.2")) == -3
    assert points(given(days_ago=16)) == -1.5
    assert points(given(days_ago=30)) == -0.1
    assert points(given(days_ago=31)) == 0


def test_the_gravest_opinions_meet_in_the_middle():
    """A low severity doesn't silence what a colleague gave a high one."""
    assert points(given(), given(Severity.HIGH)) == 0
    assert points(given(days_ago=11), given(Severity.HIGH)) == 1


def listed(**lists: tuple[str, ...]) -> Callable[..., dict[str, float]]:
    known = Feedback(TODAY, 30, (), frozenset(lists.get("own", ())), known_agents=lists.get("agents", ()))
    return lambda **values: known.points(seen(**values))


def test_own_domains_and_known_agents_lower():
    """A domain stands for its subdomains, a `*` for any text, and neither for more."""
    found = listed(own=("a.example",), agents=("Updater/*", "(x86) [a.b]?"))
    assert found(agent="Else") == {"own_domain": -2}
    assert found(host="a.example", agent="Else") == {"own_domain": -2}
    # The ranking has done so.
    assert found(agent="Else", word="internal=-2.2;beacon=1") == {}
    assert found(host="bada.example", agent="Else") == {}
    assert found(host="b.test") == {"known_good": -2}
    assert found(host="b.test", agent="(x86) [a.b]?") == {"known_good": -2}
    assert found(host="b.test", agent="My Updater/1") == {}
    assert found(host="b.test", agent="-") == {}


@pytest.mark.parametrize("host", ["", "-", "None", "..", "a..b", "\x00", "xn--", "." * 300, "\u202e", "[::1"])
def test_a_hostile_host_is_compared_like_any(host):
    """What a client sends as a host raises nothing."""
    assert points(given(host=host), host=host) in (0, -3, -0.5)


def test_a_score_s_odds_are_ordered_for_any_number():
    """Another ranking's scores can be 0, negative or above 1."""
    scores = [-5.0, 0.0, 1e-38, 1e-7, 0.5, 0.999, 1.0, 40.0]
    assert [logit(score) for score in scores] == sorted(logit(score) for score in scores)
    assert logit(0.5) == 0
