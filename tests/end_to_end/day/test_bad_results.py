from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import Home, failures, metadata

from proxy_oa_assets.model.day import Day

DAY = Day.parse("2016-09-12")


def rejected(home: Home) -> Path:
    return home.data(DAY) / "proxy_results.rejected.tsv"


def test_a_day_without_results_fails_with_the_path_and_the_remedy(
    new_home: Callable[..., Home],
) -> None:
    """Where another system ranks, missing results name their path, and nothing downstream starts."""
    sample_home = new_home(PROXY_OA_RANKING="external")
    sample_home.write_sample()
    sample_home.results(DAY).unlink()

    result = sample_home.materialize(DAY)

    message = failures(result)["proxy_results"]
    assert str(sample_home.results(DAY)) in message
    assert "ranking job" in message
    assert not sample_home.made("proxy_scores", DAY)


def test_a_day_with_empty_results_fails_with_the_path_and_the_remedy(sample_home: Home) -> None:
    """An empty results file is an error: the ranking job wrote nothing."""
    sample_home.results(DAY).write_bytes(b"")

    message = failures(sample_home.materialize(DAY))["proxy_results"]

    assert str(sample_home.results(DAY)) in message
    assert "empty" in message
    assert "ranking job" in message


def test_a_day_of_malformed_results_fails_and_lists_every_line(sample_home: Home) -> None:
    """If no row is good, the asset fails and names the file that has the reasons."""
    sample_home.results(DAY).write_bytes(b"one\ntwo\tfields\n")

    message = failures(sample_home.materialize(DAY))["proxy_results"]

    assert DAY.key in message
    assert "1 fields instead of 21" in message
    assert str(rejected(sample_home)) in message
    assert rejected(sample_home).read_text(encoding="utf-8").split("\n") == [
        "line\treason\tcontent",
        "1\t1 fields instead of 21\tone",
        "2\t2 fields instead of 21\ttwo fields",
        "",
    ]


def test_some_malformed_lines_are_reported_and_the_good_rows_go_on(sample_home: Home) -> None:
    """Malformed lines are counted and listed with their number; a clean re-run removes the list."""
    good = sample_home.results(DAY).read_bytes()
    lines = good.split(b"\n")[:-1]
    wrong_score = lines[2].rsplit(b"\t", 1)[0] + b"\tNaN"
    sample_home.results(DAY).write_bytes(
        b"\n".join([lines[0], b"glued", *lines[1:10], wrong_score, *lines[10:20]]) + b"\n"
    )

    result = sample_home.materialize(DAY)

    assert result.success
    assert metadata(result, "proxy_results")["rejected_lines"] == 2
    assert metadata(result, "scored_connections")["dagster/partition_row_count"] == 20
    listed = [line.split("\t")[:2] for line in rejected(sample_home).read_text("utf-8").split("\n")[1:-1]]
    assert listed == [["2", "1 fields instead of 21"], ["12", "score 'NaN' is not a finite number"]]

    sample_home.results(DAY).write_bytes(good)
    assert sample_home.materialize(DAY).success
    assert not rejected(sample_home).exists()


def test_results_in_parts_are_joined_in_name_order(sample_home: Home) -> None:
    """Spark's own output is a folder of part-* files beside a _SUCCESS; the copy is their bytes in order."""
    whole = sample_home.results(DAY)
    content = whole.read_bytes()
    lines = content.splitlines(keepends=True)
    whole.unlink()
    whole.mkdir()
    (whole / "part-00001").write_bytes(b"".join(lines[30:]))
    (whole / "part-00000").write_bytes(b"".join(lines[:30]))
    (whole / "_SUCCESS").write_bytes(b"")
    (whole / ".part-00000.crc").write_bytes(b"checksum")

    assert sample_home.materialize(DAY).success

    assert (sample_home.data(DAY) / "proxy_results.csv").read_bytes() == content


def test_the_copy_is_byte_for_byte(sample_home: Home) -> None:
    """Bytes that aren't UTF-8 are copied unchanged, and their row is taken."""
    content = sample_home.results(DAY).read_bytes().replace(b"probe.badhost", b"pr\xff\xfebe.badhost")
    sample_home.results(DAY).write_bytes(content)

    result = sample_home.materialize(DAY)

    assert (sample_home.data(DAY) / "proxy_results.csv").read_bytes() == content
    assert metadata(result, "proxy_results")["rejected_lines"] == 0


@pytest.mark.parametrize("asset", ["edge_details", "ingest_summary"])
def test_a_day_without_raw_requests_fails_with_the_path_and_the_remedy(sample_home: Home, asset: str) -> None:
    """A day without raw requests is a missing input, not a day without traffic."""
    for path in sample_home.raw_files(DAY):
        path.unlink()

    message = failures(sample_home.materialize(DAY))[asset]

    assert "y=2016/m=09/d=12" in message
    assert "ingest job" in message


def test_the_enrichment_alone_asks_for_its_rows(sample_home: Home) -> None:
    """Materializing scored_connections before proxy_results says what to do first."""
    sample_home.materialize(DAY)
    (sample_home.data(DAY) / "proxy_results.ranked.parquet").unlink()
    sample_home.results(DAY).unlink()

    message = failures(sample_home.materialize(DAY, assets=["scored_connections"]))["scored_connections"]

    assert "materialize proxy_results" in message
