import ast
import hashlib
import json
import re
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from proxy_oa_assets.investigation.notebook.copies import Copies, copy_templates
from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.errors import TemplateError

DAY = Day.parse("2016-09-12")
HOME = "home of 'mine'\\"


@pytest.fixture
def templates(tmp_path):
    """Return a folder with two templates and a notebook that is none."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for name in ("Threat_Investigation_master", "Advanced_Mode_master", "scratch"):
        _template(folder / f"{name}.ipynb", "print(1)")
    return folder


@pytest.fixture
def copy(templates, tmp_path):
    """Return a function that copies the templates into the day's folder."""
    return lambda: copy_templates(templates, tmp_path / "day", DAY, HOME)


def _template(path, source):
    parameters = new_code_cell('DAY = ""', id="parameters", metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell("# Title", id="title"), parameters, new_code_cell(source, id="source")]
    nbformat.write(new_notebook(cells=cells), path)


def _sources(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]


def _edit(path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(new_code_cell("my_finding = 1", id="mine"))
    nbformat.write(notebook, path)
    return path.read_bytes()


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
    title, parameters, source = _sources(tmp_path / "day" / "Advanced_Mode.ipynb")
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
        assert _sources(tmp_path / "day" / "Advanced_Mode.new.ipynb")[2] == "print(1)"
    assert _names(tmp_path / "day") == [
        "Advanced_Mode.ipynb",
        "Advanced_Mode.new.ipynb",
        "Threat_Investigation.ipynb",
    ]


def test_an_unedited_notebook_follows_a_changed_template(copy, templates, tmp_path):
    """An unedited copy is replaced, with no second one beside it."""
    copy()
    _template(templates / "Advanced_Mode_master.ipynb", "print(2)")
    assert copy().kept == []
    assert _sources(tmp_path / "day" / "Advanced_Mode.ipynb")[2] == "print(2)"
    assert "Advanced_Mode.new.ipynb" not in _names(tmp_path / "day")


def test_the_copy_beside_an_edited_notebook_follows_the_template(copy, templates, tmp_path):
    """The fresh template beside an edited notebook is the current one."""
    copy()
    edited = _edit(tmp_path / "day" / "Advanced_Mode.ipynb")
    copy()
    _template(templates / "Advanced_Mode_master.ipynb", "print(2)")
    copy()
    assert _sources(tmp_path / "day" / "Advanced_Mode.new.ipynb")[2] == "print(2)"
    assert (tmp_path / "day" / "Advanced_Mode.ipynb").read_bytes() == edited


def test_an_edited_copy_beside_survives_too(copy, templates, tmp_path):
    """An analyst who goes on in the `.new` notebook doesn't lose it to the next run."""
    copy()
    edited = _edit(tmp_path / "day" / "Advanced_Mode.ipynb")
    copy()
    edited_beside = _edit(tmp_path / "day" / "Advanced_Mode.new.ipynb")
    _template(templates / "Advanced_Mode_master.ipynb", "print(2)")
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
    _template(templates / "Advanced_Mode_master.ipynb", "print(2)")
    assert copy().kept == []
    assert _sources(notebook)[2] == "print(2)"
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
    assert _sources(tmp_path / "day" / "Advanced_Mode.ipynb")[2] == "print(1)"


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


_V3 = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": "old"},
    "worksheets": [
        {
            "metadata": {},
            "cells": [
                {"cell_type": "heading", "level": 2, "metadata": {}, "source": ["Old"]},
                {
                    "cell_type": "code",
                    "collapsed": False,
                    "input": ["print 1"],
                    "language": "python",
                    "metadata": {"tags": ["parameters"]},
                    "outputs": [],
                },
            ],
        }
    ],
}
_CODE = {"cell_type": "code", "execution_count": None, "outputs": []}
# As Spot's: cells without ids or tags, metadata of widgets that no longer exist.
_V4_0 = {
    "nbformat": 4,
    "nbformat_minor": 0,
    "metadata": {"widgets": {"state": {"3011": {"views": [{"cell_index": 4}]}}, "version": "1.1.2"}},
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": ["**Interface**"]},
        {**_CODE, "metadata": {"collapsed": False}, "source": ["start_investigation() "]},
    ],
}
_WITHOUT_UNIQUE_IDS = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [{**_CODE, "metadata": {}, "source": "1", **cell} for cell in ({}, {"id": "a"}, {"id": "a"})],
}


@pytest.mark.parametrize(
    ("template", "sources"),
    [
        (_V3, ["## Old", f"DAY = '2016-09-12'\nHOME = {HOME!r}"]),
        (_V4_0, ["**Interface**", "start_investigation() "]),
        (_WITHOUT_UNIQUE_IDS, ["1", "1", "1"]),
    ],
    ids=["nbformat 3", "nbformat 4.0", "nbformat 4.5 without unique ids"],
)
def test_an_old_template_becomes_a_notebook_of_the_current_format(
    copy, templates, tmp_path, template, sources
):
    """Set to its day only where a cell is tagged `parameters`; the same template gives the same cell ids."""
    (templates / "Old_master.ipynb").write_text(json.dumps(template), encoding="utf-8")
    notebook = tmp_path / "day" / "Old.ipynb"

    copy()

    content = json.loads(notebook.read_text(encoding="utf-8"))
    nbformat.validate(content)
    assert (content["nbformat"], content["nbformat_minor"]) == (4, nbformat.current_nbformat_minor)
    assert _sources(notebook) == sources
    assert len({cell["id"] for cell in content["cells"]}) == len(sources)
    before = notebook.read_bytes(), notebook.stat().st_mtime_ns
    assert copy().kept == []
    assert (notebook.read_bytes(), notebook.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    "template",
    [
        "",
        "not JSON",
        "[]",
        "null",
        "{}",
        '{"nbformat": 4, "nbformat_minor": 5}',
        '{"nbformat": 4, "nbformat_minor": 0, "metadata": {}, "cells": [1]}',
        '{"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [{}]}]}',
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{"cell_type": "code", "source": 1}]}',
        '{"nbformat": 5, "nbformat_minor": 0, "metadata": {}, "cells": []}',
        '{"nbformat": "4", "metadata": {}, "cells": []}',
        "\udcff",
    ],
)
def test_a_template_that_is_no_notebook_is_an_error_that_names_it(copy, templates, tmp_path, template):
    """The notebooks of templates that come before it are written; nothing is written for it."""
    broken = templates / "Broken_master.ipynb"
    broken.write_text(template, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(TemplateError, match=re.escape(str(broken))) as raised:
        copy()
    assert len(str(raised.value)) < 500 + len(str(broken))
    assert not (tmp_path / "day" / "Broken.ipynb").exists()


def test_a_template_is_upgraded_once(copy, templates, tmp_path, monkeypatch):
    """A later day, and another home, take the upgraded template without loading nbformat."""
    copy()
    monkeypatch.setattr("proxy_oa_assets.investigation.notebook.copies.import_module", {}.__getitem__)
    copy_templates(templates, tmp_path / "another day", DAY.plus(1), '"quoted" \\ home')
    title, parameters, source = _sources(tmp_path / "another day" / "Advanced_Mode.ipynb")
    values = [ast.literal_eval(statement.value) for statement in ast.parse(parameters).body]
    assert (title, values, source) == ("# Title", ["2016-09-13", '"quoted" \\ home'], "print(1)")


def test_the_copies_module_loads_without_nbformat():
    """The definitions load it; importing nbformat takes longer than all the rest."""
    script = "import sys, proxy_oa_assets.investigation.notebook.copies; print('nbformat' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_no_template_gives_no_copy(tmp_path):
    """An empty folder of templates is no error."""
    (tmp_path / "none").mkdir()
    assert copy_templates(tmp_path / "none", tmp_path / "day", DAY, HOME) == Copies([], [])


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
