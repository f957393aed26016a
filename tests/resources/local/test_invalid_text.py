import pytest
from support.engine_files import DAY, write_file

from proxy_oa_assets.model.tables import PROXY, PROXY_EDGE, PROXY_SCORES
from proxy_oa_assets.sql.day_tables import edge_details
from proxy_oa_assets.sql.query import Query, whole_day

INVALID, REPAIRED = b"evil.example/\xff\xfe\xc3(", "evil.example/\ufffd\ufffd\ufffd("


@pytest.mark.parametrize("annotated", [True, False])
def test_text_is_text_with_and_without_its_annotation(warehouse, annotated):
    """Impala writes text as bytes that name no character set; they are text all the same."""
    values = ["caf\u00e9 \U0001f600", "nul\0", "", None, "x" * 100_000]
    write_file(warehouse, PROXY, annotated=annotated, fulluri=values, useragent=values)
    assert [row[0] for row in warehouse.rows(Query("SELECT fulluri FROM proxy"))] == values
    assert len(warehouse.query(Query("SELECT 1 AS one FROM proxy WHERE useragent = ?", (values[0],)))) == 1


@pytest.mark.parametrize("annotated", [True, False])
@pytest.mark.parametrize(("rows", "position"), [(3, 1), (70_000, 0), (70_000, 69_999), (300_000, 299_999)])
def test_bytes_that_are_not_utf_8_are_replaced_wherever_they_stand(warehouse, annotated, rows, position):
    """A request with such bytes loses neither its row nor its hour, in small files and in large ones."""
    uris = [b"a.example/%d" % number for number in range(rows)]
    uris[position] = INVALID
    write_file(warehouse, PROXY, annotated=annotated, fulluri=uris)
    read = warehouse.query(Query("SELECT fulluri FROM proxy"))["fulluri"]
    assert len(read) == rows
    assert read[position] == REPAIRED
    streamed = [row[0] for row in warehouse.rows(Query("SELECT fulluri FROM proxy"))]
    assert streamed == read.tolist()
    assert len(warehouse.query(Query("SELECT 1 AS one FROM proxy WHERE fulluri = ?", (REPAIRED,)))) == 1


@pytest.mark.parametrize("annotated", [True, False])
def test_a_connection_with_such_bytes_is_joined_to_its_raw_rows(warehouse, annotated):
    """The ranked results and the raw table are repaired alike: such bytes hide no request."""
    for hour, name in (("07", "000000_0"), ("12", "000000_0"), ("12", "abc.parq")):
        uris = [INVALID, b"a.example/"]
        write_file(
            warehouse, PROXY, name, hour=hour, annotated=annotated, clientip=["10.0.0.1"] * 2, fulluri=uris
        )
    write_file(warehouse, PROXY_SCORES, clientip=["10.0.0.1"], fulluri=[REPAIRED])
    assert warehouse.replace_day(PROXY_EDGE, DAY, edge_details(DAY)) == 3
    edges = warehouse.read_day(PROXY_EDGE, DAY)
    assert edges["fulluri"].tolist() == [REPAIRED] * 3
    assert edges["hh"].tolist() == [7, 12, 12]


def test_repairing_leaves_the_raw_files_and_nothing_else(warehouse, tmp_path):
    """The files of ingest are unchanged, and the copies are removed with the query's end."""
    path = write_file(warehouse, PROXY, fulluri=[INVALID])
    before = path.read_bytes()
    assert len(warehouse.read_day(PROXY, DAY)) == 1
    assert len(list(warehouse.rows(whole_day(PROXY, DAY)))) == 1
    assert path.read_bytes() == before
    assert [left for left in tmp_path.rglob("*") if left.is_file()] == [path]
