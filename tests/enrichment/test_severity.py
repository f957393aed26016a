import pandas as pd

from proxy_oa_assets.enrichment.score_columns import gravest_severities, severities


def _scored(*rows):
    return pd.DataFrame(
        {
            "fulluri": pd.Series([uri for uri, _ in rows], dtype="str"),
            "uri_sev": pd.Series([severity for _, severity in rows], dtype="Int32"),
        }
    )


def _uris(*values):
    return pd.Series(values, dtype="str")


def test_an_unscored_uri_has_severity_zero():
    """Step 6: 0 until an analyst scores the URI."""
    assert severities(_uris("a", "b"), _scored()).tolist() == [0, 0]


def test_a_score_already_given_is_kept_for_every_row_of_the_uri():
    """Each connection of a scored URI has its severity, the others stay 0, the order stays."""
    given = severities(_uris("a", "b", "a", "c"), _scored(("a", 3), ("c", 1)))
    assert given.tolist() == [3, 0, 3, 1]


def test_of_two_scores_the_gravest_counts():
    """Spot's own tables can hold a URI twice; 1 is graver than 3."""
    assert severities(_uris("a"), _scored(("a", 3), ("a", 1), ("a", 2))).tolist() == [1]


def test_only_1_2_and_3_are_severities():
    """A row with 0 or another number beside a row with 1 doesn't hide it, and is no severity by itself."""
    scored = _scored(("a", 0), ("a", 1), ("b", 0), ("c", -1), ("c", 3), ("d", 4))
    assert severities(_uris("a", "b", "c", "d"), scored).tolist() == [1, 0, 3, 0]
    gravest = gravest_severities(scored)
    assert gravest.to_dict("list") == {"fulluri": ["a", "c"], "uri_sev": [1, 3]}


def test_the_gravest_severities_come_first():
    """Sorted by severity, then by URI; the rows' order doesn't matter."""
    gravest = gravest_severities(_scored(("b", 3), ("z", 1), ("b", 2), ("a", 2)))
    assert gravest["fulluri"].tolist() == ["z", "a", "b"]


def test_a_null_in_the_table_scores_nothing():
    """A row without a severity, or without a URI, isn't a score."""
    assert severities(_uris("a", None), _scored(("a", None), (None, 2))).tolist() == [0, 0]


def test_uris_match_whole_and_exactly():
    """No trimming, no case folding, no prefix: a URI is an opaque text."""
    scored = _scored(("evil.example/a", 1))
    near = _uris("evil.example/A", "evil.example/a ", "evil.example/", "evil.example/a%20")
    assert severities(near, scored).tolist() == [0, 0, 0, 0]


def test_the_severities_are_whole_numbers_for_any_number_of_rows():
    """The column is int64 with and without scores, and for a day without rows."""
    for uris in (_uris(), _uris("a")):
        for scored in (_scored(), _scored(("a", 2))):
            given = severities(uris, scored)
            assert given.dtype == "int64"
            assert len(given) == len(uris)
