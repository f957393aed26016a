"""What the second voices ask of the engine means the same in SQL as in Python, on each engine."""

import itertools
import math
from collections import Counter
from functools import cache

import pandas as pd
import pytest

pytest.importorskip("sigma", reason="the extra `sigma` isn't installed")

from support.raw_rows import raw_file
from support.sigma_oracle import holds, parsed_rule

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.ranking.voices.sigma_hits import hits_of_day
from proxy_oa_assets.ranking.voices.sigma_rules import read_rules
from proxy_oa_assets.ranking.voices.topic_words import words_of_day

DAY = Day.parse("2016-09-12")
HEAD = "author: A. Author\nstatus: test\nlogsource: {category: proxy, product: any}\n"

# A detection each; what they have in common with each other is only their engine.
DETECTIONS = r"""
s: {c-useragent: 'curl/7.1'} | s
s: {c-useragent: 'CURL/*'} | s
s: {c-useragent: '*bot?'} | s
s: {c-useragent: 'a*b?c*'} | s
s: {c-useragent: '?'} | s
s: {c-useragent: '*'} | s
s: {c-useragent: ''} | s
s: {c-useragent: null} | s
s: {c-useragent: '-'} | s
s: {c-useragent: ['', 'curl/7.1']} | s
s: {c-useragent|contains: ['%', 'wget']} | s
s: {c-useragent|contains: '_'} | s
s: {c-useragent|contains|all: ['mozilla', 'NT']} | s
s: {c-useragent|contains: 'a\*b'} | s
s: {c-useragent|contains: 'a\?b'} | s
s: {c-useragent|contains: 'back\\slash'} | s
s: {c-useragent|contains: 'back\slash'} | s
s: {c-useragent|contains: '\\\*'} | s
s: {c-useragent|contains: "it's"} | s
s: {c-useragent|contains: '${env:HOME}'} | s
s: {c-useragent|startswith: 'Mozilla'} | s
s: {c-useragent|startswith: 'm*(w'} | s
s: {c-useragent|endswith: ')'} | s
s: {c-useragent|endswith: 'straße'} | s
s: {c-useragent|contains: 'Ü'} | s
s: {c-useragent|cased: 'CURL/7.1'} | s
s: {c-useragent|contains|cased: 'NT'} | s
s: {c-useragent|re: '^curl/[0-9.]+$'} | s
s: {c-useragent|re: 'moz.*\(w'} | s
s: {c-useragent|re|i: 'moz.*\(w'} | s
s: {c-useragent|re|i|s: 'LINE.BREAK'} | s
s: {c-useragent|re|m: '^break'} | s
s: {c-useragent|re: 'back\\slash'} | s
s: {c-useragent|re|contains: 'a|b'} | s
s: {c-useragent|windash|contains: ' -enc'} | s
s: {c-useragent|base64|contains: 'secret'} | s
s: {c-useragent|base64offset|contains: 'secret'} | s
s: {c-useragent|wide|base64offset|contains: 'ab'} | s
s: {c-useragent|exists: true} | s
s: {cs-referrer|exists: false} | s
s: {c-useragent|neq: 'curl/7.1'} | s
s: {sc-status: 404} | s
s: {sc-status: '404'} | s
s: {sc-status: [200, 4*]} | s
s: {sc-status|gte: 400} | s
s: {sc-status|lt: 400} | s
s: {cs-bytes: 1000} | s
s: {cs-bytes|gt: 999} | s
s: {cs-bytes|lte: 999.5} | s
s: {sc-bytes|startswith: '1'} | s
s: {cs-bytes: null} | s
s: {src_ip|cidr: '10.0.0.0/8'} | s
s: {src_ip|cidr: ['172.16.0.0/12', '192.168.7.0/25']} | s
s: {src_ip|cidr: '10.1.2.3/32'} | s
s: {src_ip|cidr: '::1/128'} | s
s: {src_ip|cidr: ['fe80::/10', 'fc00::/7', '2001:db8::/32']} | s
s: {src_ip|cidr: '0.0.0.0/0'} | s
s: {cs-host|cidr: '10.0.0.0/8'} | s
s: {cs-host|fieldref: c-useragent} | s
s: {cs-referrer|fieldref|contains: cs-host} | s
s: {c-uri|fieldref|startswith: cs-host} | s
s: {c-uri|fieldref|endswith: c-uri-extension} | s
s: {c-uri|startswith: 'http'} | s
s: {c-uri|startswith: ['https://', 'ftp']} | s
s: {c-uri|startswith: 'a.example'} | s
s: {c-uri: 'http://a.example/'} | s
s: {c-uri: 'a.example'} | s
s: {c-uri|endswith: '/'} | s
s: {c-uri|endswith: 'example'} | s
s: {c-uri|contains: '://a'} | s
s: {cs-uri|re: '^a\.'} | s
s: {c-uri-query|contains: 'x=1'} | s
s: {c-uri-query|startswith: 'x'} | s
s: {c-uri-query|startswith: '\?x'} | s
s: {c-uri-stem|endswith: ['.php', '.EXE']} | s
s: {c-uri-extension: ['exe', 'php']} | s
s: {cs-method: post} | s
s: {cs-host|endswith: '.EXAMPLE', r-dns|startswith: 'a'} | s
s: {c-useragent|contains: 'curl'}; f: {cs-host: 'a.example'} | s and not f
s1: {cs-method: POST}; s2: {cs-method: GET}; f: {cs-host: 'a.example'} | 1 of s* and not 1 of f*
s1: {cs-method: POST}; s2: {sc-status: 404} | all of them
s1: {cs-method: POST}; s2: {sc-status: 404}; o: {cs-host: b} | (s1 or s2) and not o or o
s: [{cs-method: POST}, {sc-status: 404, cs-method: GET}] | s
k: [wget, 'back\slash', 404] | k
k: {'|all': [get, example]} | k
k: {'|re': 'G.T'} | not k
k: ['m*nt'] | k
s: {cs-cookie: x}; t: {cs-method: POST} | s or t
""".strip().splitlines()

AGENTS = [
    *(
        None,
        "-",
        "",
        "curl/7.1",
        "CURL/7.1",
        "curl/",
        "x",
        "somebot1",
        "somebot",
        "bot",
        "aXbYcZ",
        "abc",
        "%",
    ),
    *("100%_wget", "Mozilla/5.0 (Windows NT 10.0)", "mozilla nt", "a*b", "a?b", "aXb", "back\\slash", "\\*"),
    *("back\\\\slash", 'it\'s "quoted"', "${env:HOME}", "$ {env:HOME}", "Hauptstraße", "über", "line\nbreak"),
    *(
        "p /enc x",
        "p -Enc x",
        "p \N{EN DASH}enc",
        "c2VjcmV0",
        "xc2VjcmV0IHRleHQ=",
        "IHNlY3JldA==",
        "YQBiAA==",
    ),
    *("a.example", "\N{SNOWMAN}", "tab\tnewline\r\n", "?x", "404"),
]
HOSTS = [None, "", "-", "a.example", "A.Example", "b", "b.a.example", "10.1.2.3", "10.example", "[::1]"]
CLIENTS = [
    *("10.1.2.3", "10.1.2.33", "110.1.2.3", "172.16.0.1", "172.31.255.255", "172.32.0.1", "192.168.7.1"),
    *(
        "192.168.7.128",
        "::1",
        "fe80::1",
        "febf::2",
        "fec0::1",
        "fd00::1:2",
        "2001:db8::5",
        "2001:db9::5",
        "a",
    ),
]
CODES = ["200", "404", None, "-", "302", "", "4xx", "0", "-1", "407"]
METHODS = ["GET", "POST", None, "post", "-", "CONNECT"]
QUERIES = [None, "?x=1", "x=1", "-", "?", "?a=2&X=1", "", "??x"]
PATHS = [None, "/", "/a.php", "/d/b.exe", "-", "/A.PHP", ""]
EXTENSIONS = [None, "php", "exe", "-", "EXE", ""]
REFERERS = [None, "-", "", "http://a.example/x", "https://b.a.example/", "B"]
SCHEMES = [None, "http", "https", "-", "ftp", "HTTPS", ""]
BYTES = [None, 0, 999, 1000, 1001, 2**31 - 1, 10]


def requests():
    """Return requests in which each value of each column occurs, with others by turns."""
    columns = {
        "useragent": AGENTS,
        "host": HOSTS,
        "clientip": CLIENTS,
        "respcode": CODES,
        "reqmethod": METHODS,
        "uriquery": QUERIES,
        "uripath": PATHS,
        "uriextension": EXTENSIONS,
        "referer": REFERERS,
        "urischeme": SCHEMES,
        "csbytes": BYTES,
        "scbytes": BYTES[::-1],
        "uriport": ["80", "443", None],
        "serverip": ["10.9.9.9", None],
        "resconttype": ["text/html", None],
        "username": [None, "-", "jane"],
    }
    turns = {name: itertools.cycle(values) for name, values in columns.items()}
    rows = [{name: next(turn) for name, turn in turns.items()} for _ in range(400)]
    for row in rows:
        path, query = ("" if len(row[name] or "") < 2 else row[name] for name in ("uripath", "uriquery"))
        row["fulluri"] = None if row["host"] is None else f"{row['host']}{path}{query}"
        row |= {"p_date": DAY.key, "p_time": "10:00:00"}
    return rows


def rule_text(detection):
    """Return a rule of a line of DETECTIONS."""
    parts, _, condition = detection.rpartition(" | ")
    searches = "".join(f"  {part}\n" for part in parts.split("; "))
    return f"title: Rule\n{HEAD}detection:\n{searches}  condition: {condition}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a rule of each detection."""
    folder = tmp_path_factory.mktemp("rules")
    for number, detection in enumerate(DETECTIONS):
        (folder / f"{number:03}.yml").write_text(rule_text(detection), encoding="utf-8")
    return folder


@cache
def expected():
    """Return how many requests of each pair the oracle finds, by rule."""
    found = {}
    for rule, detection in enumerate(DETECTIONS):
        tree = parsed_rule(rule_text(detection))
        for row in requests():
            if holds(tree, row):
                key = (rule, row["clientip"], row["host"])
                found[key] = found.get(key, 0) + 1
    return found


@pytest.fixture(scope="module")
def warehouse(new_module_home, tmp_path_factory):
    """A warehouse that has the requests as a day."""
    warehouse = new_module_home().deployment.impala
    warehouse.replace_raw_day(
        DAY, {10: [raw_file(tmp_path_factory.mktemp("raw") / "raw.parquet", requests())]}
    )
    return warehouse


def test_every_modifier_means_in_sql_what_it_means_in_sigma(warehouse, folder):
    """400 requests with missing and hostile values: each rule hits those that the oracle finds."""
    read = read_rules(folder)
    assert [str(each) for each in read.refused] == []
    assert len(read.rules) == len(DETECTIONS)
    found = {}
    for hit in warehouse.query(hits_of_day(read.rules, DAY)).itertuples(index=False):
        client, host, *counts = (None if pd.isna(value) else value for value in hit)
        found |= {(rule, client, host): count for rule, count in enumerate(counts) if count}
    differing = [key for key, _ in found.items() ^ expected().items()]
    assert not {DETECTIONS[rule] for rule, *_ in differing}, differing[:5]
    assert len({rule for rule, *_ in found}) > len(DETECTIONS) - 5


def test_words_are_those_of_spot_ml(warehouse):
    """Hour, method, entropy, content type, log2 of the agent's requests and of the length, code."""
    rows = [row for row in requests() if row["fulluri"]]
    agents = Counter(row["useragent"] or "" for row in rows)
    words = Counter()
    for row in rows:
        uri = row["fulluri"]
        shares = [count / len(uri) for count in Counter(uri).values()]
        entropy = -sum(share * math.log2(share) for share in shares)
        parts = (
            *("10", row["reqmethod"] or "", min(19, math.ceil(round(entropy / 0.3, 9)))),
            *((row["resconttype"] or "").split("/")[0], int(math.log2(agents[row["useragent"] or ""]))),
            *(int(math.log2(len(uri))), row["respcode"] or ""),
        )
        words[row["clientip"], row["host"], "_".join(map(str, parts))] += 1
    found = warehouse.query(words_of_day(DAY))
    assert dict(found.set_index(["clientip", "host", "word"])["requests"]) == words
