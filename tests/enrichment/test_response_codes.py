import csv

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.enrichment.score_columns import (
    listed_code_sql,
    response_code_name,
    response_code_name_sql,
    response_codes,
)

# Well-known codes that no registry has, with the names their makers give them.
UNREGISTERED = {
    "420": "Enhance Your Calm",
    "440": "Login Time-out",
    "444": "No Response",
    "449": "Retry With",
    "450": "Blocked by Windows Parental Controls",
    "460": "Client Closed Connection",
    "494": "Request Header Too Large",
    "495": "SSL Certificate Error",
    "496": "SSL Certificate Required",
    "497": "HTTP Request Sent to HTTPS Port",
    "499": "Client Closed Request",
    "509": "Bandwidth Limit Exceeded",
    "520": "Web Server Returned an Unknown Error",
    "521": "Web Server Is Down",
    "522": "Connection Timed Out",
    "523": "Origin Is Unreachable",
    "524": "A Timeout Occurred",
    "525": "SSL Handshake Failed",
    "526": "Invalid SSL Certificate",
    "598": "Network Read Timeout Error",
    "599": "Network Connect Timeout Error",
}
ODDITIES = (
    *(None, "", "-", " ", "200 ", " 200", "0200", "200.0", "+200", "256", "555", "999", "0", "-1", "null"),
    *(
        "'",
        '"',
        "\\",
        "%",
        "_",
        "'; DROP TABLE proxy; --",
        "Unknown (200)",
        "\U0001f600",
        "\0",
        "2\u202800",
        "\n",
    ),
)


def test_the_registry_is_complete(test_data):
    """Every code of the IANA registry has the registry's name."""
    with (test_data / "iana" / "http-status-codes.csv").open(encoding="utf-8", newline="") as file:
        registered = {row["Value"]: row["Description"] for row in csv.DictReader(file)}
    assert len(registered) == 64
    assert {code: response_codes().get(code) for code in registered} == registered


@pytest.mark.parametrize(("code", "name"), UNREGISTERED.items())
def test_the_well_known_unregistered_codes_have_their_names(code, name):
    """Proxies see what CDNs and servers made up, too."""
    assert response_code_name(code) == name


@pytest.mark.parametrize("code", ["256", "555", "299", "0", "abc", "200 ", " 200", "0200", "null", "null "])
def test_an_unlisted_code_is_unknown(code):
    """`Unknown (<code>)`, with the code as it stands: nothing is trimmed or guessed."""
    assert response_code_name(code) == f"Unknown ({code})"


@pytest.mark.parametrize("code", [None, "", "-"])
def test_no_code_has_no_name(code):
    """NULL, nothing, and the dash that logs write for it give the empty string."""
    assert response_code_name(code) == ""


def test_no_literal_has_a_quote_character():
    """The names stand in SQL text; engines disagree on how a quote or backslash in a literal is written."""
    for code, name in response_codes().items():
        assert code.isascii()
        assert code.isdigit()
        assert name
        assert not set("'\"`\\?%\n\r") & set(name)


@pytest.fixture(scope="module")
def connection():
    """Return one DuckDB connection for all comparisons."""
    with duckdb.connect() as opened:
        yield opened


def _by_sql(connection, codes):
    """Return each code's name as the SQL form gives it."""
    name = response_code_name_sql("respcode", "listed")
    sql = f"""SELECT {name} FROM (SELECT respcode, {listed_code_sql("respcode")} AS listed
        FROM (SELECT unnest(CAST(? AS VARCHAR[])) AS respcode))"""
    return [found for (found,) in connection.execute(sql, [codes]).fetchall()]


def test_the_sql_form_agrees_for_every_code(connection):
    """Three-digit codes, listed or not, and oddities: scores and details name a code alike."""
    codes = [*(f"{number:03d}" for number in range(1000)), *ODDITIES]
    assert _by_sql(connection, codes) == [response_code_name(code) for code in codes]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_the_sql_form_agrees_for_any_text(connection, codes):
    """For any text as a code, both forms agree."""
    assert _by_sql(connection, codes) == [response_code_name(code) for code in codes]


@pytest.mark.parametrize("code", ["200", "404", "999", "-", None])
def test_the_sql_form_works_on_a_qualified_column(connection, code):
    """The expression is over any column name of a query, with or without its table's alias."""
    name = response_code_name_sql("p.respcode", listed_code_sql("p.respcode"))
    sql = f"SELECT {name} FROM (SELECT CAST(? AS VARCHAR) AS respcode) p"
    assert connection.execute(sql, [code]).fetchall() == [(response_code_name(code),)]
