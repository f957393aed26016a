from support.result_lines import DAY, read_lines

from proxy_oa_assets.ingest.sample.site import sample_requests
from proxy_oa_assets.ranking.demo_ranker import ranked_results

ROWS = [request.row(DAY) for request in sample_requests(DAY, 50)]


def test_the_most_suspicious_come_first_and_every_line_is_a_good_row():
    """Scores rise from line to line, in the form that spot-ml's JVM writes them."""
    content = ranked_results(ROWS, most=200)
    reader, rejected = read_lines(*content.splitlines(keepends=True))
    assert rejected == []
    assert len(reader.frame) == 200
    assert reader.frame["score"].is_monotonic_increasing
    assert b"E-" in content


def test_rows_without_a_client_or_host_are_not_ranked():
    """Only a connection has a score; spot-ml leaves other rows out, too."""
    assert any(row["clientip"] is None for row in ROWS)
    reader, _ = read_lines(*ranked_results(ROWS, most=10**6).splitlines(keepends=True), limit=10**6)
    assert len(reader.frame) == sum(row["clientip"] is not None and row["host"] is not None for row in ROWS)
