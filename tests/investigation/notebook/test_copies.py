import ast
import hashlib
import json
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output, new_raw_cell
from support.notebook_templates import DAY, HOME, sources, write_template

from proxy_oa_assets.investigation.notebook.copies import Copies, copy_templates


def _edit(path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell("my_finding = 1", id="mine"))
    nbformat.write(notebook, path)
    return path.read_bytes()


def _run(path):
    """Write a notebook as JupyterLab does that has run all cells."""
    notebook = nbformat.read(path, as_version=4)
    for count, cell in enumerate(notebook.cells):
        cell.metadata |= {"editable": True, "slideshow": {"slide_type": ""}, "scrolled": True}
        if cell.cell_type == "code":
            cell.metadata |= {"execution": {"iopub.status.busy": "2026"}, "trusted": True, "collapsed": False}
            cell.execution_count = count
            cell.outputs = [new_output("stream", text=f"result {count}\n")]
            cell.metadata.setdefault("tags", [])
    notebook.metadata.kernelspec = {"display_name": "site", "language": "python", "name": "site"}
    notebook.metadata.language_info = {"name": "python", "version": "3.11.7"}
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    path.write_text(json.dumps(notebook, indent=4), encoding="utf-8")
    return path.read_bytes()


def _tag(notebook):
    notebook.cells[2].metadata["tags"] = ["keep"]


def _annotate(notebook):
    notebook.cells[0].source += "\nSeen on Tuesday, too."


def _attach(notebook):
    notebook.cells[0]["attachments"] = {"seen.png": {"image/png": "AAAA"}}


def _reorder(notebook):
    notebook.cells.reverse()


def _as_text(notebook):
    notebook.cells[2] = new_raw_cell(notebook.cells[2].source, id="source")


def _entitle(notebook):
    notebook.metadata["title"] = "Tuesday"


def _names(folder):
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


def test_every_template_is_copied_without_master_in_its_name(copy, tmp_path):
    """Step 2 of the contract; a notebook that isn't a template isn't copied."""
    copies = copy()
    assert _names(tmp_path / "day") == ["Advanced_Mode.ipynb", "Threat_Investigation.ipynb"]
    assert copies == Copies(fresh=["Advanced_Mode.ipynb", "Threat_Investigation.ipynb"], kept=[])


def test_a_copy_is_set_to_its_day_and_home(copy, tmp_path):
    """The cell tagged `parameters` holds day and home as literals; the other cells are the template's."""
    copy()
    title, parameters, source = sources(tmp_path / "day" / "Advanced_Mode.ipynb")
    assert (title, source) == ("# Title", "print(1)")
    values = [ast.literal_eval(statement.value) for statement in ast.parse(parameters).body]
    assert values == ["2016-09-12", HOME]


def test_a_copy_is_a_valid_notebook(copy, tmp_path):
    """Jupyter opens it without repairing it."""
    copy()
    content = json.loads((tmp_path / "day" / "Advanced_Mode.ipynb").read_text(encoding="utf-8"))
    nbformat.validate(content)


def test_copying_again_changes_nothing(copy, tmp_path):
    """There is no second copy; an unchanged file, which may be open in JupyterLab, isn't written."""

    def files():
        paths = (tmp_path / "day").iterdir()
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}

    copy()
    before = files()
    copy()
    assert files() == before


def test_an_edited_notebook_survives_and_the_template_is_beside_it(copy, tmp_path):
    """The edited notebook stays byte for byte; the fresh one is `.new.ipynb`."""
    copy()
    notebook = tmp_path / "day" / "Advanced_Mode.ipynb"
    edited = _edit(notebook)
    for _ in range(2):
        assert copy() == Copies(fresh=["Threat_Investigation.ipynb"], kept=["Advanced_Mode.ipynb"])
        assert notebook.read_bytes() == edited
        assert sources(tmp_path / "day" / "Advanced_Mode.new.ipynb")[2] == "print(1)"
    assert _names(tmp_path / "day") == [
        "Advanced_Mode.ipynb",
        "Advanced_Mode.new.ipynb",
        "Threat_Investigation.ipynb",
    ]


def test_a_notebook_that_was_only_run_is_unedited(copy, tmp_path):
    """It keeps its outputs, and no second one lies beside it."""
    copy()
    for name in ("Advanced_Mode.ipynb", "Threat_Investigation.ipynb"):
        ran = _run(tmp_path / "day" / name)
        assert copy().kept == []
        assert (tmp_path / "day" / name).read_bytes() == ran
    assert _names(tmp_path / "day") == ["Advanced_Mode.ipynb", "Threat_Investigation.ipynb"]


def test_a_notebook_that_was_only_run_follows_a_changed_template(copy, templates, tmp_path):
    """Its outputs are of cells that it no longer has."""
    copy()
    _run(tmp_path / "day" / "Advanced_Mode.ipynb")
    write_template(templates / "Advanced_Mode_master.ipynb", "print(2)")
    assert copy().kept == []
    assert sources(tmp_path / "day" / "Advanced_Mode.ipynb")[2] == "print(2)"
    assert "result" not in (tmp_path / "day" / "Advanced_Mode.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize("edit", [_tag, _annotate, _attach, _reorder, _as_text, _entitle])
def test_what_an_analyst_adds_is_an_edit(copy, tmp_path, edit):
    """Text, attachments, order, kinds and tags of cells, and metadata of the notebook, besides code."""
    copy()
    path = tmp_path / "day" / "Advanced_Mode.ipynb"
    _run(path)
    notebook = nbformat.read(path, as_version=4)
    edit(notebook)
    nbformat.write(notebook, path)
    edited = path.read_bytes()

    assert copy().kept == ["Advanced_Mode.ipynb"]
    assert path.read_bytes() == edited


def test_a_run_copy_beside_keeps_its_outputs(copy, tmp_path):
    """Also once the edited notebook is gone, until the template changes."""
    copy()
    notebook, beside = (tmp_path / "day" / f"Advanced_Mode{end}" for end in (".ipynb", ".new.ipynb"))
    _edit(notebook)
    copy()
    ran = _run(beside)
    copy()
    assert beside.read_bytes() == ran
    notebook.unlink()
    copy()
    assert beside.read_bytes() == ran


def test_a_run_notebook_of_a_home_with_digests_of_files_is_unedited(copy, tmp_path):
    """Earlier versions recorded no digests of cells, and wrote a copy beside each notebook that was run."""
    copy()
    notebook = tmp_path / "day" / "Advanced_Mode.ipynb"
    digest = hashlib.sha256(notebook.read_bytes()).hexdigest()
    beside = notebook.with_suffix(".new.ipynb")
    beside.write_bytes(notebook.read_bytes())
    record = {notebook.name: [digest], beside.name: [digest]}
    (notebook.parent / ".written.json").write_text(json.dumps(record), encoding="utf-8")
    ran = _run(notebook)

    assert copy().kept == []
    assert notebook.read_bytes() == ran
    assert _names(tmp_path / "day") == ["Advanced_Mode.ipynb", "Threat_Investigation.ipynb"]


def test_an_unedited_notebook_follows_a_changed_template(copy, templates, tmp_path):
    """An unedited copy is replaced, with no second one beside it."""
    copy()
    write_template(templates / "Advanced_Mode_master.ipynb", "print(2)")
    assert copy().kept == []
    assert sources(tmp_path / "day" / "Advanced_Mode.ipynb")[2] == "print(2)"
    assert "Advanced_Mode.new.ipynb" not in _names(tmp_path / "day")


def test_the_copy_beside_an_edited_notebook_follows_the_template(copy, templates, tmp_path):
    """The fresh template beside an edited notebook is the current one."""
    copy()
    edited = _edit(tmp_path / "day" / "Advanced_Mode.ipynb")
    copy()
    write_template(templates / "Advanced_Mode_master.ipynb", "print(2)")
    copy()
    assert sources(tmp_path / "day" / "Advanced_Mode.new.ipynb")[2] == "print(2)"
    assert (tmp_path / "day" / "Advanced_Mode.ipynb").read_bytes() == edited


def test_an_edited_copy_beside_survives_too(copy, templates, tmp_path):
    """An analyst who goes on in the `.new` notebook doesn't lose it to the next run."""
    copy()
    edited = _edit(tmp_path / "day" / "Advanced_Mode.ipynb")
    copy()
    edited_beside = _edit(tmp_path / "day" / "Advanced_Mode.new.ipynb")
    write_template(templates / "Advanced_Mode_master.ipynb", "print(2)")
    copy()
    assert (tmp_path / "day" / "Advanced_Mode.ipynb").read_bytes() == edited
    assert (tmp_path / "day" / "Advanced_Mode.new.ipynb").read_bytes() == edited_beside


def test_a_notebook_restored_to_its_written_state_is_unedited(copy, templates, tmp_path):
    """An analyst who undoes all edits gets the next template, and the copy beside goes."""
    copy()
    notebook = tmp_path / "day" / "Advanced_Mode.ipynb"
    original = notebook.read_bytes()
    _edit(notebook)
    copy()
    notebook.write_bytes(original)
    write_template(templates / "Advanced_Mode_master.ipynb", "print(2)")
    assert copy().kept == []
    assert sources(notebook)[2] == "print(2)"
    assert "Advanced_Mode.new.ipynb" not in _names(tmp_path / "day")


def test_a_notebook_of_another_origin_is_kept(copy, tmp_path):
    """A folder of an older installation, or an analyst's own notebook of that name, is left alone."""
    notebook = tmp_path / "day" / "Advanced_Mode.ipynb"
    notebook.parent.mkdir()
    notebook.write_text("not even a notebook")
    assert copy().kept == ["Advanced_Mode.ipynb"]
    assert notebook.read_text() == "not even a notebook"


def test_a_deleted_notebook_comes_back(copy, tmp_path):
    """Deleting a notebook is how to ask for a fresh one."""
    copy()
    (tmp_path / "day" / "Advanced_Mode.ipynb").unlink()
    copy()
    assert sources(tmp_path / "day" / "Advanced_Mode.ipynb")[2] == "print(1)"


def test_other_files_of_the_folder_are_left_alone(copy, tmp_path):
    """Nothing but the notebooks named after templates is touched."""
    mine = tmp_path / "day" / "mine.ipynb"
    mine.parent.mkdir()
    mine.write_text("mine")
    copy()
    assert mine.read_text() == "mine"


def test_a_notebook_that_an_earlier_version_wrote_is_replaced(copy, templates, tmp_path):
    """Earlier versions wrote json.dumps of the template, and recorded its digest as today."""
    earlier = json.loads((templates / "Advanced_Mode_master.ipynb").read_text(encoding="utf-8"))
    earlier["cells"][1]["source"] = ["DAY = '2016-09-12'\n", f"HOME = {HOME!r}"]
    content = (json.dumps(earlier, indent=1, sort_keys=True, ensure_ascii=True) + "\n\n").encode()
    notebook = tmp_path / "day" / "Advanced_Mode.ipynb"
    notebook.parent.mkdir()
    notebook.write_bytes(content)
    record = {notebook.name: [hashlib.sha256(content).hexdigest()]}
    (notebook.parent / ".written.json").write_text(json.dumps(record), encoding="utf-8")

    assert copy().kept == []
    assert notebook.read_bytes() != content
    assert "Advanced_Mode.new.ipynb" not in _names(tmp_path / "day")


def test_the_copies_module_loads_without_nbformat():
    """The definitions load it; importing nbformat takes longer than all the rest."""
    script = "import sys, proxy_oa_assets.investigation.notebook.copies; print('nbformat' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_no_template_gives_no_copy(tmp_path):
    """An empty folder of templates is no error."""
    (tmp_path / "none").mkdir()
    assert copy_templates(tmp_path / "none", tmp_path / "day", DAY, HOME) == Copies([], [])


def test_a_record_with_null_loses_no_file_that_is_no_notebook(copy, tmp_path):
    """A null is no digest: the file stays, and the fresh notebook is written beside it."""
    copy()
    edited = tmp_path / "day" / "Advanced_Mode.ipynb"
    edited.write_bytes(b"half a not")
    (tmp_path / "day" / ".written.json").write_text(json.dumps({edited.name: [None]}), encoding="utf-8")

    assert copy().kept == [edited.name]
    assert edited.read_bytes() == b"half a not"


@pytest.mark.parametrize("record", ["", "{", "[]", "null", '{"Advanced_Mode.ipynb": 1}', "\udcff"])
def test_a_broken_record_loses_no_notebook(copy, tmp_path, record):
    """Every notebook that exists counts as edited; the fresh one is written beside it."""
    copy()
    edited = tmp_path / "day" / "Advanced_Mode.ipynb"
    content = _edit(edited)
    (tmp_path / "day" / ".written.json").write_text(record, encoding="utf-8", errors="surrogateescape")

    copies = copy()

    assert copies == Copies(fresh=["Threat_Investigation.ipynb"], kept=["Advanced_Mode.ipynb"])
    assert edited.read_bytes() == content
    assert "Advanced_Mode.new.ipynb" in _names(tmp_path / "day")
    assert copy() == copies
