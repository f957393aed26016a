"""Lines of sensors, cloud proxies and firewalls: each of their fields is in its column."""

from pathlib import Path

import pytest
from support.log_rows import log_rows
from support.vendor_lines import LINES, VendorLine

from proxy_oa_assets.ingest.recognition import recognize


@pytest.mark.parametrize("line", LINES, ids=lambda line: f"{line.format}: {line.case}")
def test_a_line_is_recognized_and_each_field_is_in_its_column(line: VendorLine, tmp_path: Path) -> None:
    """A line is taken for its product's by its content, and its row has just the columns that it fills."""
    recognized = recognize(line.content)

    assert recognized.declaration.name == line.format, recognized.why
    found = log_rows(line.content, recognized.declaration, tmp_path)
    assert found.rejects == []
    assert found.rows == [line.row]
