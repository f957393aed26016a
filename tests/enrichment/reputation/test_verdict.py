import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy_oa_assets.enrichment.reputation.verdict import (
    Category,
    Risk,
    Status,
    Verdict,
    decode,
    encode,
)

# What a service can say, with at least one character that doesn't separate answers.
NAMES = st.text().filter(lambda text: any(char not in ":;|" and not char.isspace() for char in text))
CATEGORIES = st.lists(st.builds(Category, NAMES, NAMES | st.just("")), max_size=3).map(tuple)
VERDICTS = st.builds(
    Verdict,
    service=NAMES,
    label=NAMES,
    risk=st.sampled_from(Risk),
    status=st.sampled_from(list(Status)),
    categories=CATEGORIES,
)


def test_the_values_are_the_contract_s():
    """-1 unverified, 0 none, 1 low, 2 medium, 3 high."""
    assert list(Risk) == [-1, 0, 1, 2, 3]
    assert [risk.name for risk in Risk] == ["UNVERIFIED", "NONE", "LOW", "MEDIUM", "HIGH"]


def test_verdicts_are_joined_by_two_colons():
    """The example of the specification, character by character."""
    gti = Verdict("gti", "High", Risk.HIGH, categories=(Category("Malicious Sites", "Risk"),))
    fb = Verdict("fb", "MALICIOUS", Risk.HIGH)
    assert encode([gti, fb]) == "gti:High:3:Malicious Sites|Risk::fb:MALICIOUS:3"


def test_categories_are_joined_by_semicolons_and_a_group_is_optional():
    """`CAT|GROUP;CAT`, after the value."""
    categories = (Category("phishing", "openphish"), Category("maltrail"))
    verdict = Verdict("blocklist", "HIGH", Risk.HIGH, categories=categories)
    assert verdict.encoded() == "blocklist:HIGH:3:phishing|openphish;maltrail"


def test_no_service_gives_the_empty_string():
    """Without a configured service, uri_rep is empty."""
    assert encode([]) == ""


@pytest.mark.parametrize("status", list(Status))
def test_the_status_is_not_encoded(status):
    """How an answer came about is for the run's metadata; the column holds the severity alone."""
    assert Verdict("vt", "UNVERIFIED", Risk.UNVERIFIED, status).encoded() == "vt:UNVERIFIED:-1"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a:b", "a b"),
        ("a;b|c", "a b c"),
        ("::a::", "a"),
        ("a\tb\nc", "a b c"),
        (" a ", "a"),
        ("http://x", "http //x"),
        ("\u0627\U0001f600", "\u0627\U0001f600"),
    ],
)
def test_separators_inside_a_text_become_a_space(text, written):
    """A service's own colons, semicolons, bars and line breaks can't forge another answer."""
    assert Verdict("s", text, Risk.LOW).encoded() == f"s:{written}:1"
    assert (
        Verdict("s", "LOW", Risk.LOW, categories=(Category(text, text),)).encoded()
        == f"s:LOW:1:{written}|{written}"
    )


@given(st.lists(VERDICTS, min_size=1, max_size=4))
def test_readers_get_every_verdict_back(verdicts):
    """Readers split on `::`, then on `:`; as many answers come out, each with its value and categories."""
    answers = encode(verdicts).split("::")
    assert len(answers) == len(verdicts)
    for answer, verdict in zip(answers, verdicts, strict=True):
        service, label, value, *categories = answer.split(":")
        assert service
        assert label
        assert int(value) == verdict.risk
        assert len(categories) == bool(verdict.categories)
        if categories:
            written = [category.split("|") for category in categories[0].split(";")]
            assert [len(parts) for parts in written] == [1 + bool(each.group) for each in verdict.categories]


@pytest.mark.parametrize("blank", ["", ":", " ;|", "\n"])
def test_a_blank_name_cannot_shift_the_verdict(blank):
    """A label without any readable character still leaves three parts, none of them a `::`."""
    encoded = encode([Verdict("s", blank, Risk.LOW), Verdict("t", "NONE", Risk.NONE)])
    assert [len(answer.split(":")) for answer in encoded.split("::")] == [3, 3]


def test_each_service_s_risk_is_decoded():
    """One severity per service; categories don't matter, and what is no answer is left out."""
    uri_rep = "vt:UNVERIFIED:-1::fb:MALICIOUS:3:malware|x;c2::list:NONE:0"

    assert {verdict.service: verdict.risk for verdict in decode(uri_rep)} == {"vt": -1, "fb": 3, "list": 0}
    assert decode("") == decode("an older note::half:an answer") == []


@given(st.lists(VERDICTS, max_size=4))
def test_encoded_verdicts_are_decoded(verdicts):
    """Service, label, value and categories come back; encoding them again gives the same text."""
    uri_rep = encode(verdicts)

    assert [verdict.risk for verdict in decode(uri_rep)] == [verdict.risk for verdict in verdicts]
    assert encode(decode(uri_rep)) == uri_rep
