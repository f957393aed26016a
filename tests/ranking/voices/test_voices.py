"""Second voices in the ranking of a day."""

import importlib.util
import math

import duckdb
import pytest
from support.home import Home
from support.raw_rows import raw_file

pytest.importorskip("sigma", reason="the extra `sigma` isn't installed")
pytest.importorskip("sklearn", reason="the extra `topics` isn't installed")

from scipy.stats import chi2

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import SettingsError
from proxy_oa_assets.ranking.day_ranking import rank_day
from proxy_oa_assets.ranking.evaluation import evaluate_ranking
from proxy_oa_assets.ranking.host_lists import Lists
from proxy_oa_assets.ranking.labels import Labels
from proxy_oa_assets.ranking.reasons import in_words
from proxy_oa_assets.ranking.voices import fisher
from proxy_oa_assets.ranking.voices.configured import configured_voices
from proxy_oa_assets.ranking.voices.voice import Hearing
from proxy_oa_assets.ranking.weights import read_weights

DAY = Day.parse("2016-09-12")
BUSY_DAY = DAY.plus(1)
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
RULE = """
title: "Évil agent; drop=table, <b>"
author: Jane D'Oe (Example), @jane
status: test
level: {level}
logsource: {{category: proxy}}
detection:
  s: {{{search}}}
  condition: s
"""


def request(client, host, path, agent=BROWSER, at=0, **more):
    """Return a raw row."""
    return {
        "p_date": DAY.key,
        "p_time": f"{9 + at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}",
        "clientip": f"10.0.0.{client}",
        "host": host,
        "reqmethod": "GET",
        "useragent": agent,
        "resconttype": "text/html",
        "respcode": "200",
        "uripath": path,
        "fulluri": f"{host}{path}",
        "csbytes": 300,
        "scbytes": 9000,
        **more,
    }


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """A day on which 20 clients read pages, and one downloads something odd."""
    folder = tmp_path_factory.mktemp("day")
    rows = [
        request(client, f"site{page % 7}.example", f"/page/{page}", at=page * 60 + client)
        for client in range(1, 21)
        for page in range(40)
    ]
    odd = {"reqmethod": "POST", "resconttype": "application/x-dosexec", "respcode": "503"}
    rows.append(request(3, "odd.example", "/x" + "aZ9%4f" * 40, "badagent", at=14_000, **odd))
    warehouse = Home(folder / "home").deployment.impala
    warehouse.replace_raw_day(DAY, {9: [raw_file(folder / "raw.parquet", rows)]})
    # The same in a client that asks for thousands of pages.
    busy = [request(3, "site1.example", f"/page/{number}", at=number * 3) for number in range(4_000)]
    rows = [{**row, "p_date": BUSY_DAY.key} for row in rows + busy]
    warehouse.replace_raw_day(BUSY_DAY, {9: [raw_file(folder / "busy.parquet", rows)]})
    return warehouse


def ranked(warehouse, *names, rules=None, day=DAY):
    """Rank a day with some voices."""
    voices = configured_voices(names, rules)
    return rank_day(warehouse, day, weights=read_weights(), lists=Lists(), voices=voices)


def words(day):
    """Return each pair's word."""
    return {(row["clientip"], row["host"]): row["word"] for row in day.pairs.to_pylist()}


def test_no_voice_speaks_unless_a_site_asks(warehouse):
    """Without a setting, no reason is a voice's, and nothing is noted."""
    day = ranked(warehouse)
    assert day.notes == ()
    assert not any(name in word for word in words(day).values() for name in ("fisher", "topics", "sigma"))


def test_a_hit_of_a_rule_is_a_reason_with_title_and_author(warehouse, tmp_path):
    """In plain characters in the word, which the day keeps without the rules; in words for a person."""
    (tmp_path / "a.yml").write_text(RULE.format(level="critical", search="c-useragent: BadAgent"))
    (tmp_path / "b.yml").write_text(RULE.format(level="low", search="cs-method: POST"))
    (tmp_path / "c.yml").write_text("category: proxy: [")
    day = ranked(warehouse, rules=tmp_path)
    hit = {pair: word for pair, word in words(day).items() if "sigma" in word}
    ((pair, word),) = hit.items()
    assert pair == ("10.0.0.3", "odd.example")
    # Worth a critical rule's 2.5 points: it hits one client, and one request of 801.
    assert "sigma:Évil_agent_drop_table_b:Jane_D_Oe_Example_jane=2.49" in word.split(";")
    shown = "hit by the Sigma rule: Évil agent drop table b (by Jane D Oe Example jane)"
    assert in_words(word).count(shown) == 1
    assert day.notes[0] == f"2 Sigma rules for proxies in {tmp_path}"
    assert day.notes[1].startswith("not used: c.yml: it is no Sigma rule")


@pytest.mark.parametrize(
    ("search", "worth"), [("cs-host: site1.example", 0), ("c-uri: '*/page/7'", 0), ("src_ip: 10.0.0.3", 2.1)]
)
def test_a_rule_that_hits_much_of_the_day_is_worth_less(warehouse, tmp_path, search, worth):
    """Most clients: nothing; one client's 41 of 801 requests: somewhat less than the whole."""
    (tmp_path / "a.yml").write_text(RULE.format(level="critical", search=search))
    day = ranked(warehouse, rules=tmp_path)
    points = {
        float(reason.rpartition("=")[2])
        for word in words(day).values()
        for reason in word.split(";")
        if reason.startswith("sigma")
    }
    assert sum(points) == pytest.approx(worth, abs=0.05)


def test_an_empty_folder_of_rules_says_so(warehouse, tmp_path):
    """And the day is ranked."""
    day = ranked(warehouse, rules=tmp_path)
    assert day.notes == (f"0 Sigma rules for proxies in {tmp_path}",)
    assert len(day.pairs) == 141


def test_the_topic_model_names_the_request_unlike_the_others(warehouse):
    """The same each time; most pages are no reason."""
    day, again = (ranked(warehouse, "topics", day=BUSY_DAY) for _ in range(2))
    voice = {(row["clientip"], row["host"]): row["topics"] for row in day.pairs.to_pylist()}
    assert max(voice, key=voice.get) == ("10.0.0.3", "odd.example")
    reasons = {pair for pair, word in words(day).items() if "topics=" in word}
    assert ("10.0.0.3", "odd.example") in reasons
    assert len(reasons) <= 2
    assert day.pairs.equals(again.pairs)
    assert day.rows.equals(again.rows)


def test_the_value_of_fisher_s_method_is_the_chi_square_distribution_s(monkeypatch):
    """Of -2 times the sum of ln p, p being the share of pairs with a sign at least as strong."""
    rows = [("a", "x", 1.0, 0.5, 0.0), ("a", "y", 0.5, 0.0, 0.0), ("b", "x", 0.0, 0.5, 0.0)]
    rows += [("c", str(number), 0.0, 0.0, 0.0) for number in range(97)]
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE sign (clientip VARCHAR, host VARCHAR, one DOUBLE, two DOUBLE, never DOUBLE)"
        )
        connection.executemany("INSERT INTO sign VALUES (?, ?, ?, ?, ?)", rows)
        monkeypatch.setattr(Hearing, "raising", ["one", "two", "never"])
        fisher.VOICE.speak(Hearing(connection, None, DAY, read_weights()))
        found = connection.sql("SELECT clientip, host, value FROM fisher_voice ORDER BY ALL").fetchall()
    shares = {("a", "x"): (0.01, 0.02), ("a", "y"): (0.02,), ("b", "x"): (0.02,)}
    assert {(client, host): round(value, 3) for client, host, value in found} == {
        pair: round(chi2.cdf(-2 * sum(map(math.log, some)), 4), 3) for pair, some in shares.items()
    }


def test_fisher_s_method_hears_many_signs_together(warehouse):
    """A pair with many rare signs has the reason, and pages that all clients read haven't."""
    day = ranked(warehouse, "fisher")
    assert [pair for pair, word in words(day).items() if "fisher" in word] == [("10.0.0.3", "odd.example")]


def test_a_day_without_requests_is_heard_by_all_voices(warehouse, tmp_path):
    """It has no pairs."""
    (tmp_path / "a.yml").write_text(RULE.format(level="low", search="cs-method: POST"))
    voices = configured_voices(("fisher", "topics"), tmp_path)
    day = rank_day(warehouse, DAY.plus(-1), weights=read_weights(), lists=Lists(), voices=voices)
    assert len(day.pairs) == len(day.rows) == 0


def test_evaluation_says_what_a_voice_carried(warehouse, tmp_path):
    """Of the voices that a site asks for, and of no other."""
    (tmp_path / "a.yml").write_text(RULE.format(level="critical", search="c-useragent: BadAgent"))
    pairs = frozenset({("10.0.0.3", "odd.example")})
    labels = Labels(pairs, pairs)
    chosen = {"weights": read_weights(), "lists": Lists(), "history_days": 0}
    for voices in (configured_voices((), tmp_path), ()):
        found = evaluate_ranking(warehouse, DAY, labels, voices=voices, **chosen)
        assert ("sigma" in {each.signal for each in found.carried}) == bool(voices)
        assert found.pairs.bad_places == (1,)


@pytest.mark.parametrize(
    ("names", "rules", "message"),
    [
        (("topics",), None, "PROXY_OA_RANKING_VOICES=topics needs .*pip install 'proxy-oa-assets.topics.'"),
        ((), "rules", "PROXY_OA_SIGMA_RULES needs .*pip install 'proxy-oa-assets.sigma.'"),
    ],
)
def test_a_voice_whose_extra_is_missing_is_refused(monkeypatch, names, rules, message):
    """The error names the setting, and the extra to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=message):
        configured_voices(names, rules)
