"""docs/handing_over.md names each format with the ending of its files."""

from pathlib import Path

from proxy_oa_assets.investigation.handover.format import all_formats

DOCUMENT = (Path(__file__).parents[3] / "docs" / "handing_over.md").read_text(encoding="utf-8")


def test_the_document_names_each_format() -> None:
    """A row per format, in the table at its beginning."""
    rows = [
        line.split("|")
        for line in DOCUMENT.splitlines()
        if line.startswith("| `") and "--format" not in line and line.count("|") == 5
    ]
    named = {cells[1].strip(" `"): cells[4].strip(" `.") for cells in rows}
    assert named == {name: each.suffix for name, each in all_formats().items()}
