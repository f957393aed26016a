"""Arbitrary files that a site gives the ranking: used as they say, or refused with the file and the line."""

import math
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import example
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.mutations import JSON, TEXT, changed, damaged, encoded

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import LabelsError, RankingError
from proxy_oa_assets.ranking.host_lists import LISTS, Lists
from proxy_oa_assets.ranking.labels import read_labels
from proxy_oa_assets.ranking.voices.sigma_rules import read_rules
from proxy_oa_assets.ranking.weights import read_weights

DAY = Day.parse("2016-09-12")
WEIGHTS = files("proxy_oa_assets.ranking").joinpath("weights.toml").read_text(encoding="utf-8")
NUMBERS = st.sampled_from(
    [
        "0",
        "-1",
        "1.5",
        "nan",
        "inf",
        "-inf",
        "1e309",
        "9" * 5_000,
        "true",
        '"1"',
        "[]",
        "{}",
        "[" * 80 + "]" * 80,
    ]
) | st.floats().map(str)


@st.composite
def weights(draw) -> bytes:
    """Return the shipped weights with a few values or names changed, doubled, removed or damaged."""
    lines = WEIGHTS.split("\n")
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(lines) - 1))
        name = lines[place].partition("=")[0].strip() or "unknown"
        number = draw(NUMBERS)
        lines[place] = draw(
            st.sampled_from(["", lines[place] * 2, f"{name}x = 1", *[f"{name} = {number}"] * 3])
        )
    text = "\n".join(lines)
    return draw(st.sampled_from([encoded(text), damaged(text.encode())]).flatmap(lambda each: each))


@fuzz("weights.toml", short=15, content=weights())
def test_weights_are_finite_or_refused_by_name(content: bytes) -> None:
    """Weights are numbers that points can be made of; else one RankingError names the file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "weights.toml"
        path.write_bytes(content)
        try:
            found = read_weights(path)
        except RankingError as error:
            assert str(path) in str(error)
            return
    assert all(map(math.isfinite, (*found.signals.values(), *found.families.values(), found.same_again)))
    text = content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", "replace")
    if "\x00" not in text:
        own = tomllib.loads(text).get("signals", {})
        assert {name: found.signals[name] for name in own} == {name: float(own[name]) for name in own}


LINES = (
    st.sampled_from(
        [
            *(
                "a.example",
                ".b.example",
                "*.c.example",
                "1,d.example",
                "E.Example.",
                "b\u00fccher.example",
                "x" * 70,
            ),
            *(
                "# as of: 2026-13-45",
                "# as of: 2026-01-31",
                "# note",
                "",
                "http://a.example/",
                "10.0.0.1",
                "a b",
                "-",
            ),
            *(
                "!city.kawasaki.jp",
                "*.ck",
                "// ===BEGIN PRIVATE DOMAINS===",
                "!",
                "*",
                "xn--",
                "\u0430.example",
                "a..b",
            ),
        ]
    )
    | TEXT
)
CONTENTS = st.lists(LINES, max_size=6).map("\n".join).flatmap(encoded) | st.binary(max_size=30)


@fuzz(
    "site lists of domains",
    short=15,
    name=st.sampled_from([*LISTS, "known_good_agents"]),
    content=CONTENTS,
)
def test_a_sites_list_has_domains_or_its_error_names_the_line(name: str, content: bytes) -> None:
    """Each entry is a domain as DNS spells it; a line that is none is refused by file and number."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.txt"
        path.write_bytes(content)
        lists = Lists(Path(folder))
        try:
            found = lists.known_good_agents() if name == "known_good_agents" else lists.domains(name)
            own = lists._of(name, path.name, len(found))
        except RankingError as error:
            assert str(path) in str(error)
            return
    assert own.is_own
    if name != "known_good_agents":
        assert all(re.fullmatch(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", each) for each in found)


LABELS = st.lists(
    st.lists(
        st.sampled_from(["2016-09-12", "2016-09-13", "10.0.0.7", "evil.example", "confirmed", "benign", '"x'])
        | TEXT.map(lambda text: text[:99]),
        min_size=3,
        max_size=5,
    ).map(",".join)
    | st.just("2016-09-12,10.0.0.7,Evil.example,confirmed"),
    max_size=6,
).map(lambda lines: "\n".join(["p_date,clientip,host,label", *lines]))


@fuzz(
    "labels", short=25, content=LABELS.flatmap(encoded) | LABELS.flatmap(lambda text: damaged(text.encode()))
)
def test_labels_are_read_or_the_line_is_named(content: bytes) -> None:
    """A labelled pair is of a line of the day; what can't be used is named by its file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "labels.csv"
        path.write_bytes(content)
        try:
            found = read_labels(path, DAY)
        except LabelsError as error:
            assert str(error).startswith(str(path))
            return
    assert found.confirmed <= found.bad
    assert found.bad
    for client, host in found.bad:
        assert host == host.lower()
        if content.isascii() and b"\x00" not in content:
            assert any(
                client.encode() in line and host.encode() in line.lower()
                for line in re.split(rb"[\r\n]", content)
                if DAY.key.encode() in line
            )


RULE = {
    "title": "Download of a script",
    "id": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
    "status": "test",
    "author": "A. Author",
    "level": "high",
    "logsource": {"category": "proxy"},
    "detection": {
        "selection": {"c-uri|contains": ["/evil", "x*y?z"], "cs-method": "GET", "sc-status": 200},
        "filter": {"c-useragent|startswith": "Mozilla"},
        "condition": "selection and not filter",
    },
}
MODIFIED = st.sampled_from(
    "c-uri|re c-uri|cidr src_ip|cidr c-uri|base64offset|contains sc-bytes|gte c-uri|exists c-uri|fieldref "
    "c-uri|endswith|cased c-uri|all |contains c-uri|windash cs-host|expand r-dns".split()
)
CONDITIONS = st.sampled_from(
    [
        *(
            "1 of selection*",
            "all of them",
            "selection | count() > 3",
            "not selection",
            "((selection)",
            "",
            "nothing",
        ),
        *(
            "not " * 60 + "selection",
            "(" * 300 + "selection" + ")" * 300,
            "selection and " * 300 + "selection",
        ),
    ]
)


@st.composite
def rules(draw) -> bytes:
    """Return a rule with another modifier or condition, and parts changed; most are YAML."""
    rule = yaml.safe_load(yaml.safe_dump(RULE))
    if draw(st.booleans()):
        rule["detection"]["selection"] = {draw(MODIFIED): draw(JSON)}
    if draw(st.integers(0, 2)) == 0:
        rule["detection"]["condition"] = draw(CONDITIONS)
    rule = draw(changed(rule, most=2))
    try:
        content = yaml.safe_dump(rule).encode("utf-8", "replace")
    except (yaml.YAMLError, RecursionError):
        return b"category: proxy\n"
    return draw(damaged(content, most=1)) if draw(st.integers(0, 3)) == 0 else content


@example(
    yaml.safe_dump(
        {**RULE, "detection": {"selection": {"c-uri|re": None}, "condition": "selection"}}
    ).encode()
)
@example(b'category: proxy\n"\\UFFFFFFFF": 1\n')
@example(yaml.safe_dump({**RULE, "detection": {**RULE["detection"], "condition": None}}).encode())
@fuzz("Sigma rules", short=10, content=rules())
def test_a_damaged_rule_costs_no_other(content: bytes) -> None:
    """A damaged rule is used, or refused with its file and one line; the rule beside it stays."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.yml").write_bytes(content)
        (folder / "b.yml").write_text(yaml.safe_dump(RULE), encoding="utf-8")
        found = read_rules(folder)
    good = [rule for rule in found.rules if rule.title == RULE["title"]]
    assert good
    assert all(each.file == "a.yml" for each in found.refused)
    assert all(0 <= rule.weight <= 1 for rule in found.rules)
    assert all("\n" not in note for note in found.notes(folder))
