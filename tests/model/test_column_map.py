import json

import pytest

from proxy_oa_assets.model.column_map import RESULT_FIELDS, load_column_map
from proxy_oa_assets.model.errors import ConfError
from proxy_oa_assets.model.files import bundled
from proxy_oa_assets.model.tables import PROXY_SCORES

RESULTS, SCORES, REPUTATION = "proxy_results_fields", "proxy_score_fields", "add_reputation"


@pytest.fixture
def shipped():
    """Return the content of the shipped conf, to be changed."""
    return json.loads(bundled("proxy_conf.json").read_text(encoding="utf-8"))


@pytest.fixture
def load(tmp_path):
    """Return a function that writes a conf (an object, or its text) and loads it."""

    def written(content):
        path = tmp_path / "conf.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return load_column_map(path)

    return written


def test_the_shipped_conf_has_the_contract_s_order():
    """The 21 columns as spot-ml writes them, and the full URI to look up."""
    conf = load_column_map(bundled("proxy_conf.json"))
    assert conf.results == RESULT_FIELDS
    assert len(conf.results) == 21
    assert conf.reputation_column == "fulluri"


def test_a_site_may_reorder_results_and_add_columns(load, shipped):
    """The conf decides the file's order; further columns are the site's own."""
    names = [*reversed(RESULT_FIELDS), "proxy_name", "tenant"]
    shipped[RESULTS] = {name: index for index, name in enumerate(names)}
    assert load(shipped).results == tuple(names)


def test_another_column_may_be_looked_up(load, shipped):
    """`add_reputation` names the column of proxy_scores whose values go to the services."""
    shipped[REPUTATION] = {"host": 3}
    assert load(shipped).reputation_column == "host"


@pytest.mark.parametrize("name", RESULT_FIELDS)
def test_a_missing_results_column_is_named(load, shipped, name):
    """Each of the 21 columns is required; the message names the one that is missing."""
    del shipped[RESULTS][name]
    with pytest.raises(ConfError, match=rf"{RESULTS}\.{name} is missing"):
        load(shipped)


@pytest.mark.parametrize("name", PROXY_SCORES.column_names)
def test_a_missing_scores_column_is_named(load, shipped, name):
    """Each of the 24 columns of proxy_scores is required."""
    del shipped[SCORES][name]
    with pytest.raises(ConfError, match=rf"{SCORES}\.{name} is missing"):
        load(shipped)


@pytest.mark.parametrize("index", [-1, 2.0, 1.5, "2", None, True, [2], {}])
@pytest.mark.parametrize("section", [RESULTS, SCORES])
def test_an_index_that_is_no_whole_number_is_named(load, shipped, section, index):
    """Only a whole number from 0 is an index; True isn't one, though Python counts it as 1."""
    shipped[section]["clientip"] = index
    with pytest.raises(ConfError, match=rf"{section}\.clientip is .*whole number"):
        load(shipped)


@pytest.mark.parametrize("index", [True, 18.0, "18", None])
def test_a_reputation_index_that_is_no_whole_number_is_named(load, shipped, index):
    """The index of `add_reputation` follows the same rule."""
    shipped[REPUTATION]["fulluri"] = index
    with pytest.raises(ConfError, match=rf"{REPUTATION}\.fulluri is .*whole number"):
        load(shipped)


def test_two_columns_on_one_index_are_both_named(load, shipped):
    """Two columns can't stand in the same place."""
    shipped[RESULTS]["word"] = 18
    with pytest.raises(ConfError, match=r"word and .*fulluri both have index 18"):
        load(shipped)


def test_a_gap_is_named_by_its_index(load, shipped):
    """An index between the columns that no column has is a mistake, not an ignored field."""
    shipped[RESULTS]["tenant"] = 22
    with pytest.raises(ConfError, match=rf"{RESULTS} .*index 21"):
        load(shipped)


def test_scores_in_another_order_than_the_table_are_refused(load, shipped):
    """proxy_scores is written by position, so its columns stand in the table's order."""
    shipped[SCORES] |= {"tdate": 1, "time": 0}
    with pytest.raises(ConfError, match=rf"{SCORES}\.time is 0.*tdate"):
        load(shipped)


def test_a_scores_column_that_the_table_lacks_is_refused(load, shipped):
    """The table proxy_scores has 24 columns and no site's own."""
    shipped[SCORES]["tenant"] = 24
    with pytest.raises(ConfError, match=rf"{SCORES}\.tenant"):
        load(shipped)


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ({"fulluri": 17}, r"add_reputation\.fulluri is 17.*18"),
        ({"tenant": 18}, r"add_reputation\.tenant"),
        ({}, "add_reputation names 0 columns"),
        ({"fulluri": 18, "host": 3}, "add_reputation names 2 columns"),
    ],
)
def test_a_reputation_column_that_does_not_fit_is_named(load, shipped, section, named):
    """`add_reputation` is exactly one column of proxy_scores with its own index."""
    shipped[REPUTATION] = section
    with pytest.raises(ConfError, match=named):
        load(shipped)


@pytest.mark.parametrize("name", ["uri_rep", "respcode_name", "network_context", "duration", "ml_score"])
def test_a_reputation_column_that_services_cannot_be_asked_about_is_refused(load, shipped, name):
    """What is filled after the look-up has nothing to ask about, and a number names no site."""
    shipped[REPUTATION] = {name: shipped[SCORES][name]}
    with pytest.raises(ConfError, match=rf"{REPUTATION}\.{name} "):
        load(shipped)


@pytest.mark.parametrize("section", [RESULTS, SCORES, REPUTATION])
@pytest.mark.parametrize("content", [None, [], "fulluri", 3])
def test_a_section_that_is_no_object_is_named(load, shipped, section, content):
    """All three objects have to be there."""
    shipped[section] = content
    with pytest.raises(ConfError, match=section):
        load(shipped)


def test_a_column_that_stands_there_twice_is_named(load, shipped):
    """JSON readers silently take the last of two equal keys; a conf with two is a mistake."""
    text = json.dumps(shipped).replace('"word": 19', '"word": 19, "word": 19', 1)
    with pytest.raises(ConfError, match=r"'word'.*twice"):
        load(text)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\ufeff{}", "{'fulluri': 18}"])
def test_a_text_that_is_no_conf_names_the_file(load, tmp_path, text):
    """The message names the file for every problem in it."""
    with pytest.raises(ConfError, match=r"conf\.json") as caught:
        load(text)
    assert str(tmp_path) in str(caught.value)


def test_a_file_that_cannot_be_read_names_itself_and_the_setting(tmp_path):
    """A missing file and one that isn't UTF-8 are refused alike."""
    latin = tmp_path / "latin.json"
    latin.write_bytes('{"\u00fc": 1}'.encode("latin-1"))
    for path in (tmp_path / "missing.json", latin, tmp_path):
        with pytest.raises(ConfError, match="PROXY_OA_CONF") as caught:
            load_column_map(path)
        assert str(path) in str(caught.value)


def test_a_name_of_any_length_and_characters_gives_a_message_that_people_can_read(load, shipped):
    """A conf that another program wrote can hold anything: nothing of it steers a terminal or fills a log."""
    shipped["add_reputation"] = {"\x1b[31m" + "x" * 5_000: 18}
    with pytest.raises(ConfError) as caught:
        load(shipped)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000
