from functools import partial

import dagster as dg
import pyarrow as pa
from support.day_checks import check_results, failed_checks
from support.definitions import SITE
from support.home import SAMPLE_DAY, Home, check_evaluations, metadata, rewrite

from proxy_oa_assets.defs.checks.asset_checks import DAY_CHECKS, dagster_severity, day_checks
from proxy_oa_assets.defs.checks.day_check import CheckResult
from proxy_oa_assets.defs.checks.scores import RESULTS_ARE_AS_LONG_AS_BEFORE, evaluate_results
from proxy_oa_assets.model.column_map import RESULT_FIELDS
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_SCORES

DAY = SAMPLE_DAY
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def test_a_good_day_passes_every_check(home: Home) -> None:
    """A sample day passes all checks, and each check is bound to the day."""
    result = home.materialize(DAY)

    assert result.success
    assert {name: found.passed for name, found in check_evaluations(result).items()} == {
        check.name: True for checks, _ in day_checks(SITE) for check in checks
    } | {"yesterday_is_materialized": False}
    assert {found.partition for found in check_evaluations(result).values()} == {DAY.key, None}


def test_a_rejected_line_is_a_warning_that_names_the_file(embedded_home: Home) -> None:
    """The day is made of its good rows, and the check says where the bad ones are."""
    results = embedded_home.results(DAY)
    results.write_bytes(b"not a row\n" + results.read_bytes())

    result = embedded_home.materialize(DAY)

    check = check_evaluations(result)["no_row_was_rejected"]
    assert result.success
    assert (check.passed, check.severity) == (False, WARN)
    assert "proxy_results.rejected.tsv" in check.description
    assert check.metadata["rejected"].value == 1


def test_a_transfer_beyond_int_in_the_results_is_scored_with_a_warning(embedded_home: Home) -> None:
    """The row is in proxy_scores with the limit; a file has the true number; a clean re-run removes it."""
    results, capped = embedded_home.results(DAY), embedded_home.data(DAY) / "proxy_results.capped.tsv"
    good = results.read_bytes()
    fields = good.partition(b"\n")[0].split(b"\t")
    fields[RESULT_FIELDS.index("scbytes")] = b"5000000000"
    results.write_bytes(b"\t".join(fields) + b"\r\n" + good)

    result = embedded_home.materialize(DAY)

    assert embedded_home.rows("proxy_scores", DAY)[0]["scbytes"] == 2**31 - 1
    assert capped.read_text(encoding="utf-8") == "line\tcolumn\tvalue\n1\tscbytes\t5000000000\n"
    check = check_evaluations(result)["no_value_is_at_a_limit"]
    assert (check.passed, check.severity) == (False, WARN)
    assert "proxy_results.capped.tsv" in check.description
    assert metadata(result, "proxy_results")["values_at_a_limit"] == 1
    assert metadata(result, "proxy_results")["crlf_lines"] == 1

    results.write_bytes(good)
    assert check_evaluations(embedded_home.materialize(DAY))["no_value_is_at_a_limit"].passed
    assert not capped.exists()


def test_results_that_are_published_again_with_few_lines_are_a_warning(embedded_home: Home) -> None:
    """The head of a file is named with both numbers, however often it is read; the whole file passes."""
    whole = embedded_home.results(DAY).read_bytes()
    lines = whole.splitlines(keepends=True)

    def evaluated(content: bytes) -> CheckResult:
        if embedded_home.results(DAY).read_bytes() != content:
            embedded_home.results(DAY).write_bytes(content)
        assert embedded_home.materialize(DAY, assets=["proxy_results"]).success
        return evaluate_results(DAY, embedded_home.deployment)[RESULTS_ARE_AS_LONG_AS_BEFORE]

    assert evaluated(whole).passed
    for _ in range(2):
        check = evaluated(b"".join(lines[:20]))
        assert not check.passed
        assert f"20 lines, where the results that were replaced had {len(lines)}" in check.description
        assert check.metadata == {"lines": 20, "lines_before": len(lines)}
    assert evaluated(whole).passed
    assert evaluated(b"".join(lines[: len(lines) // 2 + 1]).removesuffix(b"\n")).passed
    assert dagster_severity(RESULTS_ARE_AS_LONG_AS_BEFORE) is WARN


def test_a_score_that_is_missing_is_found(home: Home) -> None:
    """A row that was taken from the results but isn't in the table is an error."""
    home.materialize(DAY)

    home.rewrite("proxy_scores", DAY, lambda table: table.slice(1))

    assert "every_result_is_scored" in failed_checks(home)
    assert "1 are not in proxy_scores" in check_results(home)["every_result_is_scored"].description


def test_a_table_with_wrong_scores_stops_what_follows(home: Home, monkeypatch) -> None:
    """Edges of wrong scores aren't made; the summary, which doesn't depend on them, is."""
    write = type(home.deployment.impala).replace_day_with_frame
    monkeypatch.setattr(
        type(home.deployment.impala),
        "replace_day_with_frame",
        lambda self, table, day, frame: write(self, table, day, frame.iloc[1:]),
    )

    result = home.materialize(DAY)

    assert not result.success
    assert check_evaluations(result)["every_result_is_scored"].severity is ERROR
    assert not home.made("proxy_edge", DAY)
    assert home.made("proxy_ingest_summary", DAY)


def test_raw_rows_that_came_later_are_found(home: Home) -> None:
    """Ingest that continues after the day was counted fails the check of the summary."""
    home.materialize(DAY)

    rewrite(home.raw_files(DAY)[5], lambda table: pa.concat_tables([table, table.slice(0, 1)]))

    assert "summary_counts_every_row" in failed_checks(home)


def test_rows_of_the_night_before_count_as_no_further_day(embedded_home: Home) -> None:
    """Rows of the date before in each partition don't make it eight trailing days."""
    for day in DAY.plus(-7).through(DAY):
        embedded_home.write_sample(day, views=20)
        raw = embedded_home.raw_files(day)
        rewrite(raw[0], partial(with_a_row_of, day.plus(-1)))
        for hour in raw[1:] if day == DAY else ():
            hour.unlink()
        embedded_home.materialize(day, assets=["ingest_summary"])

    result = check_results(embedded_home)["volume_is_as_usual"]

    assert not result.passed
    assert "on the 7 days before" in result.description


def with_a_row_of(day: Day, table: pa.Table) -> pa.Table:
    row = table.slice(0, 1).to_pylist()[0] | {"p_date": day.key, "p_time": "23:59:59"}
    return pa.concat_tables([table, pa.Table.from_pylist([row], schema=table.schema)])


def test_a_column_of_another_type_is_found(embedded_home: Home) -> None:
    """Spot's respcode was INT; the message names the column. On a cluster, test_installation shows it."""
    embedded_home.materialize(DAY)

    def as_number(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("respcode")
        return table.set_column(place, "respcode", pa.array([200] * table.num_rows, pa.int32()))

    embedded_home.rewrite("proxy_scores", DAY, as_number)

    result = check_results(embedded_home)["proxy_scores_has_its_columns"]
    assert not result.passed
    assert "respcode is INT instead of STRING" in result.description
    assert "materialize scored_connections again" in result.description


def test_a_day_that_was_never_made_fails_its_checks(embedded_home: Home) -> None:
    """A day that can't be read fails each check, which says what is missing."""
    assert {
        "every_result_is_scored",
        "every_uri_has_a_reputation",
        "feedback_follows_the_severities",
        "every_connection_has_edges",
        "summary_counts_every_row",
    } - failed_checks(embedded_home) == {"every_connection_has_edges"}
    assert "materialize proxy_results" in check_results(embedded_home)["every_result_is_scored"].description


def test_an_error_that_quotes_the_data_is_no_markup_in_the_web_ui(embedded_home: Home) -> None:
    """The web UI renders a description as Markdown: a value in an error must not become a picture."""
    embedded_home.materialize(DAY)
    hostile = "![x](http://evil.example/x.png) `<b>`\x1b[2J"

    def with_text(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("scbytes")
        return table.set_column(place, "scbytes", pa.array([hostile] * table.num_rows))

    embedded_home.rewrite("proxy_scores", DAY, with_text)

    description = check_results(embedded_home)["every_result_is_scored"].description

    before, code, after = description.split("`")
    assert r"![x](http://evil.example/x.png) '<b>'\x1b[2J" in code
    assert (before, after) == ("the day can't be read: ", "")


def test_a_blocking_check_is_an_error_in_dagster() -> None:
    """Dagster has two severities: warnings are for people to look at, the rest are errors."""
    by_name = {check.name: dagster_severity(check) for checks, _ in DAY_CHECKS for check in checks}

    assert by_name["no_row_was_rejected"] is WARN
    assert by_name["every_result_is_scored"] is ERROR
    assert PROXY_SCORES.name in "".join(by_name)
