from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from support.home import SAMPLE_DAY, Home

from proxy_oa_assets.ingest.sample.attacks import PHISHING_PAGE
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.model.files import bundled

TEMPLATES = sorted(bundled("notebook_templates").glob("*_master.ipynb"))
# What a cell of each notebook shows of the sample day, in a widget or an output.
_SHOWN = {
    "Advanced_Mode": ["203.0.113.66/stage2/config.bin", "image/svg+xml", "1887436800"],
    "Edge_Investigation": ["203.0.113.66/stage2/config.bin", "Finance desks"],
    "Threat_Investigation": [PHISHING_PAGE],
}


def _client(home: Home, name: str, folder: Path) -> NotebookClient:
    """Return a client that executes the day's copy of a notebook in another folder."""
    notebook = nbformat.read(_copy(home, name), as_version=4)
    return NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}})


def _execute(client: NotebookClient, home: Home) -> nbformat.NotebookNode:
    """Execute a notebook in a process with the home's settings; only the notebook knows its place."""
    # The kernel writes its own warnings about transport to standard error, which is no part of a notebook.
    environment = {**home.environment(), "PYTHONWARNINGS": "default"}
    del environment["PROXY_OA_HOME"]
    return client.execute(env=environment)


def _copy(home: Home, name: str) -> Path:
    return home.path / "ipynb" / "proxy" / SAMPLE_DAY.folder / f"{name}.ipynb"


def _outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.mark.parametrize("name", _SHOWN)
def test_a_notebook_runs_from_any_folder_and_shows_its_day(day_home: Home, name: str, tmp_path: Path) -> None:
    """The copy knows its day and its home; executed elsewhere, on every deployment, it has no error."""
    score(SAMPLE_DAY, 1, PHISHING_PAGE, deployment=day_home.deployment)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    notebook = _execute(_client(day_home, name, elsewhere), day_home)

    assert [output for output in _outputs(notebook) if output.output_type in ("error", "stream")] == []
    everything = nbformat.writes(notebook)
    assert [text for text in _SHOWN[name] if text not in everything] == []
    assert list(elsewhere.iterdir()) == []


def test_frames_of_hostile_values_are_text(day_home: Home, tmp_path: Path) -> None:
    """Data is escaped in each frame of Advanced_Mode, also in the analyst's own cells."""
    client = _client(day_home, "Advanced_Mode", tmp_path)
    cells = (
        "scores[['fulluri', 'useragent']].tail(400)",
        "scores['fulluri']",
        "scores.groupby('fulluri').size()",
        "scores.groupby('host')['fulluri'].unique()",
        "scores.set_index('fulluri')[['useragent']].tail(400).style.set_caption('coloured')",
    )
    client.nb.cells += [nbformat.v4.new_code_cell(source) for source in cells]

    outputs = _outputs(_execute(client, day_home))

    html = [output["data"]["text/html"] for output in outputs if "text/html" in output.get("data", {})]
    assert len(html) >= 9
    assert any("&lt;script&gt;alert(1)" in text for text in html)
    for text in html:
        for run in ("<script", "<img", "<a ", "<b>bold", "\x1b"):
            assert run not in text


def test_an_invalid_day_is_one_sentence(day_home: Home, tmp_path: Path) -> None:
    """An error that the user can fix is shown without a traceback, and ends the notebook."""
    client = _client(day_home, "Edge_Investigation", tmp_path)
    parameters, view = [cell for cell in client.nb.cells if cell.cell_type == "code"]
    parameters.source = parameters.source.replace("2016-09-12", "<b>yesterday</b>")

    with pytest.raises(CellExecutionError) as stopped:
        _execute(client, day_home)

    assert stopped.value.ename == "DayError"
    (shown,) = view.outputs
    assert "&lt;b&gt;yesterday&lt;/b&gt;&#x27; is not a day" in shown["data"]["text/html"]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_a_template_is_valid_and_stores_no_output(template: Path) -> None:
    """Current nbformat, a cell tagged parameters, nothing executed, cells short enough to read."""
    notebook = nbformat.read(template, as_version=nbformat.NO_CONVERT)

    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) >= (4, 5)
    assert "widgets" not in notebook.metadata
    assert sum("parameters" in cell.metadata.get("tags", []) for cell in notebook.cells) == 1
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert cell.source.count("\n") < 15


def test_the_three_templates_are_there() -> None:
    """Spot's names, so that its users find them."""
    assert [path.stem.removesuffix("_master") for path in TEMPLATES] == list(_SHOWN)
