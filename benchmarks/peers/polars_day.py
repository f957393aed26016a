"""The day's three tables as a polars script makes them: lazy queries on the streaming engine."""

import ipaddress
from collections.abc import Mapping

import polars as pl

from benchmarks.peers.given import EDGE_COLUMNS, RESULTS_COLUMNS, ROWS_PER_CONNECTION_HOUR, Given


def main() -> None:
    """Write the tables."""
    given = Given.of_command()
    codes = dict(pl.read_csv(given.codes, infer_schema=False).select("code", "name").iter_rows())
    raw = pl.scan_parquet(given.raw / "**/*.parquet", hive_partitioning=True)
    scores = scored_connections(given, codes)
    scores.write_parquet(given.out / "proxy_scores.parquet")
    edges(raw, scores, codes).sink_parquet(given.out / "proxy_edge.parquet")
    summary(raw).sink_parquet(given.out / "proxy_ingest_summary.parquet")


def scored_connections(given: Given, codes: Mapping[str, str]) -> pl.DataFrame:
    """Return the ranked rows with reputation, response codes in words and network context."""
    ranked = pl.read_csv(
        given.results,
        separator="\t",
        has_header=False,
        new_columns=list(RESULTS_COLUMNS),
        quote_char=None,
        null_values=["null"],
        infer_schema=False,
    ).cast({"duration": pl.Int32, "scbytes": pl.Int32, "csbytes": pl.Int32, "score": pl.Float32})
    reputation = pl.read_csv(given.reputation, infer_schema=False)
    networks = pl.read_csv(given.networks, infer_schema=False)
    blocks = [(ipaddress.ip_network(ip), text) for ip, text in networks.iter_rows()]
    blocks.sort(key=lambda block: block[0].prefixlen, reverse=True)

    def description(client: str) -> str:
        address = ipaddress.ip_address(client)
        return next((text for network, text in blocks if address in network), "")

    contexts = {each: description(each) for each in ranked["clientip"].unique()}
    return (
        ranked.join(reputation, on="fulluri", how="left", maintain_order="left")
        .with_columns(
            pl.col("uri_rep").fill_null(""),
            in_words(codes),
            pl.col("clientip").replace_strict(contexts).alias("network_context"),
        )
        .rename({"p_date": "tdate", "p_time": "time", "score": "ml_score"})
    )


def edges(raw: pl.LazyFrame, scores: pl.DataFrame, codes: Mapping[str, str]) -> pl.LazyFrame:
    """Return the raw rows of each scored connection, the earliest 250 per connection and hour."""
    connections = scores.lazy().select("clientip", "fulluri").unique()
    order = ["time", *(name for name in EDGE_COLUMNS[:-2] if name not in ("time", "clientip", "fulluri"))]
    same = ["clientip", "fulluri", "hh"]
    return (
        raw.join(connections, on=["clientip", "fulluri"], how="semi")
        .rename({"p_date": "tdate", "p_time": "time"})
        .with_columns(pl.col("h").cast(pl.Int32).alias("hh"), in_words(codes))
        .select(EDGE_COLUMNS)
        .sort(*same, *order, nulls_last=True)
        .filter(pl.int_range(pl.len()).over(same) < ROWS_PER_CONNECTION_HOUR)
    )


def summary(raw: pl.LazyFrame) -> pl.LazyFrame:
    """Return the day's requests per minute."""
    there = pl.all_horizontal(pl.col("p_date", "p_time", "clientip", "host", "fulluri").is_not_null())
    minute = pl.concat_str("p_date", pl.lit(" "), pl.col("p_time").str.head(5))
    return (
        raw.filter(there & (pl.col("p_time") != ""))
        .group_by(minute.alias("tdate"))
        .agg(pl.len().alias("total"))
        .sort("tdate")
    )


def in_words(codes: Mapping[str, str]) -> pl.Expr:
    """Return the names of response codes."""
    code = pl.col("respcode")
    unknown = pl.when(code.is_in(["", "-"])).then(pl.lit("")).otherwise(pl.format("Unknown ({})", code))
    return code.replace_strict(codes, default=unknown).fill_null("").alias("respcode_name")


if __name__ == "__main__":
    main()
