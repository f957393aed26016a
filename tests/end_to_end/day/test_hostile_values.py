import pyarrow as pa
from support.home import Home, rewrite
from support.independent_reading import RESULTS
from support.storyboard_days import HOSTILE

from proxy_oa_assets.model.day import Day
from proxy_oa_assets.sql.query import Query

DAY = Day.parse("2016-09-12")
# A tab or a line break can't be in a line of results.
URIS = [f"evil.test/{text}" for text in HOSTILE if not set(text) & set("\n\r\t")]


def requests(table: pa.Table) -> pa.Table:
    """Add two requests for each URI, whose agent and referer are as hostile."""
    row = table.slice(0, 1).to_pylist()[0]
    more = [
        {**row, "clientip": "10.9.9.9", "fulluri": uri, "useragent": uri, "referer": uri, "p_time": time}
        for uri in URIS
        for time in ("09:00:01", "09:00:02")
    ]
    return pa.concat_tables([table, pa.Table.from_pylist(more, schema=table.schema)])


def test_hostile_values_come_out_of_a_day_as_they_went_in(sample_home: Home) -> None:
    """Quotes, backslashes, `%s`, `${env:HOME}`, SQL, emoji, NUL, 100 KB, by scores, edges and queries."""
    (nine,) = [path for path in sample_home.raw_files(DAY) if path.parent.name == "h=09"]
    rewrite(nine, requests)
    line = {
        **dict.fromkeys(RESULTS, "x"),
        "p_date": DAY.key,
        "p_time": "09:00:01",
        "clientip": "10.9.9.9",
        **dict.fromkeys(("duration", "scbytes", "csbytes"), "1"),
        "score": "1E-9",
    }
    lines = ["\t".join({**line, "fulluri": uri, "useragent": uri}.values()) + "\n" for uri in URIS]
    results = sample_home.results(DAY)
    results.write_bytes("".join(lines).encode() + results.read_bytes())

    assert sample_home.materialize(DAY, limit=len(URIS)).success

    scores = sample_home.rows("proxy_scores", DAY)
    assert [(row["fulluri"], row["useragent"]) for row in scores] == [(uri, uri) for uri in URIS]
    edges = sample_home.rows("proxy_edge", DAY)
    assert sorted((row["fulluri"], row["useragent"], row["referer"], row["time"]) for row in edges) == sorted(
        (uri, uri, uri, time) for uri in URIS for time in ("09:00:01", "09:00:02")
    )
    for uri in URIS:
        found = sample_home.deployment.impala.query(
            Query(
                "SELECT useragent, ? AS bound FROM proxy_edge WHERE fulluri = ? AND referer = ?", (uri,) * 3
            )
        )
        assert found["useragent"].tolist() == found["bound"].tolist() == [uri, uri]
    assert len(list(sample_home.data(DAY).glob("edge-*.tsv"))) == len(URIS)
