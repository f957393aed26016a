"""Arbitrary conf files: the column maps of a valid one, or an error that names the file and the entry."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.mutations import changed, damaged, encoded

from proxy_oa_assets.model.column_map import RESULT_FIELDS, load_column_map
from proxy_oa_assets.model.errors import ConfError
from proxy_oa_assets.model.tables import PROXY_SCORES

VALID = json.loads((Path(__file__).parents[2] / "proxy_conf.json").read_text("utf-8"))


@st.composite
def conf(draw) -> object:
    """Return the shipped conf with its results columns in another order and some entries changed."""
    content = json.loads(json.dumps(VALID))
    names = draw(st.permutations(RESULT_FIELDS)) if draw(st.booleans()) else list(RESULT_FIELDS)
    names += draw(st.lists(st.text(max_size=3), max_size=2))
    content["proxy_results_fields"] = {name: index for index, name in enumerate(names)}
    section = draw(st.sampled_from([*VALID, None]))
    if section:
        content[section] = draw(changed(content[section]))
        return content
    return draw(changed(content))


TEXTS = conf().map(
    lambda content: json.dumps(content, ensure_ascii=False).encode("utf-8", "replace").decode()
)
CONTENTS = TEXTS.flatmap(encoded) | TEXTS.flatmap(lambda text: damaged(text.encode()))


def is_valid(content: object) -> bool:
    """Return whether a conf fits, by the contract's words."""
    try:
        results, scores, looked_up = (content[name] for name in VALID)
        orders = [sorted(each.values()) == list(range(len(each))) for each in (results, scores)]
        whole = all(type(index) is int for each in (results, scores, looked_up) for index in each.values())
        ((name, index),) = looked_up.items()
        texts = [column.name for column in PROXY_SCORES.columns if column.type == "STRING"]
        return (
            all(orders)
            and whole
            and set(RESULT_FIELDS) <= set(results)
            and scores == {name: at for at, name in enumerate(PROXY_SCORES.column_names)}
            and index == scores[name]
            and name in texts
            and name not in ("uri_rep", "respcode_name", "network_context")
        )
    except (TypeError, ValueError, KeyError, AttributeError):
        return False


def plain(content: bytes) -> object:
    """Return the JSON of a conf; None if it is none, or repeats a name."""

    def once(pairs):
        if len(dict(pairs)) < len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        return json.loads(content, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None


@fuzz("proxy_conf.json", short=25, content=CONTENTS)
def test_a_conf_fits_or_its_error_names_the_file_and_what_is_wrong(content: bytes) -> None:
    """A conf is taken if it fits by the contract; else a short, printable error names the file."""
    given = plain(content)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "conf.json"
        path.write_bytes(content)
        try:
            found = load_column_map(path)
        except ConfError as error:
            assert str(error).startswith(str(path))
            assert len(str(error)) < 1_000
            assert str(error).isprintable()
            assert not is_valid(given)
            return
    assert is_valid(given)
    indexes = given["proxy_results_fields"]
    assert list(found.results) == sorted(indexes, key=indexes.get)
    assert [found.reputation_column] == list(given["add_reputation"])
