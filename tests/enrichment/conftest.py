import pytest

from proxy_oa_assets.enrichment.network_context import read_network_context


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a network context file and reads it."""

    def written(*lines):
        path = tmp_path / "context.csv"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return read_network_context(path)

    return written
