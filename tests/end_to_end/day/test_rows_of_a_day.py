from collections import Counter
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import numpy as np
import pytest
from support.deployments import WITH_A_SLOW_CLUSTER
from support.home import Home, failures, metadata
from support.independent_reading import (
    EDGE,
    RESULTS,
    code_name,
    code_names,
    connection_hash,
    edge_rows,
    minutes,
    raw_rows,
    scored_rows,
)

import proxy_oa_assets.enrichment.score_columns as rules
from proxy_oa_assets.model.day import Day

NAMES = code_names(Path(rules.__file__).with_name("response_codes.csv"))

# Rows and connections of proxy_scores, rows and connection-hours of proxy_edge, minutes of the summary.
EXPECTED = {
    ("2015-06-10", 500): (500, 387, 1_322, 458, 115),
    ("2015-06-10", 5000): (5_000, 3_122, 5_712, 3_274, 115),
    ("2015-08-20", 500): (500, 389, 1_165, 389, 33),
    ("2018-01-31", 3000): (3_000, 1_963, 4_914, 4_201, 694),
}
OTHER_DAYS = [("2015-08-27", 4000), ("2018-01-30", 500), ("2018-02-06", 1000)]


def assert_a_day_equals_an_independent_reading(home: Home, day: Day, limit: int) -> None:
    """Materialize a day, and compare all rows and columns of its tables with the raw Parquet and results."""
    assert home.materialize(day, limit=limit).success
    raw, scored = raw_rows(home.huser, day.key), scored_rows(home.huser, day.key, limit)

    scores = home.rows("proxy_scores", day)
    assert len(scores) == len(scored)
    for stored, row in zip(scores, scored, strict=True):
        copied = {"p_date": "tdate", "p_time": "time", "score": "ml_score"}
        assert {name: stored[copied.get(name, name)] for name in RESULTS} == row
        assert np.float32(stored["ml_score"]) == row["score"]
        assert stored["respcode_name"] == code_name(row["respcode"], NAMES)

    edges = [tuple(row[name] for name in EDGE) for row in home.rows("proxy_edge", day)]
    assert Counter(edges) == Counter(edge_rows(raw, scored, NAMES))

    summary = {str(row["tdate"]): row["total"] for row in home.rows("proxy_ingest_summary", day)}
    assert summary == minutes(raw)


@pytest.mark.parametrize(("key", "limit"), EXPECTED)
def test_a_real_day_equals_an_independent_reading(
    real_home: Callable[[str], Home], key: str, limit: int
) -> None:
    """All rows and columns of the three tables are what the raw Parquet and the results say."""
    home, day = real_home(key), Day.parse(key)

    assert_a_day_equals_an_independent_reading(home, day, limit)

    scores, edges = home.rows("proxy_scores", day), home.rows("proxy_edge", day)
    assert EXPECTED[key, limit] == (
        len(scores),
        len({(row["clientip"], row["fulluri"]) for row in scores}),
        len(edges),
        len({(row["clientip"], row["fulluri"], row["hh"]) for row in edges}),
        len(home.rows("proxy_ingest_summary", day)),
    )


@pytest.mark.parametrize("new_home", WITH_A_SLOW_CLUSTER, indirect=True)
@pytest.mark.parametrize(("key", "limit"), OTHER_DAYS)
def test_other_real_days_equal_an_independent_reading(
    real_home: Callable[[str], Home], key: str, limit: int
) -> None:
    """The remaining real days."""
    assert_a_day_equals_an_independent_reading(real_home(key), Day.parse(key), limit)


def test_a_generated_day_equals_an_independent_reading(sample_home: Home) -> None:
    """The same with hostile values, NULLs, an IPv6 client and a beacon of more than 250 requests an hour."""
    day = Day.parse("2016-09-12")

    assert_a_day_equals_an_independent_reading(sample_home, day, 500)

    per_hour = Counter(
        (row["clientip"], row["fulluri"], row["hh"]) for row in sample_home.rows("proxy_edge", day)
    )
    assert max(per_hour.values()) == 250


def test_each_scored_row_has_an_edge_file_of_its_own_hour(sample_home: Home) -> None:
    """The exports hold the scored rows, and for each its connection's requests in its hour."""
    day = Day.parse("2016-09-12")
    sample_home.materialize(day, limit=100)
    scored = scored_rows(sample_home.huser, day.key, 100)
    edges = sample_home.rows("proxy_edge", day)

    expected_names = set()
    for row in scored:
        client = str(row["clientip"]).replace(":", "_")
        path = sample_home.data(day) / f"edge-{client}-{connection_hash(row)}.tsv"
        expected_names.add(path.name)
        header, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        hour = int(str(row["p_time"])[:2])
        assert header.split("\t") == EDGE
        assert len(lines) == sum(
            (edge["clientip"], edge["fulluri"], edge["hh"]) == (row["clientip"], row["fulluri"], hour)
            for edge in edges
        )
    assert {path.name for path in sample_home.data(day).glob("edge-*.tsv")} == expected_names

    header, *lines = (sample_home.data(day) / "proxy_scores.tsv").read_text(encoding="utf-8").split("\n")[:-1]
    exported = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    assert [row["hash"] for row in exported] == [connection_hash(row) for row in scored]
    assert [row["fulluri"] for row in exported] == [row["fulluri"] for row in scored]


def test_the_sample_sites_context_and_lists_stand_in_the_scores(sample_home: Home) -> None:
    """Enrichment: the most specific network entry, the domain list, the URL list, unlisted codes."""
    day = Day.parse("2016-09-12")
    sample_home.materialize(day)
    scores = sample_home.rows("proxy_scores", day)
    by_uri = {str(row["fulluri"]): row for row in scores}

    dropper = by_uri["203.0.113.66/invoice_2291.pdf.exe"]
    assert dropper["uri_rep"] == "blocklist:HIGH:3:dropper/sample-loader|sample-malware"
    assert dropper["network_context"] == "Finance desks"
    phishing = by_uri["login-corp.secure-check.example/signin/post.php"]
    assert phishing["uri_rep"] == "blocklist:HIGH:3:credential phishing|sample-phishing"
    assert by_uri["login-corp.secure-check.example/thanks.html"]["uri_rep"] == "blocklist:NONE:0"
    beacon = by_uri["cdn-metrics.badhost.example/pixel.gif?id=7f3a9c"]
    assert beacon["network_context"] == "Reception terminal"


def test_unusable_lines_of_a_context_file_are_named_and_do_not_fill_the_history(tmp_path: Path) -> None:
    """Of 300 lines that can't be used, 20 are named in the log and in metadata, and all are counted."""
    context = tmp_path / "context.csv"
    context.write_text("10.0.0.1,front desk\n" + "10.0.0.300,finance\n" * 300, encoding="utf-8")
    home = Home(tmp_path / "home", PROXY_OA_NETWORK_CONTEXT=str(context))
    day = home.write_sample(views=15)

    with dg.DagsterInstance.ephemeral() as instance:
        result = home.materialize(day, instance=instance)
        lines = [entry.user_message for entry in instance.all_logs(result.run_id)]

    assert result.success
    left_out = [line for line in lines if line.startswith("Left out of the network context: ")]
    assert len(left_out) == 21
    assert f"{context}:21: " in left_out[19]
    assert left_out[20].endswith("300 lines in all")
    shown = metadata(result, "scored_connections")
    assert shown["network_context_rejected"] == 300
    assert shown["network_context_rejected_lines"].splitlines()[0].startswith(f"{context}:2: '10.0.0.300'")


def test_a_context_file_without_a_usable_line_fails_the_day(tmp_path: Path) -> None:
    """The column would be empty without a word; the error has the file, the line and the setting."""
    context = tmp_path / "context.csv"
    context.write_text("name|ip\nfinance|10.0.0.1\n", encoding="utf-8")
    home = Home(tmp_path / "home", PROXY_OA_NETWORK_CONTEXT=str(context))

    result = home.materialize(home.write_sample(views=15))

    failure = failures(result)["scored_connections"]
    assert f"{context}:2: no description after 'finance|10.0.0.1'" in failure
    assert "PROXY_OA_NETWORK_CONTEXT" in failure
