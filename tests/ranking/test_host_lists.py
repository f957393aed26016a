"""The ranking's lists: the shipped ones, a site's own, and files that can't be used."""

import datetime as dt
import gzip
import os
import time
from pathlib import Path

import pytest

from proxy_oa_assets.model.errors import RankingError
from proxy_oa_assets.ranking.host_lists import LISTS, Lists


def test_shipped_lists_say_source_and_day() -> None:
    """Each shipped file begins with what it is, where it comes from and as of when."""
    folder = Path(__file__).parents[2] / "proxy_oa_assets/ranking/lists"
    for file in folder.glob("*.txt*"):
        content = file.read_bytes()
        head = (gzip.decompress(content) if file.suffix == ".gz" else content).decode().splitlines()[:3]
        assert [line.partition(":")[0] for line in head[1:]] == ["# source", "# as of"], file
        assert dt.date.fromisoformat(head[2].removeprefix("# as of: "))
        assert file.name in (folder / "README.md").read_text(encoding="utf-8")


def test_shipped_lists_are_spelled_as_a_site_s_own_are_read(tmp_path: Path) -> None:
    """What is shipped isn't checked at each ranking: domains, as many as docs/ranking.md says."""
    project = Path(__file__).parents[2]
    explained = (project / "docs/ranking.md").read_text(encoding="utf-8")
    for name in LISTS:
        (file,) = (project / "proxy_oa_assets/ranking/lists").glob(f"{name}.txt*")
        (tmp_path / file.name).write_bytes(file.read_bytes())
        domains = Lists().domains(name)
        assert domains == Lists(tmp_path).domains(name)
        assert f"`{name}.txt`" in explained
        assert f"{len(domains):,}" in explained or not domains


def test_lists_in_force_say_size_age_and_whose_they_are(tmp_path: Path) -> None:
    """A site's file stands before the shipped one; without a date in it, it is as old as the file."""
    (tmp_path / "own_domains.txt").write_text("corp.example\n")
    os.utime(
        tmp_path / "own_domains.txt",
        times=(time.time(), dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC).timestamp()),
    )
    (tmp_path / "popular.txt.gz").write_bytes(
        gzip.compress(b"# as of: 2026-02-01\n1,a.example\n2,b.example\n")
    )
    found = {one.name: one for one in Lists(tmp_path).in_force()}
    assert set(LISTS) < set(found)
    assert (found["own_domains"].entries, found["own_domains"].as_of) == (1, dt.date(2026, 3, 1))
    assert (found["popular"].entries, found["popular"].as_of) == (2, dt.date(2026, 2, 1))
    assert {one.name for one in found.values() if one.is_own} == {"own_domains", "popular"}
    assert found["public_suffix_list.dat"].entries > 9_000
    assert found["public_suffix_list.dat"].as_of > dt.date(2026, 1, 1)


def test_lines_of_a_list(tmp_path: Path) -> None:
    """Domains of any spelling, of top lists, with wildcards and comments, as DNS spells them, each once."""
    (tmp_path / "shorteners.txt").write_text(
        "# of ours\n\nA.Example\na.example.\n*.b.example  # all of b\n.c.example\n17,d.example\n"
        "bücher.example\r\nintranet\n",
        encoding="utf-8",
    )
    assert Lists(tmp_path).domains("shorteners") == [
        "a.example", "b.example", "c.example", "d.example", "xn--bcher-kva.example", "intranet"
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "https://a.example/",
        "a example",
        "a.example/path",
        "-",
        "a..example",
        "{}",
        "x" * 300,
        "\x00",
        "a_b@c",
    ],
)
def test_line_that_is_no_domain_is_named(tmp_path: Path, line: str) -> None:
    """The error has file, line, text and remedy."""
    (tmp_path / "ip_echo.txt").write_text(f"a.example\n{line}\n")
    with pytest.raises(RankingError, match=r"ip_echo\.txt:2: .*is no domain; write one such as example\.com"):
        Lists(tmp_path).domains("ip_echo")


def test_file_that_no_list_reads_is_named(tmp_path: Path) -> None:
    """A misspelled name would leave the shipped list in force unnoticed."""
    (tmp_path / "owndomains.txt").write_text("corp.example\n")
    (tmp_path / "README").write_text("ours")
    with pytest.raises(RankingError, match=r"owndomains\.txt is no list of PROXY_OA_RANKING_LISTS; name it"):
        list(Lists(tmp_path).in_force())


def test_list_of_suffixes_without_a_rule_is_refused(tmp_path: Path) -> None:
    """Every host would be a site of its own."""
    (tmp_path / "public_suffix_list.dat").write_text("// nothing\n")
    with pytest.raises(RankingError, match="has no rule; write the Public Suffix List"):
        Lists(tmp_path).suffix_rules()


def test_damaged_file_is_named(tmp_path: Path) -> None:
    """A cut-off download says so."""
    (tmp_path / "popular.txt.gz").write_bytes(gzip.compress(b"a.example\n" * 100)[:-10])
    with pytest.raises(RankingError, match=r"popular\.txt\.gz can't be read: .*PROXY_OA_RANKING_LISTS"):
        Lists(tmp_path).domains("popular")


def test_a_date_that_the_calendar_lacks_is_named(tmp_path: Path) -> None:
    """The list's age would be wrong."""
    (tmp_path / "updates.txt").write_text("a.example\n# as of: 2026-13-45\n", encoding="utf-8")
    with pytest.raises(RankingError, match=r"updates\.txt:2: 2026-13-45 is no date"):
        list(Lists(tmp_path).in_force())
