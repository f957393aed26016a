import os
from pathlib import Path

import hypothesis
import pytest

# A machine that runs other work beside the tests is slow now and then; that is no defect.
hypothesis.settings.register_profile("proxy_oa", deadline=None)
hypothesis.settings.load_profile("proxy_oa")


@pytest.fixture
def test_data() -> Path:
    """Return the folder of real data (PROXY_OA_TEST_DATA, or beside the project); skip without it."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PROXY_OA_TEST_DATA") or beside)
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; PROXY_OA_TEST_DATA names its folder")
    return folder
