from collections.abc import Callable
from pathlib import Path

import pytest
from support.home import SAMPLE_DAY, Home


@pytest.fixture
def home(new_home: Callable[..., Home]) -> Home:
    home = new_home()
    home.write_sample(SAMPLE_DAY)
    return home


@pytest.fixture
def embedded_home(tmp_path: Path) -> Home:
    """A home on this machine, for checks that don't depend on the deployment."""
    home = Home(tmp_path / "home")
    home.write_sample(SAMPLE_DAY)
    return home
