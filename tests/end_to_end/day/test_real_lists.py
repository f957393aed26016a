"""Which connections of a real day real lists mark: the example of docs/reputation.md."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest
from support.home import Home

from proxy_oa_assets.enrichment.reputation.verdict import decode
from proxy_oa_assets.model.day import Day

DAY = Day.parse("2015-06-10")
DOCUMENT = (Path(__file__).parents[3] / "docs" / "reputation.md").read_text(encoding="utf-8")


@pytest.fixture
def marked_home(embedded_real_home, test_data):
    """A home with the real day, and with a service for each list: `domains` and `urls`."""
    lists = {"domains": "maltrail_domains.csv.gz", "urls": "urlhaus_urls.csv"}
    home = embedded_real_home(DAY.key)
    file = home.path / "reputation.toml"
    file.write_text(
        "".join(
            f'[[services]]\nservice = "blocklist"\nname = "{kind}"\n'
            f'lists = [{{ path = "{test_data / "reputation" / name}", kind = "{kind}", name = "list" }}]\n'
            for kind, name in lists.items()
        )
    )
    return Home(home.path, PROXY_OA_REPUTATION=str(file))


def _connections(rows):
    return {(row["clientip"], row["fulluri"]) for row in rows}


def _risks(uri_rep):
    return {verdict.service: verdict.risk for verdict in decode(uri_rep)}


def _marked(rows, service):
    return [row for row in rows if _risks(row["uri_rep"])[service] > 0]


def _different(rows, column):
    return len({row[column] for row in rows})


def _is_documented(*cells):
    """Return whether the document has that row in a table."""
    texts = (f"{cell:,}" if isinstance(cell, int) else cell for cell in cells)
    return f"\n| {' | '.join(texts)} |\n" in DOCUMENT


def _has_documented_figures(rows):
    """Return whether the document says how many connections each list marks."""
    marked = _marked(rows, "domains")
    return _is_documented(
        *(len(rows), len(_connections(rows)), len(_connections(marked))),
        *(_different(marked, "host"), _different(marked, "clientip")),
        len(_connections(_marked(rows, "urls"))),
    )


def test_the_first_500_rows_have_three_marked_connections(marked_home):
    """The document's figures, and each of the three by its row, client and host."""
    assert marked_home.materialize(DAY, limit=500).success
    rows = marked_home.rows("proxy_scores", DAY)
    assert _has_documented_figures(rows)
    marked = _marked(rows, "domains")
    assert len(marked) == 3
    for row in marked:
        host = "[.]".join(row["host"].rsplit(".", 1))
        assert _is_documented(rows.index(row) + 1, row["clientip"], host)


def test_the_first_5000_rows_have_all_that_is_confirmed_marked(marked_home, test_data):
    """The document's figures, in all and by category; what is marked is what the labels confirm."""
    assert marked_home.materialize(DAY, limit=5000).success
    rows = marked_home.rows("proxy_scores", DAY)
    assert _has_documented_figures(rows)

    marked = _marked(rows, "domains")
    families = defaultdict(list)
    for row in marked:
        families[row["uri_rep"].split("::")[0].split(":")[3].partition("|")[0]].append(row)
    for family, own in families.items():
        assert _is_documented(
            family, len(_connections(own)), _different(own, "host"), _different(own, "clientip")
        )

    with (test_data / "labels.csv").open(encoding="utf-8", newline="") as file:
        confirmed = {
            (label["clientip"], label["fulluri"])
            for label in csv.DictReader(file)
            if (label["p_date"], label["label"]) == (DAY.key, "confirmed")
        }
    assert _connections(marked) == confirmed & _connections(rows)
