import pytest
from support.hostile import VALUES

from proxy_oa_assets.ranking import reasons
from proxy_oa_assets.ranking.reasons import adjusted_by, in_words, parsed, sentence

_KNOWN = {
    "beacon": "it asks at regular intervals",
    "rare_host": "few clients visit the site",
    "popular": "a popular site",
    "sigma": "a Sigma rule matches",
}
_SPOT = (
    "0_12_GET_3.9_text_7_6_200",
    "2_0_POST_inf_-_0_4_404",
    "1_7_CONNECT_0_application_12_5_null",
    "1_7_GET_0.3_text/html; charset=utf-8_12_5_200",
)
_ALMOST = (
    "beacon=0.93;",
    ";beacon=0.93",
    "beacon=0.93;;popular=-1",
    "Beacon=0.9",
    "beacon=0.93;0_12_GET",
    "beacon=1=2",
    "beacon=\u0661",
    "beacon",
    "leads_on",
    "led_from=a.example",
    "beacon=0.93;" * 1_000 + "popular=-1",
    "=",
    ";",
)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasons, "known_words", lambda: _KNOWN | reasons._OTHER_WORDS)


def test_reasons_are_read_strongest_first_and_those_against_suspicion_last():
    """Points order them; rarity, then surroundings, follow what sets the request apart."""
    word = "popular=-0.5;rare_host=1.8;led_from=a.example;beacon=0.93;leads_on;near=2.7;known_good=-2.0"
    assert in_words(word) == [
        "it asks at regular intervals",
        "few clients visit the site",
        "the client's other suspicious requests within minutes",
        "led here from a.example",
        "leads on to other suspicious hosts",
        "but: a user agent that is known to be good",
        "but: a popular site",
    ]
    assert in_words(word, most=1)[:2] == ["it asks at regular intervals", "led here from a.example"]
    assert sentence("popular=-0.5;beacon=0.9") == "it asks at regular intervals; but: a popular site"


def test_feedback_says_which_way_it_went():
    """The same name has two meanings, by its sign."""
    assert in_words("beacon=1;feedback=-1.5")[-1] == "but: analysts gave similar traffic a low severity"
    assert in_words("beacon=1;feedback=2")[0] == "analysts gave similar traffic a high severity"


def test_a_rule_is_named_after_its_signal():
    """A reason of a kind, such as a Sigma rule, has the kind's words and its own title."""
    assert in_words("sigma:Odd download (A. Author)=0.9") == [
        "a Sigma rule matches: Odd download (A. Author)"
    ]


def test_an_unknown_reason_is_shown_as_it_is():
    """A newer version's signal is read by its name and points."""
    assert in_words("later_sign=1.2;other:thing=0.5") == ["later_sign=1.2", "other:thing=0.5"]


def test_any_other_word_is_shown_as_it_is():
    """spot-ml's words, another ranking's, and data that looks almost like ours, have no reasons of ours."""
    for word in (*_SPOT, *_ALMOST):
        assert parsed(word) == ()
        assert adjusted_by(word) == 0
    for word in (*_SPOT, *_ALMOST, *filter(None, VALUES)):
        assert in_words(word) == [word]


def test_no_word_has_no_reasons():
    """NULL, in a frame None or NaN, is no reason."""
    assert [in_words(word) for word in (None, "", float("nan"), 7)] == [[]] * 4


def test_a_hostile_host_in_a_word_of_ours_is_data():
    """A text of another system's is neither lost nor shortened."""
    for value in VALUES:
        assert value in "".join(in_words(f"beacon=0.9;led_from={value}"))


def test_what_counts_by_now_replaces_the_word_s_adjustments():
    """Feedback of the ranking is taken out, and another ranking's word is followed by today's."""
    word = "beacon=0.93;leads_on;feedback=-1.5;own_domain=-2"
    assert adjusted_by(word) == -3.5
    assert in_words(word, "") == ["it asks at regular intervals", "leads on to other suspicious hosts"]
    assert in_words(word, "feedback=2")[0] == "analysts gave similar traffic a high severity"
    assert in_words("0_12_GET", "known_good=-2") == ["0_12_GET", "but: a user agent that is known to be good"]
