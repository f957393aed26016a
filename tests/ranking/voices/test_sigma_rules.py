"""What is read of a folder of Sigma rules."""

import pytest

pytest.importorskip("sigma", reason="the extra `sigma` isn't installed")

from proxy_oa_assets.ranking.voices.sigma_rules import read_rules

GOOD = """
title: A good rule
author: A. Author, @b
status: test
level: high
logsource: {category: proxy}
detection:
  s: {c-useragent|contains: badagent}
  condition: s
"""
REFUSED = {
    "no YAML": ("logsource: {category: proxy\n  - [", "it is no Sigma rule"),
    "a character beyond Unicode": (GOOD.replace("A good rule", r'"\U00110000"'), "it is no Sigma rule"),
    "a character far beyond Unicode": (GOOD.replace("A good rule", r'"\UFFFFFFFF"'), "it is no Sigma rule"),
    "an impossible date": (f"date: 2016-02-30{GOOD}", "it is no Sigma rule"),
    "a number without digits": (f"x: !!int ''{GOOD}", "it is no Sigma rule"),
    "no truth value": (f"x: !!bool perhaps{GOOD}", "it is no Sigma rule"),
    "a list": ("- category: proxy\n- b", "it is no Sigma rule"),
    "a text": ("'category: proxy'", "it is no Sigma rule"),
    "keys that are no texts": ("1: {category: proxy}\n2: [category: proxy]", "must have a title"),
    "no detection": (GOOD.partition("detection")[0], "must have a detection"),
    "no title": (GOOD.replace("title: A good rule", ""), "title"),
    "an unknown modifier": (GOOD.replace("contains", "smells"), "Unknown modifier"),
    "a condition without a value": (GOOD.replace("condition: s", "condition:"), "None is no text"),
    "a condition that is a mapping": (GOOD.replace("condition: s", "condition: {}"), "{} is no text"),
    "a condition of a number": (GOOD.replace("condition: s", "condition: [s, 1]"), "1 is no text"),
    "an unknown selection": (GOOD.replace("condition: s", "condition: t"), "'t' not defined"),
    "an unfinished condition": (GOOD.replace("condition: s", "condition: s and"), "Expected"),
    "the deprecated pipe": (GOOD.replace("condition: s", "condition: s | count() > 3"), "pipe syntax"),
    "an invalid expression": (GOOD.replace("contains: badagent", "re: '(a'"), "invalid"),
    "a look-ahead": (GOOD.replace("contains: badagent", "re: 'a(?!b)'"), "invalid"),
    "a back-reference": (GOOD.replace("contains: badagent", "re: '(a)\\1'"), "invalid"),
    "an expression of every text": (GOOD.replace("contains: badagent", "re: 'a*'"), "matches an empty text"),
    "a class in a class": (GOOD.replace("contains: badagent", "re: '[[:alpha:]]'"), "read its regular expr"),
    "a Python group": (GOOD.replace("contains: badagent", "re: '(?P<x>a)'"), "read its regular expression"),
    "an expression without a value": (GOOD.replace("contains: badagent", "re:"), "None is no text"),
    "an expression that is a number": (
        GOOD.replace("contains: badagent", "re: 404"),
        "404 is no text; put it",
    ),
    "an expression that is a mapping": (GOOD.replace("contains: badagent", "re: {a: b}"), "is no text"),
    "a placeholder": (GOOD.replace("contains: badagent", "contains|expand: '%agents%'"), "%agents%"),
    "a part of a time": (
        GOOD.replace("c-useragent|contains: badagent", "sc-status|hour: 3"),
        "SigmaTimestamp",
    ),
    "no network": (GOOD.replace("c-useragent|contains: badagent", "src_ip|cidr: 10.0.0.1/8"), "CIDR"),
    "no field of ours": (
        GOOD.replace("c-useragent", "cs-cookie"),
        "for no request, because proxy has no cs-",
    ),
    "all requests": (
        GOOD.replace("c-useragent", "cs-cookie").replace(": s\n", ": not s\n"),
        "holds for every request",
    ),
    "a rule that another replaces": (GOOD.replace("status: test", "status: deprecated"), "is deprecated"),
    "a rule of no use": (GOOD.replace("status: test", "status: unsupported"), "its status is unsupported"),
    "a number within a text": (GOOD.replace("contains: badagent", "contains: 404"), "incompatible"),
    "a correlation": (
        """
title: C
correlation: {type: event_count, rules: [x], group-by: [src_ip], timespan: 1h, condition: {gte: 3}}
""",
        "correlation rules aren't supported",
    ),
}


def write(folder, name, content):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")


@pytest.mark.parametrize("kind", REFUSED)
def test_a_rule_that_cannot_be_used_is_named_and_costs_no_other(tmp_path, kind):
    """The file and the reason, in a line; the rule beside it is read."""
    content, reason = REFUSED[kind]
    write(tmp_path, "deep/bad.yml", content)
    write(tmp_path, "good.yml", GOOD)
    found = read_rules(tmp_path)
    assert [rule.title for rule in found.rules] == ["A good rule"]
    assert {each.file for each in found.refused} == {"deep/bad.yml"}
    assert reason in str(found.refused[0])
    assert "\n" not in "".join(map(str, found.refused))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """Its rule isn't missed silently."""
    (tmp_path / "gone.yml").symlink_to(tmp_path / "nowhere.yml")
    (refused,) = read_rules(tmp_path).refused
    assert str(refused) == "gone.yml: it can't be read: No such file or directory"


def test_bytes_that_are_not_utf_8_are_named(tmp_path):
    """A rule in Latin-1 would match other texts than its author wrote."""
    (tmp_path / "latin.yml").write_bytes(GOOD.replace("A. Author", "Ä. Author").encode("latin-1"))
    assert str(read_rules(tmp_path).refused[0]) == "latin.yml: it isn't UTF-8; save it as UTF-8"


def test_rules_for_other_logs_are_none_of_ours(tmp_path):
    """Each kind of fault is named; a folder can be SigmaHQ's whole repository."""
    write(tmp_path, "web.yml", GOOD.replace("category: proxy", "category: webserver"))
    write(tmp_path, "process.yml", "logsource: {category: process_creation}\ndetection: [")
    write(tmp_path, "README.md", GOOD)
    found = read_rules(tmp_path)
    assert (found.rules, found.refused, found.limited) == ((), (), ())


def test_a_rule_s_product_level_and_author_are_read(tmp_path):
    """Each product's rules count; a rule without a level is a medium one."""
    write(tmp_path, "a.yaml", GOOD.replace("category: proxy", "category: proxy, product: zeek, service: x"))
    write(
        tmp_path, "b.YML", "\N{BYTE ORDER MARK}" + GOOD.replace("level: high", "").replace("author", "note")
    )
    first, second = read_rules(tmp_path).rules
    assert (first.title, first.author, first.weight) == ("A good rule", "A. Author, @b", 0.8)
    assert (second.author, second.weight) == ("", 0.5)


def test_a_field_that_proxy_lacks_is_named_where_the_rest_of_the_rule_works(tmp_path):
    """Its condition never holds, so that a filter on it filters nothing."""
    write(
        tmp_path,
        "a.yml",
        GOOD.replace("condition: s", "f: {cs-cookie: x, cs-version: 1}\n  condition: s and not f"),
    )
    found = read_rules(tmp_path)
    assert len(found.rules) == 1
    assert [str(each) for each in found.limited] == [
        "a.yml: proxy has no cs-cookie, cs-version: conditions on it never hold"
    ]


def test_several_rules_of_a_file_each_count(tmp_path):
    """One that can't be used is named, and the others are read."""
    documents = GOOD, GOOD.replace("contains", "smells"), GOOD.replace("A good", "Another")
    write(tmp_path, "many.yml", "\n---\n".join(documents))
    found = read_rules(tmp_path)
    assert [rule.title for rule in found.rules] == ["A good rule", "Another rule"]
    assert len(found.refused) == 1


def test_a_sigma_filter_narrows_the_rules_that_it_names(tmp_path):
    """As Sigma's specification of filters says."""
    named = GOOD.replace("status:", "name: good_rule\nid: 5f6e8ab4-8f4c-4ac6-8e70-2b5c5a3bb0c0\nstatus:")
    write(tmp_path, "rule.yml", named)
    write(
        tmp_path,
        "filter.yml",
        """
title: A filter
logsource: {category: proxy}
filter:
  rules: [5f6e8ab4-8f4c-4ac6-8e70-2b5c5a3bb0c0]
  own: {cs-host: own.example}
  condition: not own
""",
    )
    found = read_rules(tmp_path)
    assert found.refused == ()
    assert "own.example" in found.rules[0].condition.values
