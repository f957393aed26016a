from collections.abc import Callable
from functools import partial
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest
from support.home import SAMPLE_DAY, Home, findings, metadata, rewrite

from proxy_oa_assets.checks.day_checks import TRIALS, severity, tried
from proxy_oa_assets.conf import RESULT_FIELDS
from proxy_oa_assets.days import Day
from proxy_oa_assets.tables import PROXY_SCORES

DAY = SAMPLE_DAY
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@pytest.fixture
def home(new_home: Callable[..., Home]) -> Home:
    home = new_home()
    home.write_sample(DAY)
    return home


@pytest.fixture
def embedded_home(tmp_path: Path) -> Home:
    """A home on this machine, for what has nothing to do with where the tables are."""
    home = Home(tmp_path / "home")
    home.write_sample(DAY)
    return home


def found(home: Home, day: Day = DAY) -> dict[str, tuple[bool, str]]:
    """Try every claim about a day as it is stored now."""
    return {
        claim.name: (finding.holds, finding.why)
        for claims, trial in TRIALS
        for claim, finding in tried(claims, trial, day, home.deployment).items()
    }


def broken(home: Home) -> set[str]:
    return {name for name, (holds, _) in found(home).items() if not holds}


def test_every_claim_holds_of_a_good_day(home: Home) -> None:
    """A sample day passes all checks, and each check is bound to the day."""
    result = home.materialize(DAY)

    assert result.success
    assert {name: found.passed for name, found in findings(result).items()} == {
        claim.name: True for claims, _ in TRIALS for claim in claims
    } | {"yesterday_is_materialized": False}
    assert {found.partition for found in findings(result).values()} == {DAY.key, None}


def test_a_rejected_line_is_a_warning_that_names_the_file(embedded_home: Home) -> None:
    """The day goes on with its good rows, and the check says where the bad ones are."""
    results = embedded_home.results(DAY)
    results.write_bytes(b"not a row\n" + results.read_bytes())

    result = embedded_home.materialize(DAY)

    check = findings(result)["no_row_was_rejected"]
    assert result.success
    assert (check.passed, check.severity) == (False, WARN)
    assert "proxy_results.rejected.tsv" in check.description
    assert check.metadata["rejected"].value == 1


def test_a_score_that_is_missing_is_found(home: Home) -> None:
    """A row that was taken from the results, but isn't in the table, is an error."""
    home.materialize(DAY)

    home.rewrite("proxy_scores", DAY, lambda table: table.slice(1))

    assert "every_result_is_scored" in broken(home)
    assert "1 are not in proxy_scores" in found(home)["every_result_is_scored"][1]


def test_a_table_with_wrong_scores_stops_what_follows(home: Home, monkeypatch) -> None:
    """Edges of wrong scores would be wrong, so they aren't made; the summary doesn't depend on them."""
    write = type(home.deployment.impala).replace_day_with_frame
    monkeypatch.setattr(
        type(home.deployment.impala),
        "replace_day_with_frame",
        lambda self, table, day, frame: write(self, table, day, frame.iloc[1:]),
    )

    result = home.materialize(DAY)

    assert not result.success
    assert findings(result)["every_result_is_scored"].severity is ERROR
    assert not home.made("proxy_edge", DAY)
    assert home.made("proxy_ingest_summary", DAY)


def test_a_connection_without_raw_rows_is_found(home: Home) -> None:
    """Results that were made from another raw log than the one that is there now."""
    for hour in home.raw_files(DAY)[:12]:
        hour.unlink()

    result = home.materialize(DAY)

    check = findings(result)["every_connection_has_edges"]
    assert (check.passed, check.severity) == (False, ERROR)
    assert check.metadata["connections_without_edges"].value > 0
    assert "have no raw row" in check.description


def test_edges_that_are_not_the_raw_rows_are_found(home: Home) -> None:
    """Edges that were lost, and edges of a connection that isn't scored any more."""
    home.materialize(DAY)

    home.rewrite("proxy_edge", DAY, lambda table: table.slice(3))
    home.rewrite("proxy_scores", DAY, lambda table: table.slice(0, table.num_rows - 1))

    assert "every_connection_has_edges" in broken(home)
    assert "have other rows than the raw log" in found(home)["every_connection_has_edges"][1]


def test_rows_beyond_the_limit_of_an_hour_are_counted_and_left_out(home: Home) -> None:
    """300 rows of one connection in one hour: 250 are stored, and the check says that 50 were cut."""
    before = findings(home.materialize(DAY, limit=3000))["no_connection_hour_is_beyond_250"].metadata
    edge = home.rows("proxy_edge", DAY)[0]

    def with_more(table: pa.Table) -> pa.Table:
        row = table.slice(0, 1).to_pylist()[0] | {
            "clientip": edge["clientip"],
            "fulluri": edge["fulluri"],
            "p_time": "09:00:00",
        }
        return pa.concat_tables([table, pa.Table.from_pylist([row] * 300, schema=table.schema)])

    rewrite(home.raw_files(DAY)[9], with_more)

    result = home.materialize(DAY, limit=3000)

    check = findings(result)["no_connection_hour_is_beyond_250"]
    assert check.passed
    after = {name: check.metadata[name].value - before[name].value for name in before}
    assert after["capped_connection_hours"] == 1
    assert 50 <= after["raw_rows_cut"] <= 60
    assert after["connection_hours_beyond"] == 0
    assert findings(result)["every_connection_has_edges"].passed


def test_rows_with_null_and_with_the_word_share_a_connection_s_limit(embedded_home: Home) -> None:
    """A results file can't tell them apart, so they are one connection: 250 of its 400 rows are stored."""
    raw, results = embedded_home.raw_files(DAY)[9], embedded_home.results(DAY)

    def with_both(table: pa.Table) -> pa.Table:
        row = table.slice(0, 1).to_pylist()[0] | {"fulluri": "nobody.example/", "p_time": "09:00:00"}
        more = [row | {"clientip": client} for client in [None, "null"] * 200]
        return pa.concat_tables([table, pa.Table.from_pylist(more, schema=table.schema)])

    rewrite(raw, with_both)
    first = results.read_bytes().partition(b"\n")[0].decode("utf-8").split("\t")
    line = dict(zip(RESULT_FIELDS, first, strict=True))
    line |= {"clientip": "null", "fulluri": "nobody.example/", "p_time": "09:00:00"}
    results.write_text("\t".join(line.values()) + "\n", encoding="utf-8")

    result = embedded_home.materialize(DAY)

    assert len(embedded_home.rows("proxy_edge", DAY)) == 250
    assert metadata(result, "edge_details")["capped_connection_hours"] == 1
    assert findings(result)["every_connection_has_edges"].passed
    assert findings(result)["no_connection_hour_is_beyond_250"].metadata["raw_rows_cut"].value == 150


def test_more_rows_of_an_hour_than_allowed_are_found(home: Home) -> None:
    """A table that another tool wrote without the limit."""
    home.materialize(DAY)

    home.rewrite(
        "proxy_edge",
        DAY,
        lambda table: pa.concat_tables([table, *[table.slice(0, 1)] * 250]),
    )

    assert "no_connection_hour_is_beyond_250" in broken(home)


def test_raw_rows_that_came_later_are_found(home: Home) -> None:
    """Ingest that went on after the day was counted."""
    home.materialize(DAY)

    rewrite(home.raw_files(DAY)[5], lambda table: pa.concat_tables([table, table.slice(0, 1)]))

    assert "summary_counts_every_row" in broken(home)


def test_a_night_s_late_rows_are_no_day_of_their_own(embedded_home: Home) -> None:
    """Each partition has a row of the date before: the days before are still seven, and a lull is found."""
    for day in DAY.plus(-7).through(DAY):
        embedded_home.write_sample(day, views=20)
        raw = embedded_home.raw_files(day)
        rewrite(raw[0], partial(with_a_row_of, day.plus(-1)))
        for hour in raw[1:] if day == DAY else ():
            hour.unlink()
        embedded_home.materialize(day, assets=["ingest_summary"])

    holds, why = found(embedded_home)["volume_is_as_usual"]

    assert not holds
    assert "on the 7 days before" in why


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

    holds, why = found(embedded_home)["proxy_scores_has_its_columns"]
    assert not holds
    assert "respcode is INT instead of STRING" in why
    assert "materialize scored_connections again" in why


def test_a_day_that_was_never_made_fulfils_no_claim(embedded_home: Home) -> None:
    """What can't be read isn't passed over: each claim says what is missing."""
    assert {
        "every_result_is_scored",
        "every_uri_has_a_reputation",
        "every_connection_has_edges",
        "summary_counts_every_row",
    } - broken(embedded_home) == {"every_connection_has_edges"}
    assert "materialize proxy_results" in found(embedded_home)["every_result_is_scored"][1]


def test_an_error_that_quotes_the_data_is_no_markup_in_the_web_ui(embedded_home: Home) -> None:
    """The web UI shows a finding as Markdown: what an engine can't convert must not become a picture."""
    embedded_home.materialize(DAY)
    hostile = "![x](http://evil.example/x.png) `<b>`\x1b[2J"

    def with_text(table: pa.Table) -> pa.Table:
        place = table.schema.get_field_index("scbytes")
        return table.set_column(place, "scbytes", pa.array([hostile] * table.num_rows))

    embedded_home.rewrite("proxy_scores", DAY, with_text)

    _, why = found(embedded_home)["every_result_is_scored"]

    before, code, after = why.split("`")
    assert r"![x](http://evil.example/x.png) '<b>'\x1b[2J" in code
    assert (before, after) == ("the day can't be read: ", "")


def test_severities_follow_from_what_a_broken_claim_means() -> None:
    """Warnings are for people; what blocks is an error."""
    by_name = {claim.name: severity(claim) for claims, _ in TRIALS for claim in claims}

    assert by_name["no_row_was_rejected"] is WARN
    assert by_name["every_result_is_scored"] is ERROR
    assert PROXY_SCORES.name in "".join(by_name)
