"""Ours and other systems' rows of `proxy` say in three ways that a request has no such value."""

import dataclasses

from support.analysts_day import AnalystsDay

from proxy_oa_assets.defs.assets.proxy import day_figures
from proxy_oa_assets.investigation.score import score
from proxy_oa_assets.investigation.story.client_times import client_times
from proxy_oa_assets.investigation.story.plots import referer_chain_svg
from proxy_oa_assets.investigation.storyboard import incident_progression, save_storyboard, timeline
from proxy_oa_assets.model.tables import PROXY

URI = "bad.example/a"
MISSING = (None, "-", "")
OPTIONAL = tuple(
    column.name
    for column in PROXY.columns
    if column.type == "STRING" and column.name not in ("p_date", "p_time", "clientip", "host", "fulluri")
)


def test_a_missing_value_is_null_a_dash_or_an_empty_text(today: AnalystsDay) -> None:
    """A day reads the same whether a missing text is NULL, as from our ingest, `-` or empty."""
    seen = []
    for number, missing in enumerate(MISSING):
        day = dataclasses.replace(today, day=today.day.plus(number))
        none = dict.fromkeys(OPTIONAL, missing)
        day.write_raw(
            {**none, "host": "bad.example", "fulluri": URI},
            {**none, "host": "bad.example", "fulluri": URI, "clientip": "10.0.0.2", "referer": "a.example/"},
            {**none, "host": "b.example", "fulluri": "b.example/", "referer": f"http://{URI}"},
        )
        day.write_scores({**dict.fromkeys(("respcode", "referer", "useragent"), missing), "fulluri": URI})
        day.write_edges()
        deployment = today.deployment
        score(day.day, 1, URI, deployment=deployment)
        save_storyboard(day.day, URI, "title", "text", deployment=deployment)
        progression = incident_progression(day.day, URI, deployment=deployment)
        assert progression
        clients = client_times(timeline(day.day, URI, deployment=deployment))
        edges = [
            (row["fulluri"], row["clientip"], row["respcode_name"])
            for row in day.home.rows("proxy_edge", day.day)
        ]
        figures, _ = day_figures(deployment.impala, day.day)
        seen.append((figures, edges, [each.answers for each in clients], referer_chain_svg(progression)))

    assert seen[1] == seen[0]
    assert seen[2] == seen[0]
    assert seen[0][0].filled["useragent"] == 0
    assert seen[0][0].filled["referer"] == 2
    assert seen[0][2] == [["-"], ["-"]]
