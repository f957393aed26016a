import pandas as pd

from proxy_oa_assets.enrichment.severity import severities


def _scored(*rows):
    return pd.DataFrame(
        {
            "fulluri": pd.Series([uri for uri, _ in rows], dtype="str"),
            "uri_sev": pd.Series([severity for _, severity in rows], dtype="Int32"),
        }
    )


def _uris(*values):
    return pd.Series(values, dtype="str")


def test_what_nobody_scored_is_zero():
    """Step 6: 0 until an analyst scores the URI."""
    assert severities(_uris("a", "b"), _scored()).tolist() == [0, 0]


def test_a_score_already_given_is_kept_for_every_row_of_the_uri():
    """Each connection of a scored URI has its severity, the others stay 0, the order stays."""
    given = severities(_uris("a", "b", "a", "c"), _scored(("a", 3), ("c", 1)))
    assert given.tolist() == [3, 0, 3, 1]


def test_of_two_scores_the_gravest_counts():
    """Spot's own tables can hold a URI twice; 1 is graver than 3."""
    assert severities(_uris("a"), _scored(("a", 3), ("a", 1), ("a", 2))).tolist() == [1]


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
