"""The client asks the host a few times a day, on day after day, without coming from a page."""

from proxy_oa_assets.ranking.signal import Signal

_FEW = 24  # requests a day

SIGNAL = Signal(
    name="slow_beacon",
    family="beacon",
    words="a few requests a day, on many days",
    sql=f"""CASE WHEN NOT popular AND leads_to = 0 AND requests <= {_FEW} AND pair_most_requests <= {_FEW}
            AND parts < requests
        THEN within((pair_past_days - 2) / 5.0) * within(1.5 * pair_past_days / client_past_days)
            * (0.4 + 0.6 * (cold + tunnels) / requests) * within(1.15 - pair_most_requests / 12) END""",
    history=3,
)
