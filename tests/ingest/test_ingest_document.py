"""docs/ingest.md is in step with the code: its formats, its example of a format, its feed of Zscaler."""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

from support.log_rows import log_rows

from proxy_oa_assets.ingest.declaration import COLUMNS, Declaration, Value, declaration, shipped
from proxy_oa_assets.model.tables import PROXY

DOCUMENT = (Path(__file__).parents[2] / "docs" / "ingest.md").read_text(encoding="utf-8")
_SIGNALS = (
    *("reqmethod", "useragent", "referer", "csbytes", "scbytes", "duration", "respcode", "serverip"),
    *("resconttype", "username", "webcat"),
)
# Of what a declaration names, the columns that it becomes.
_BECOMES = {"request": "reqmethod", "supplier": "serverip", "supplier_ip": "serverip"}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


def _row(declared: Declaration) -> str:
    zones = {time.zone for time in declared.time}
    times = "`--timezone`" if "local" in zones else "in the log" if "text" in zones else "UTC"
    filled = {_BECOMES.get(name, name) for name in (*declared.columns, *declared.constants)}
    lacks = ", ".join(f"`{name}`" for name in _SIGNALS if name not in filled)
    return f"| `{declared.name}` | {declared.title} | {times} | {lacks} |"


def test_the_document_lists_each_shipped_format() -> None:
    """The table has each format with its title, its clock, and the columns that it can't fill."""
    table = re.search(r"\| format \| log \| times \| never has \|\n\|.*\n((?:\|.*\n)+)", DOCUMENT)
    assert table
    assert table[1].splitlines() == [_row(each) for _, each in sorted(shipped().items())]


def test_formats_that_the_text_names_are_shipped() -> None:
    """A format named after the word `format` is one."""
    named = re.findall(r"[Ff]ormat `([a-z-]+)`", DOCUMENT)
    assert len(named) >= 8
    assert set(named) <= set(shipped())


def test_the_contract_has_each_column_of_the_table() -> None:
    """The table of columns has those of `proxy`, each once."""
    _, _, text = DOCUMENT.partition("\n## The table proxy\n")
    cells = re.findall(r"^\| (`.*?) \|", text.partition("\n## ")[0], re.MULTILINE)
    columns = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(columns) == sorted(PROXY.column_names)


def test_the_entries_of_a_format_are_documented() -> None:
    """The section of a site's own format names each entry, and each part of a column."""
    _, _, text = DOCUMENT.partition("\n## A format of your own\n")
    section = text.partition("\n## ")[0]
    internal = {"requires", "pattern", "cut_at", "zeek_log"}
    for name in {*Declaration.model_fields, *Value.model_fields} - internal:
        assert f"`{name}`" in section or re.search(rf"^{name} = |\b{name} = ", section, re.MULTILINE), name


def test_the_document_s_format_reads_its_lines(tmp_path: Path) -> None:
    """The TOML file is valid, and the CSV lines below it give the row that they mean."""
    (toml,), (csv,) = _blocks("toml"), _blocks("csv")
    (tmp_path / "site.toml").write_text(toml, encoding="utf-8")
    declared = declaration(str(tmp_path / "site.toml"))

    found = log_rows(csv.encode(), declared, tmp_path / "rows", ZoneInfo("Europe/Berlin"))

    assert found.rejects == []
    assert found.reading.header_lines == 1
    assert found.rows == [
        {
            "p_date": "2026-03-01",
            "p_time": "08:00:07",
            "clientip": "10.1.2.3",
            "host": "example.com",
            "reqmethod": "GET",
            "useragent": 'Tool "x", 1.0',
            "duration": 1500,
            "username": "jane doe",
            "respcode": "200",
            "action": "MISS",
            "urischeme": "http",
            "uriport": "8080",
            "uripath": "/a.exe",
            "uriquery": "?b=1",
            "uriextension": "exe",
            "scbytes": 1024,
            "csbytes": 300,
            "fulluri": "example.com:8080/a.exe?b=1".replace(":8080", ""),
        }
    ]


def test_zscaler_s_feed_has_fields_that_are_read() -> None:
    """Each key of the feed's output format is one that the declaration reads."""
    (feed,) = (block for block in _blocks("") if block.startswith("\\{"))
    keys = re.findall(r'"(\w+)":"%', feed)
    assert len(keys) == 22
    assert set(keys) <= set(declaration("zscaler-web").source_fields())


def test_columns_that_a_format_can_name_are_documented() -> None:
    """Every column but the three that are made of others can be named."""
    assert set(COLUMNS) == set(PROXY.column_names) - {"p_date", "p_time", "fulluri"}
