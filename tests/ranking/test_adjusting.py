import duckdb

from proxy_oa_assets.enrichment.score_columns import Severity
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.ranking.adjusting import adjust
from proxy_oa_assets.ranking.feedback import Feedback, Given, Seen
from proxy_oa_assets.ranking.weights import Bars

DAY = Day.parse("2016-09-12")
BARS = Bars(stands_out=7, above_middle=5.5, highest=10, beacon=5, beacon_sign=0.75)
WORD = "rare_host=2"
PAIRS = (
    ("10.0.0.1", "a.example", 8.0, "rare_host=2;beacon=3", 0.8),
    ("10.0.0.2", "b.example", 7.5, "rare_host=2", 0.0),
    ("10.0.0.1", "c.test", 7.2, "", 0.0),
    ("10.0.0.3", "d.test", 6.0, "rare_host=2", 0.0),
)


def given(severity: Severity, host: str, word: str) -> Given:
    return Given(DAY.plus(-1), severity, f"{host}/", word, Seen.of("10.0.0.1", host, [], word))


def adjusted(*severities: Given, **lists: object) -> list[tuple[object, ...]]:
    """Return place, host, points, what stands out, and word of the adjusted pairs."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TEMP TABLE cell (clientip TEXT, host TEXT, useragent TEXT)")
        connection.execute("CREATE TEMP TABLE host (host TEXT, site TEXT)")
        connection.execute(
            "CREATE TEMP TABLE ranked (place BIGINT, clientip TEXT, host TEXT, points DOUBLE, score DOUBLE, "
            "word TEXT, stands_out BOOLEAN, beacon DOUBLE)"
        )
        for place, (client, host, points, word, beacon) in enumerate(PAIRS, 1):
            for agent in ("Updater/1", "curl") if host != "c.test" else ("curl", None):
                connection.execute("INSERT INTO cell VALUES (?, ?, ?)", [client, host, agent])
            connection.execute("INSERT INTO host VALUES (?, ?)", [host, host.removeprefix("www.")])
            row = [place, client, host, points, 0.5, word, points >= 7, beacon]
            connection.execute("INSERT INTO ranked VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        adjust(connection, Feedback(DAY, 30, severities, **lists), BARS)
        scores = connection.sql("SELECT score FROM ranked ORDER BY place").fetchall()
        assert scores == sorted(scores)
        return connection.sql(
            "SELECT place, host, points, stands_out, word FROM ranked ORDER BY place"
        ).fetchall()


def test_a_ranking_counts_feedback_last_and_gives_it_as_a_reason():
    """Places, scores and what stands out follow; pairs that it doesn't concern stay as they are."""
    low = given(Severity.LOW, "b.example", "rare_host=2")
    high = given(Severity.HIGH, "d.test", "")
    assert adjusted(low, high) == [
        (1, "a.example", 8.0, True, WORD + ";beacon=3"),
        (2, "d.test", 8.0, True, WORD + ";feedback=2"),
        (3, "c.test", 7.2, True, ""),
        (4, "b.example", 5.5, False, WORD + ";feedback=-2"),
    ]


def test_a_beacon_keeps_its_own_bar():
    """Lowered by three points, it still stands out as a beacon."""
    low = given(Severity.LOW, "a.example", "rare_host=2;beacon=3")
    assert [row for row in adjusted(low) if row[1] == "a.example"] == [
        (4, "a.example", 5.0, True, "rare_host=2;beacon=3;feedback=-3")
    ]


def test_an_agent_is_known_if_all_of_a_pair_s_are():
    """One known program excuses neither another one's requests nor those without an agent."""

    def lowered(*agents: str) -> set[object]:
        return {row[1] for row in adjusted(known_agents=agents) if str(row[4]).endswith("known_good=-2")}

    assert lowered("Updater/*") == set()
    assert lowered("Updater/*", "curl") == {"a.example", "b.example", "d.test"}


def test_no_pair_that_feedback_concerns_changes_nothing():
    """The order is that of the ranking."""
    assert [row[1:3] for row in adjusted(given(Severity.LOW, "else.test", WORD))] == [
        (host, points) for _, host, points, *_ in PAIRS
    ]
