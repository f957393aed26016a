"""Arbitrary filters as analysts paste them: refused in words, or a condition and its complement."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.home import Home
from support.mutations import TEXT, damaged

from proxy_oa_assets.investigation.filter_fields import FIELD_OF
from proxy_oa_assets.investigation.filters import Filters, exactly
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.model.tables import PROXY, PROXY_SCORES
from proxy_oa_assets.sql.conditions import Rows
from proxy_oa_assets.sql.query import Query

DAY = Day.parse("2016-09-12")
VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                "evil[.]example",
                "hxxp://evil[.]example/a?b=c",
                "10.0.0.0/8",
                "10.0.0.1-10.0.0.9",
                "::1",
                "[::1]:80",
            ),
            *(
                "4xx",
                "404",
                ">1MB",
                "1kB-2MB",
                "1,5 MB",
                "09:00-11:30",
                "9:5",
                "25:00",
                "-",
                '"a b"',
                '"',
                '""""',
            ),
            *(
                "/a.*b/",
                "/(/",
                "/[/",
                "/(a+)+$/",
                "/\\\\d{1,9999}/",
                "/(?<x>a)/",
                "=exact",
                "a*b?c",
                "%_\\\\",
                "GET",
            ),
            *(
                "\u201cquoted\u201d",
                "\u2212x",
                "b\u00fccher.example",
                "xn--bcher-kva.example",
                "{}",
                "'; --",
                "NOT",
            ),
        ]
    ),
    TEXT,
)
KEYS = st.sampled_from([*FIELD_OF, "", "", "", "no", "CLIENT", "host ", "http"])
TERMS = st.tuples(st.sampled_from(["", "", "-", "!", "NOT ", "not(", "--", "\u2212"]), KEYS, VALUES).map(
    lambda parts: f"{parts[0]}{parts[1]}{':' if parts[1] else ''}{parts[2]}"
)
TEXTS = st.lists(TERMS, max_size=5).flatmap(
    lambda terms: st.sampled_from([" ", ", ", "\n", " AND ", "\r\n- ", " OR ", ";"]).map(
        lambda by: by.join(terms)
    )
)
DAMAGED = TEXTS.flatmap(lambda text: damaged(text.encode("utf-8", "surrogatepass"))).map(
    lambda content: content.decode("utf-8", "surrogateescape")
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a sample day of requests."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.write_sample(views=5, ranked=False)
    return home


def _rows(home: Home, filters: Filters) -> int:
    condition = filters.condition(PROXY, DAY, home.deployment)
    found = home.deployment.impala.query(
        Query(f"SELECT count(*) AS n FROM proxy WHERE y = '2016' AND ({condition.sql})", condition.values)
    )
    return int(found["n"][0])


@fuzz("filters", short=40, text=TEXTS | DAMAGED, is_run=st.integers(0, 39).map(lambda number: number == 0))
def test_a_filter_is_refused_in_words_or_has_a_complement(home: Home, text: str, is_run: bool) -> None:
    """A filter binds its values, and a term and its negation share all rows; else an error says why."""
    try:
        found = Filters.parse(text)
    except InvestigationError as error:
        assert 10 < len(str(error)) < 1_500
        return
    for table in (PROXY, PROXY_SCORES):
        condition = found.on(Rows(table, DAY))
        assert condition.sql.isascii()
        assert len(condition.values) == condition.sql.count("?")
    if is_run and found:
        term = found.terms[0]
        both = [_rows(home, Filters((replace(term, negated=is_not),))) for is_not in (False, True)]
        assert sum(both) == _rows(home, Filters())


@fuzz("exact terms", short=15, value=st.text(min_size=1) | TEXT.filter(bool))
def test_an_exact_term_means_the_value_itself(value: str) -> None:
    """What a click makes of a value of the data is a term for it alone, of any characters."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        return
    (term,) = Filters.parse(exactly("agent", value)).terms
    assert [each.text for each in term.values] == [value]
    assert not term.negated


@pytest.mark.parametrize(
    "term",
    [
        *("time:{}", "code:{}", "sent:{}", "verdict:{}", "severity:{}", "client:{}/8", "type:*{}", "{}:1"),
        *("client:10.0.0.9-10.0.0.1{}", "uri:/({}/", "uri:/(?={})/", "uri:/{}|/"),
    ],
)
def test_an_error_quotes_the_ends_of_a_long_value(term: str) -> None:
    """A paste of thousands of characters would push the remedy out of sight."""
    with pytest.raises(InvestigationError) as raised:
        Filters.parse(term.format("x" * 5_000))
    assert len(str(raised.value)) < 500
    assert "x…x" in str(raised.value)
