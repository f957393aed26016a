import pytest
from support.analysts_day import AnalystsDay
from support.storyboard_days import HOSTILE

from proxy_oa_assets.investigation import listed
from proxy_oa_assets.investigation.search import EarliestFound, earliest_found, expanded_search
from proxy_oa_assets.model.errors import InvestigationError
from proxy_oa_assets.sql.raw_log import referers

URI = "a.test/x?y"


def found(day: AnalystsDay, uri: str = URI, limit: int = 250) -> EarliestFound:
    return earliest_found(day.day, uri, limit, deployment=day.deployment)


def test_requests_to_and_from_a_uri_are_found_in_time_order(today: AnalystsDay) -> None:
    """Each once, even if both its URI and its referer are that URI; none of another URI or day."""
    AnalystsDay(today.home, today.day.plus(1)).write_raw({"fulluri": URI})
    today.write_raw(
        {"fulluri": "b.test/", "referer": URI, "p_time": "09:00:02"},
        {"fulluri": URI, "p_time": "10:00:00", "clientip": "10.0.0.2"},
        {"fulluri": URI, "referer": f"http://{URI}", "p_time": "09:00:01"},
        {"fulluri": "c.test/", "referer": f"https://{URI}", "p_time": "09:00:03"},
        {"fulluri": None, "referer": f"https://{URI}", "p_time": "09:00:04", "clientip": None},
        {"fulluri": f"{URI}z", "referer": f"http://{URI}z"},
        {"fulluri": "d.test/", "referer": f"ftp://{URI}"},
        {"fulluri": "e.test/", "referer": None},
    )

    search = found(today)

    assert " ".join(search.rows.columns) == (
        "p_date p_time clientip username duration fulluri webcat respcode reqmethod useragent resconttype "
        "referer uriport serverip scbytes csbytes"
    )
    times = ["09:00:01", "09:00:02", "09:00:03", "09:00:04", "10:00:00"]
    assert search.rows["p_time"].tolist() == times
    assert (search.total_rows, search.total_clients) == (5, 3)


def test_a_pasted_uri_is_found_unless_the_log_has_it_as_it_stands(today: AnalystsDay) -> None:
    """What a log wrote comes before what the text means as a paste."""
    uris = ["a.test/x", "a[.]test/x", "http://b.test/"]
    today.write_raw(*({"fulluri": uri} for uri in (*uris, "b.test", "c.test/#")))
    for text, uri in {
        **dict(zip(uris, uris, strict=True)),
        "hxxp://A[.]test/x#top": "a.test/x",
        "https://b.test:443/": "b.test",
        "c[.]test/#": None,
        "<>": None,
    }.items():
        rows = expanded_search(today.day, text, deployment=today.deployment)
        assert rows["fulluri"].tolist() == ([uri] if uri else []), text


def test_totals_count_all_matches(today: AnalystsDay) -> None:
    """At most `limit` rows are returned, the earliest ones."""
    today.write_raw(
        *(
            {"fulluri": URI, "p_time": f"{9 + n % 3:02d}:00:{n:02d}", "clientip": f"10.0.0.{n % 7}"}
            for n in range(40)
        )
    )

    search = found(today, limit=15)

    assert search.rows["p_time"].tolist() == [f"09:00:{second:02d}" for second in range(0, 40, 3)] + [
        "10:00:01"
    ]
    assert (search.total_rows, search.total_clients) == (40, 7)


def test_an_unlimited_search_is_a_frame_in_time_order(today: AnalystsDay) -> None:
    """Without a limit; the earliest ones are its first rows."""
    today.write_raw(
        *({"fulluri": URI, "p_time": f"{9 + n % 3:02d}:00:{n % 60:02d}", "scbytes": n} for n in range(400)),
        {"fulluri": "b.test/", "referer": f"http://{URI}", "p_time": "08:00:00"},
        {"fulluri": "b.test/"},
    )

    rows = expanded_search(today.day.key, URI, deployment=today.deployment)

    assert len(rows) == 401
    assert rows["p_time"].is_monotonic_increasing
    assert rows.head(250).equals(found(today).rows)


def test_a_search_without_matches_is_an_empty_frame(today: AnalystsDay) -> None:
    """With the same columns; a day without a log is an error."""
    with pytest.raises(InvestigationError, match=f"no log of {today.day}"):
        found(today)
    today.write_raw({"fulluri": "other"})
    search = found(today)
    assert (len(search.rows), len(search.rows.columns), search.total_rows, search.total_clients) == (
        0,
        16,
        0,
        0,
    )


def test_times_without_a_leading_zero_or_without_a_time_keep_their_place(today: AnalystsDay) -> None:
    """7:05:03 is 07:05:03; a request whose time is NULL comes last, and counts."""
    times = ["7:05:03", "07:05:04", "10:00:00", None]
    today.write_raw(*({"fulluri": URI, "p_time": time} for time in reversed(times)))

    assert (
        found(today).rows["p_time"].astype(object).where(lambda times: times.notna(), None).tolist() == times
    )
    assert found(today, limit=2).rows["p_time"].tolist() == times[:2]
    assert found(today).total_rows == 4


def test_many_times_are_searched_without_a_condition_on_each(
    today: AnalystsDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limit in the thousands goes through the day twice, with the same result."""
    today.write_raw(*({"fulluri": URI, "p_time": f"09:00:{second:02d}"} for second in range(30)))
    named = found(today, limit=20).rows
    monkeypatch.setattr(listed, "MOST_NAMED", 5)

    assert found(today, limit=20).rows.equals(named)
    assert len(named) == 20
    assert expanded_search(today.day, URI, deployment=today.deployment).head(20).equals(named)


def test_hostile_uris_match_only_themselves(today: AnalystsDay) -> None:
    """By URI and by referer; no text is executed, and a part of a URI doesn't match."""
    today.write_raw(
        *({"fulluri": f"h.test/{text}", "p_time": "09:00:00"} for text in HOSTILE),
        *(
            {"fulluri": "led.test/", "referer": f"http://h.test/{text}", "p_time": "09:00:01"}
            for text in HOSTILE
        ),
    )

    for text in HOSTILE:
        search = found(today, f"h.test/{text}")
        assert search.rows["fulluri"].tolist() == [f"h.test/{text}", "led.test/"]
        assert search.total_rows == 2


def test_null_is_the_word_null_and_a_missing_referer_matches_nothing(today: AnalystsDay) -> None:
    """A URI called `-`, empty or NULL doesn't match the requests without a referer."""
    today.write_raw(
        {"fulluri": None},
        {"fulluri": "null"},
        {"fulluri": "-"},
        {"fulluri": ""},
        *({"fulluri": "b.test/", "referer": referer} for referer in ("-", "", "null", None)),
    )

    assert found(today, "null").total_rows == 2
    assert found(today, "-").total_rows == 1
    assert found(today, "").total_rows == 1


@pytest.mark.parametrize(
    ("uri", "also"),
    [
        ("a.test/x", ("http://a.test/x", "https://a.test/x")),
        ("a.test/x/", ("http://a.test/x/", "https://a.test/x/")),
        (
            "a.test",
            ("a.test/", "http://a.test", "http://a.test/", "https://a.test", "https://a.test/"),
        ),
        (
            "a.test/",
            ("a.test", "http://a.test", "http://a.test/", "https://a.test", "https://a.test/"),
        ),
        (
            "a.test:443",
            ("a.test:443/", *(f"http{s}://a.test:443{end}" for s in ("", "s") for end in ("", "/"))),
        ),
    ],
)
def test_a_referer_has_a_scheme_and_a_start_page_a_slash(uri: str, also: tuple[str, ...]) -> None:
    """As in real logs: `www.cnn.com` is the URI, `http://www.cnn.com/` the referer."""
    assert set(referers(uri)) == {uri, *also}


def test_a_limit_below_1_is_refused(embedded_day: AnalystsDay) -> None:
    """Nothing is searched for."""
    with pytest.raises(InvestigationError, match="limit is 0"):
        found(embedded_day, limit=0)


def test_a_filtered_search_has_its_own_totals_and_pages(today: AnalystsDay) -> None:
    """The filter narrows the rows by URI and those by referer; a page is a part of one order."""
    today.write_raw(
        *({"fulluri": URI, "clientip": f"10.0.{n}.1", "p_time": f"09:00:0{n // 2}"} for n in range(6)),
        {
            "fulluri": "led.test/",
            "referer": f"http://{URI}",
            "clientip": "10.0.9.1",
            "reqmethod": "POST",
            "p_time": "10:00:00",
        },
    )

    def page(**asked: object) -> EarliestFound:
        return earliest_found(today.day, URI, deployment=today.deployment, **asked)

    by_client = page(filters="client:10.0.1.1-10.0.4.1")
    assert (by_client.total_rows, by_client.total_clients) == (4, 4)
    assert page(filters="method:post").rows["fulluri"].tolist() == ["led.test/"]
    assert page(filters="verdict:high").total_rows == 0
    whole = expanded_search(today.day, URI, filters="-client:10.0.0.1", deployment=today.deployment)
    assert len(whole) == 6
    for offset in (0, 1, 3, 5):
        part = page(filters="-client:10.0.0.1", offset=offset, limit=2)
        assert part.rows.equals(whole.iloc[offset : offset + 2].reset_index(drop=True))
        assert part.total_rows == 6
    with pytest.raises(InvestigationError, match="is no field"):
        expanded_search(today.day, URI, filters="clinet:10.0.0.1", deployment=today.deployment)
