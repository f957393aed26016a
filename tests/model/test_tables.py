import json

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.files import bundled
from proxy_oa_assets.model.tables import ANALYST_TABLES, PROXY, PROXY_SCORES, TABLES

# The contract's tables: name -> location, columns with their types.
CONTRACT = {
    "proxy": """proxy/hive:
        p_date, p_time, clientip, host, reqmethod, useragent, resconttype STRING, duration INT, username,
        authgroup, exceptionid, filterresult, webcat, referer, respcode, action, urischeme, uriport, uripath,
        uriquery, uriextension, serverip STRING, scbytes INT, csbytes INT, virusid, bcappname, bcappoper,
        fulluri STRING""",
    "proxy_scores": """proxy/hive/oa/suspicious:
        tdate, time, clientip, host, reqmethod, useragent, resconttype STRING, duration INT, username,
        webcat, referer, respcode, uriport, uripath, uriquery, serverip STRING, scbytes INT, csbytes INT,
        fulluri, word STRING, ml_score FLOAT, uri_rep, respcode_name, network_context STRING""",
    "proxy_edge": """proxy/hive/oa/edge:
        tdate, time, clientip, host, webcat, respcode, reqmethod, useragent, resconttype, referer, uriport,
        serverip STRING, scbytes INT, csbytes INT, fulluri STRING, hh INT, respcode_name STRING""",
    "proxy_ingest_summary": "proxy/hive/oa/summary: tdate STRING, total BIGINT",
    "proxy_threat_investigation": "proxy/hive/oa/threat_investigation: tdate, fulluri STRING, uri_sev INT",
    "proxy_storyboard": "proxy/hive/oa/storyboard: p_threat, title, text STRING",
    "proxy_timeline": """proxy/hive/oa/timeline:
        p_threat, tstart, tend STRING, duration BIGINT, clientip, respcode, respcodename STRING""",
    "proxy_history": """proxy/hive/oa/history:
        clientip, host, useragent STRING, first_second, last_second INT, requests, posts, sent,
        received BIGINT""",
}


def _columns(text):
    """Return (name, type) of each column; a type counts for all names since the last one."""
    found, waiting = [], []
    for item in text.split(","):
        name, _, kind = item.strip().partition(" ")
        waiting.append(name)
        if kind:
            found += [(each, kind) for each in waiting]
            waiting = []
    return found


def test_the_tables_are_the_contract_s():
    """Names, locations, columns, order and types are fixed: other systems read and write these files."""
    assert list(TABLES) == list(CONTRACT)
    for name, text in CONTRACT.items():
        location, _, columns = text.partition(":")
        assert TABLES[name].location == location
        assert [(column.name, column.type) for column in TABLES[name].columns] == _columns(columns)


def test_the_raw_table_is_partitioned_by_padded_text():
    """Ingest writes y='2016', m='09', d='12', h='07'."""
    assert [(column.name, column.type) for column in PROXY.partitions] == [
        (name, "STRING") for name in "ymdh"
    ]
    assert PROXY.day_values(Day.parse("2016-09-02")) == ("2016", "09", "02")
    assert PROXY.day_folder(Day.parse("2016-09-02")) == "proxy/hive/y=2016/m=09/d=02"


def test_our_tables_are_partitioned_by_plain_numbers():
    """Ours are y=2016, m=9, d=2: SMALLINT, TINYINT, TINYINT, unpadded in folder names."""
    ours = [table for table in TABLES.values() if table is not PROXY]
    assert len(ours) == 7
    for table in ours:
        types = [(column.name, column.type) for column in table.partitions]
        assert types == [("y", "SMALLINT"), ("m", "TINYINT"), ("d", "TINYINT")]
        assert table.day_values(Day.parse("2016-09-02")) == (2016, 9, 2)
        assert table.day_folder(Day.parse("2016-12-31")) == f"{table.location}/y=2016/m=12/d=31"


def test_every_column_says_what_it_holds():
    """Descriptions become Dagster's column documentation, so none is empty and no column stands twice."""
    for table in TABLES.values():
        assert all(column.description for column in (*table.columns, *table.partitions))
        assert len(set(table.column_names)) == len(table.columns)


def test_no_two_tables_share_a_folder():
    """Replacing a day can't touch another table; only the raw table's folder holds the others'."""
    for table in TABLES.values():
        others = [other.location for other in TABLES.values() if other is not table]
        assert table.location not in others
        if table is not PROXY:
            assert not any(other.startswith(f"{table.location}/") for other in others)


def test_the_shipped_conf_names_the_columns_of_proxy_scores():
    """The conf's proxy_score_fields and the table are one list."""
    conf = json.loads(bundled("proxy_conf.json").read_text(encoding="utf-8"))
    indexes = conf["proxy_score_fields"]
    assert tuple(sorted(indexes, key=indexes.get)) == PROXY_SCORES.column_names


def test_the_analysts_tables_are_the_three_that_analysts_fill():
    """A materialization leaves these alone, `reset` empties them."""
    names = {table.name for table in ANALYST_TABLES}
    assert names == {"proxy_threat_investigation", "proxy_storyboard", "proxy_timeline"}
