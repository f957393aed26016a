"""The day's three tables as a pandas script makes them."""

import csv
import ipaddress

import pandas as pd

from benchmarks.peers.given import EDGE_COLUMNS, RESULTS_COLUMNS, ROWS_PER_CONNECTION_HOUR, Given


def main() -> None:
    """Write the tables."""
    given = Given.of_command()
    codes = pd.read_csv(given.codes, dtype=str).set_index("code")["name"]
    scores = scored_connections(given, codes)
    scores.to_parquet(given.out / "proxy_scores.parquet", index=False)
    edges(given, scores, codes).to_parquet(given.out / "proxy_edge.parquet", index=False)
    summary(given).to_parquet(given.out / "proxy_ingest_summary.parquet", index=False)


def scored_connections(given: Given, codes: "pd.Series[str]") -> pd.DataFrame:
    """Return the ranked rows with reputation, response codes in words and network context."""
    ranked = pd.read_csv(
        given.results,
        sep="\t",
        names=RESULTS_COLUMNS,
        dtype=dict.fromkeys(RESULTS_COLUMNS, "str")
        | {"duration": "Int32", "scbytes": "Int32", "csbytes": "Int32", "score": "float32"},
        quoting=csv.QUOTE_NONE,
        na_values=["null"],
        keep_default_na=False,
    )
    reputation = pd.read_csv(given.reputation, dtype=str)
    networks = pd.read_csv(given.networks, dtype=str)
    blocks = [
        (ipaddress.ip_network(ip), text)
        for ip, text in zip(networks["ip"].tolist(), networks["description"].tolist(), strict=True)
    ]
    blocks.sort(key=lambda block: block[0].prefixlen, reverse=True)

    def description(client: str) -> str:
        address = ipaddress.ip_address(client)
        return next((text for network, text in blocks if address in network), "")

    scores = ranked.merge(reputation, on="fulluri", how="left")
    return scores.assign(
        uri_rep=scores["uri_rep"].fillna(""),
        respcode_name=in_words(scores["respcode"], codes),
        network_context=scores["clientip"].map(
            {each: description(each) for each in scores["clientip"].unique()}
        ),
    ).rename(columns={"p_date": "tdate", "p_time": "time", "score": "ml_score"})


def edges(given: Given, scores: pd.DataFrame, codes: "pd.Series[str]") -> pd.DataFrame:
    """Return the raw rows of each scored connection, the earliest 250 per connection and hour."""
    connections = scores[["clientip", "fulluri"]].drop_duplicates()
    raw = pd.read_parquet(
        given.raw,
        columns=["p_date", "p_time", *EDGE_COLUMNS[2:-2], "h"],
        # pyarrow reads the other columns of these rows alone.
        filters=[
            ("clientip", "in", set(connections["clientip"])),
            ("fulluri", "in", set(connections["fulluri"])),
        ],
    )
    found = raw.merge(connections, on=["clientip", "fulluri"])
    found = found.rename(columns={"p_date": "tdate", "p_time": "time"}).assign(hh=found["h"].astype(int))
    order = ["time", *(name for name in EDGE_COLUMNS[:-2] if name not in ("time", "clientip", "fulluri"))]
    kept = found.sort_values(order).groupby(["clientip", "fulluri", "hh"]).head(ROWS_PER_CONNECTION_HOUR)
    kept = kept.sort_values(["clientip", "fulluri", "hh", *order])
    return kept.assign(respcode_name=in_words(kept["respcode"], codes))[list(EDGE_COLUMNS)]


def summary(given: Given) -> pd.DataFrame:
    """Return the day's requests per minute."""
    raw = pd.read_parquet(given.raw, columns=["p_date", "p_time", "clientip", "host", "fulluri"]).dropna()
    raw = raw[raw["p_time"] != ""]
    minutes = raw["p_date"] + " " + raw["p_time"].str[:5]
    return minutes.value_counts().rename_axis("tdate").rename("total").sort_index().reset_index()


def in_words(column: "pd.Series[str]", codes: "pd.Series[str]") -> "pd.Series[str]":
    """Return the names of response codes."""
    unknown = ("Unknown (" + column + ")").mask(column.isin(["", "-"]), "")
    return column.map(codes).fillna(unknown).fillna("")


if __name__ == "__main__":
    main()
