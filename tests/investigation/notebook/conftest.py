from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.home import SAMPLE_DAY, Home
from support.notebook_templates import DAY, HOME, write_template

from proxy_oa_assets.ingest.sample.site import write_site_files
from proxy_oa_assets.investigation.notebook.copies import copy_templates
from proxy_oa_assets.investigation.reset import reset_scored_connections

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the cluster's widget tests slow: test_templates runs each notebook there."""
    for item in items:
        walk = item.path.parent == HERE and item.path.name != "test_templates.py"
        if walk and item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def materialized(new_module_home: Callable[..., Home], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with a materialized sample day."""
    site = write_site_files(tmp_path_factory.mktemp("site"))
    home = new_module_home(**{name: str(path) for name, path in site.items()})
    home.write_sample()
    assert home.materialize(SAMPLE_DAY).success
    return home


@pytest.fixture
def day_home(materialized: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """That home, without scores; this process has its settings, which the notebooks read."""
    for name, value in materialized.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PROXY_OA_HOME", str(materialized.path))
    yield materialized
    reset_scored_connections(SAMPLE_DAY, deployment=materialized.deployment)


@pytest.fixture
def templates(tmp_path):
    """Return a folder with two templates and a notebook that is none."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for name in ("Threat_Investigation_master", "Advanced_Mode_master", "scratch"):
        write_template(folder / f"{name}.ipynb", "print(1)")
    return folder


@pytest.fixture
def copy(templates, tmp_path):
    """Return a function that copies the templates into the day's folder."""
    return lambda: copy_templates(templates, tmp_path / "day", DAY, HOME)
