"""Templates of notebooks, the day and home that their copies are set to, and what a copy holds."""

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from proxy_oa_assets.model.day import Day

DAY = Day.parse("2016-09-12")
HOME = "home of 'mine'\\"


def write_template(path, source):
    """Write a template: a title, a cell tagged `parameters`, and a cell of source."""
    parameters = new_code_cell('DAY = ""', id="parameters", metadata={"tags": ["parameters"]})
    cells = [new_markdown_cell("# Title", id="title"), parameters, new_code_cell(source, id="source")]
    nbformat.write(new_notebook(cells=cells), path)


def sources(path):
    """Return the sources of a notebook's cells."""
    return [cell.source for cell in nbformat.read(path, as_version=4).cells]
