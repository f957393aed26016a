import json

import nbformat
import pandas as pd
import pyarrow.parquet as pq
from support.home import Home, metadata

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.model.tables import PROXY_EDGE, PROXY_SCORES, PROXY_THREAT_INVESTIGATION

DAY = Day.parse("2016-09-12")
NEXT_DAY = DAY.plus(1)


def test_the_same_day_twice_gives_the_same_tables(sample_home: Home) -> None:
    """Same input, same output; on one machine, byte for byte."""
    sample_home.materialize(DAY)
    first = sample_home.parts(DAY)

    sample_home.materialize(DAY)

    assert sample_home.parts(DAY) == first


def test_a_second_day_leaves_the_first_alone(sample_home: Home) -> None:
    """Nothing of another day is touched: tables, exports, notebooks."""
    sample_home.write_sample(NEXT_DAY)
    sample_home.materialize(DAY)
    kept = {path: path.read_bytes() for path in sample_home.path.rglob("*") if path.is_file()}

    assert sample_home.materialize(NEXT_DAY).success

    assert {path: path.read_bytes() for path in kept} == kept
    assert sample_home.parts(NEXT_DAY) != sample_home.parts(DAY)


def test_nothing_of_an_earlier_run_is_left(sample_home: Home) -> None:
    """A smaller limit leaves no row, no edge and no edge file of the larger one."""
    sample_home.materialize(DAY, limit=50)
    small = sample_home.parts(DAY)
    files = {path.name for path in sample_home.data(DAY).iterdir()}
    sample_home.materialize(DAY, limit=400)
    assert len(list(sample_home.data(DAY).glob("edge-*"))) > 50

    sample_home.materialize(DAY, limit=50)

    assert sample_home.parts(DAY) == small
    assert {path.name for path in sample_home.data(DAY).iterdir()} == files


def test_severities_that_analysts_gave_are_kept_and_exported(sample_home: Home) -> None:
    """Materializing again reads the day's severities and changes none."""
    sample_home.materialize(DAY)
    warehouse = sample_home.deployment.impala
    uri = warehouse.read_day(PROXY_SCORES, DAY)["fulluri"].iloc[0]
    given = pd.DataFrame({"tdate": [DAY.key], "fulluri": [uri], "uri_sev": [1]})
    warehouse.replace_day_with_frame(PROXY_THREAT_INVESTIGATION, DAY, given)

    result = sample_home.materialize(DAY)

    exported = [
        line.split("\t")
        for line in (sample_home.data(DAY) / "proxy_scores.tsv").read_text("utf-8").split("\n")[1:-1]
    ]
    assert {row[18] for row in exported if row[24] == "1"} == {uri}
    assert {row[24] for row in exported} == {"0", "1"}
    assert metadata(result, "scored_connections")["scored_by_analysts"] == sum(
        row[24] == "1" for row in exported
    )
    assert warehouse.read_day(PROXY_THREAT_INVESTIGATION, DAY).astype(object).to_dict(
        "list"
    ) == given.to_dict("list")


def test_an_edited_notebook_stays_and_the_fresh_one_stands_beside_it(sample_home: Home) -> None:
    """An analyst's notebook survives every re-materialization."""
    sample_home.materialize(DAY)
    folder = sample_home.path / "ipynb" / "proxy" / DAY.folder
    names = {path.name for path in folder.glob("*.ipynb")}
    assert names == {"Advanced_Mode.ipynb", "Edge_Investigation.ipynb", "Threat_Investigation.ipynb"}
    notebook = folder / "Edge_Investigation.ipynb"
    fresh = notebook.read_bytes()
    content = json.loads(fresh)
    content["cells"].append(nbformat.v4.new_markdown_cell("my findings"))
    notebook.write_text(json.dumps(content), encoding="utf-8")
    edited = notebook.read_bytes()

    result = sample_home.materialize(DAY)

    assert notebook.read_bytes() == edited
    assert (folder / "Edge_Investigation.new.ipynb").read_bytes() == fresh
    assert metadata(result, "notebooks")["edited_and_kept"] == 1


def test_a_folder_from_a_cluster_is_read_and_then_replaced(embedded_home: Home) -> None:
    """Another engine's files are the day until this project writes it; then they are gone."""
    embedded_home.materialize(DAY)
    part = embedded_home.part("proxy_edge", DAY)
    foreign = part.with_name("000000_0")
    pq.write_table(pq.ParquetFile(part).read().slice(0, 7), foreign)
    part.unlink()
    assert len(embedded_home.deployment.impala.read_day(PROXY_EDGE, DAY)) == 7

    embedded_home.materialize(DAY)

    assert not foreign.exists()
    assert len(embedded_home.deployment.impala.read_day(PROXY_EDGE, DAY)) > 7
