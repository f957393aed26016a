"""Arbitrary notebooks and records in a day's folder: an analyst's file is never lost or changed."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from hypothesis import strategies as st
from support.fuzzing import fuzz
from support.mutations import JSON, changed, damaged
from support.notebook_templates import DAY, HOME, write_template

from proxy_oa_assets.investigation.notebook.copies import copy_templates
from proxy_oa_assets.model.errors import TemplateError

NAME = "Threat_Investigation"


def _template() -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "x.ipynb"
        write_template(path, "print(1)")
        return path.read_bytes()


TEMPLATE = _template()
NOTEBOOK = json.loads(TEMPLATE)
CONTENTS = st.one_of(
    changed(NOTEBOOK).map(lambda content: json.dumps(content).encode()),
    damaged(TEMPLATE),
    JSON.map(lambda content: json.dumps(content).encode()),
    st.binary(max_size=60),
    st.just(b""),
)
RECORDS = st.none() | st.one_of(
    JSON.map(lambda content: json.dumps(content).encode()),
    st.lists(JSON, max_size=3).map(lambda digests: json.dumps({f"{NAME}.ipynb": digests}).encode()),
    st.binary(max_size=30),
)


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name.endswith(".ipynb")}


@fuzz("analysts' notebooks", short=10, edited=CONTENTS, beside=st.none() | CONTENTS, record=RECORDS)
def test_an_analysts_file_is_never_lost(edited: bytes, beside: bytes | None, record: bytes | None) -> None:
    """A file of a day's folder stays, byte for byte, unless it is a copy; a fresh one is beside it."""
    with TemporaryDirectory() as name:
        templates, folder = Path(name) / "templates", Path(name) / "day"
        templates.mkdir()
        (templates / f"{NAME}_master.ipynb").write_bytes(TEMPLATE)
        copy_templates(templates, folder, DAY, HOME)
        (fresh,) = _files(folder).values()
        (folder / f"{NAME}.ipynb").write_bytes(edited)
        if beside is not None:
            (folder / f"{NAME}.new.ipynb").write_bytes(beside)
        if record is not None:
            (folder / ".written.json").write_bytes(record)
        copies = copy_templates(templates, folder, DAY, HOME)
        found = _files(folder)
        again = copy_templates(templates, folder, DAY, HOME)
        assert _files(folder) == found
    assert again == copies
    is_kept = copies.kept == [f"{NAME}.ipynb"]
    assert is_kept or copies.fresh == [f"{NAME}.ipynb"]
    if is_kept:
        assert found[f"{NAME}.ipynb"] == edited
        # An analyst's own file of that name stays, too.
        assert found[f"{NAME}.new.ipynb"] in (fresh, beside)
    else:
        # Only what an analyst didn't change gives way, or stays because its cells are the template's.
        assert found[f"{NAME}.ipynb"] in (fresh, edited)
        assert _cells(edited) == _cells(fresh)


def _cells(content: bytes) -> list[tuple[object, ...]]:
    cells = json.loads(content)["cells"]
    return [(cell["cell_type"], "".join(cell["source"])) for cell in cells]


@fuzz("notebook templates", short=10, content=CONTENTS)
def test_a_template_is_copied_as_a_notebook_or_named(content: bytes) -> None:
    """A site's own template becomes a valid notebook of the day, or one TemplateError names it."""
    with TemporaryDirectory() as name:
        templates, folder = Path(name) / "templates", Path(name) / "day"
        templates.mkdir()
        template = templates / f"{NAME}_master.ipynb"
        template.write_bytes(content)
        try:
            copy_templates(templates, folder, DAY, HOME)
        except TemplateError as error:
            assert str(template) in str(error)
            assert len(str(error)) < 2_000
            return
        (found,) = _files(folder).values()
    nbformat.validate(nbformat.reads(found.decode("utf-8"), as_version=4))
