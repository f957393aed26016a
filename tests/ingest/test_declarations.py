"""What holds for each shipped declaration."""

import re
from pathlib import Path

import pytest
from support.log_rows import log_rows

from proxy_oa_assets.ingest.declaration import declaration, format_names, read_declaration
from proxy_oa_assets.model.errors import IngestError

SECRET = re.compile(r"pass(word|wd|phrase)?\b|cookie|authorization|secret|token|credential", re.IGNORECASE)


@pytest.mark.parametrize("name", format_names())
def test_no_field_that_can_have_a_secret_is_read(name: str) -> None:
    """Passwords, cookies and credentials are in no column of any format."""
    assert [field for field in declaration(name).source_fields() if SECRET.search(field)] == []


def test_a_password_in_a_url_and_a_cookie_are_in_no_column(tmp_path: Path) -> None:
    """Of `user:password@host` the host is kept; a logged cookie or Authorization header is left out."""
    log = (
        b"#Fields: date time c-ip cs-method cs-uri cs(Cookie) cs(Authorization) cs(Referer)\n"
        b'2026-11-28 17:44:22 10.0.0.1 GET http://ada:hunter2@a.example/x "sid=hunter2" "Basic hunter2" http://ada:hunter2@r.example/@x\n'
        b"2026-11-28 17:44:22 10.0.0.1 CONNECT ada:hunter2@b.example:443 - - mail@r.example\n"
    )
    rows = log_rows(log, declaration("w3c"), tmp_path).rows

    assert [row["fulluri"] for row in rows] == ["a.example/x", "b.example:443"]
    assert [row["referer"] for row in rows] == ["http://r.example/@x", "mail@r.example"]
    assert "hunter2" not in str(rows)


OWN = 'name = "own"\ntitle = "Ours"\nfamily = "delimited"\n'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'name = "\xff"\n', "own.toml is no TOML: .* save it as UTF-8"),
        (b"logformat = 1\n", "own.toml: the logformat '1' has no % code"),
        (OWN.encode() + b'columns_of = "squid"\ncolumns = 1\n', "own.toml: columns: "),
        (OWN.encode() + b'columns_of = "none"\n', "own.toml: columns_of: --format none is none of"),
        (OWN.encode() + b'columns_of = "./own.toml"\n', "own.toml: columns_of is ./own.toml, .* leads back"),
    ],
)
def test_a_file_that_declares_no_format_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, message: str
) -> None:
    """Of what is wrong in a site's own file, one error names it and the entry."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_bytes(content)
    with pytest.raises(IngestError, match=message):
        declaration("./own.toml")


def test_a_pattern_that_the_engine_refuses_is_named(tmp_path: Path) -> None:
    """Python knows regular expressions, and times, that DuckDB doesn't."""
    own = read_declaration(
        f'{OWN}fields = ["at", "ip"]\ntime = {{ fields = "at", format = "%Q" }}\ncolumns.clientip = "ip"\n',
        "own.toml",
    )
    with pytest.raises(
        IngestError, match=r"the format own can't be used .*%Q.* correct its times and patterns"
    ):
        log_rows(b"1 10.0.0.1\n", own, tmp_path)
