"""docs/filters.md: its filters can be read."""

import re
from pathlib import Path

from proxy_oa_assets.investigation.filter_fields import FIELDS
from proxy_oa_assets.investigation.filters import Filters

DOCUMENT = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")


def test_the_documents_filters_can_be_read() -> None:
    """Each example is of the field beside it, and every field has one."""
    terms, fields = (re.findall(r"^\| (`.*)$", part, re.MULTILINE) for part in DOCUMENT.split("## Fields"))
    for row in terms:
        for text in re.findall(r"`([^`]+)`", row.partition(" | ")[0]):
            assert len(Filters.parse(text).terms) == 1, text
    named = set()
    for row in fields:
        examples = re.findall(r"`([^`]+)`", row.split(" | ")[1])
        names = {term.field for text in examples for term in Filters.parse(text).terms}
        assert {f"{name}:" for name in names} == set(re.findall(r"`([a-z]+:)`", row.split(" | ")[0]))
        named |= names
    assert named == set(FIELDS)
    for name, field in FIELDS.items():
        assert [term.field for term in Filters.parse(field.example).terms] == [name]
