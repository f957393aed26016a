from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.bundled import bundled
from proxy_oa_assets.sample.files import write_site_files

TEMPLATES = sorted(bundled("notebook_templates").glob("*_master.ipynb"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("notebooks") / "home"
    site = write_site_files(folder)
    home = Home(folder, **{name: str(path) for name, path in site.items()})
    home.write_sample()
    assert home.materialize(SAMPLE_DAY).success
    return home


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_notebook_runs_from_any_folder_and_shows_its_day(
    home: Home, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy knows its day and its home; executed elsewhere, it shows frames and no error."""
    monkeypatch.delenv("PROXY_OA_HOME", raising=False)
    # The kernel writes its own warnings about transport to standard error, which is no part of a notebook.
    monkeypatch.setenv("PYTHONWARNINGS", "default")
    copy = home.path / "ipynb" / "proxy" / SAMPLE_DAY.folder / template.name.replace("_master", "")
    notebook = nbformat.read(copy, as_version=4)

    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()

    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    html = [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert len(html) >= 3
    assert any("203.0.113.66" in text for text in html)
    assert not any("<script>alert" in text for text in html)
    assert not (tmp_path / "proxy_oa_home").exists()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_valid_and_stores_no_output(template: Path) -> None:
    """Current nbformat, a cell tagged parameters, nothing executed."""
    notebook = nbformat.read(template, as_version=nbformat.NO_CONVERT)

    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells) == 1
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert cell.source.count("\n") < 25


def test_the_three_templates_are_there() -> None:
    """Spot's names, so that its users find them."""
    assert [path.name for path in TEMPLATES] == [
        "Advanced_Mode_master.ipynb",
        "Edge_Investigation_master.ipynb",
        "Threat_Investigation_master.ipynb",
    ]
