import ast
import json
import re

import nbformat
import pytest
from support.notebook_templates import DAY, HOME, sources

from proxy_oa_assets.investigation.notebook.copies import copy_templates
from proxy_oa_assets.model.errors import TemplateError

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
    ("template", "expected"),
    [
        (_V3, ["## Old", f"DAY = '2016-09-12'\nHOME = {HOME!r}"]),
        (_V4_0, ["**Interface**", "start_investigation() "]),
        (_WITHOUT_UNIQUE_IDS, ["1", "1", "1"]),
    ],
    ids=["nbformat 3", "nbformat 4.0", "nbformat 4.5 without unique ids"],
)
def test_an_old_template_becomes_a_notebook_of_the_current_format(
    copy, templates, tmp_path, template, expected
):
    """Set to its day only where a cell is tagged `parameters`; the same template gives the same cell ids."""
    (templates / "Old_master.ipynb").write_text(json.dumps(template), encoding="utf-8")
    notebook = tmp_path / "day" / "Old.ipynb"

    copy()

    content = json.loads(notebook.read_text(encoding="utf-8"))
    nbformat.validate(content)
    assert (content["nbformat"], content["nbformat_minor"]) == (4, nbformat.current_nbformat_minor)
    assert sources(notebook) == expected
    assert len({cell["id"] for cell in content["cells"]}) == len(expected)
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
        # Of no format; nbformat would drop the first cell, and repeat the other one for the second.
        '{"metadata": {}, "cells": [{"cell_type": "markdown", "metadata": {}, "source": "x"}]}',
        json.dumps(
            {"metadata": {}, "cells": [{**_CODE, "source": "x"}, {"cell_type": "raw", "source": "y"}]}
        ),
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
    title, parameters, source = sources(tmp_path / "another day" / "Advanced_Mode.ipynb")
    values = [ast.literal_eval(statement.value) for statement in ast.parse(parameters).body]
    assert (title, values, source) == ("# Title", ["2016-09-13", '"quoted" \\ home'], "print(1)")
