"""The client sends the host much more than it sent to all hosts on its days before."""

from proxy_oa_assets.ranking.signal import Signal

_LEAST = 1_000_000  # bytes

SIGNAL = Signal(
    name="upload_habit",
    family="upload",
    words="it is sent much more than the client sends on other days",
    sql=f"""CASE WHEN client_past_days >= 3 AND sent >= {_LEAST}
            AND sent > 5 * greatest(client_past_sent / client_past_days, 1)
        THEN 0.5 + ln(sent / (5 * greatest(client_past_sent / client_past_days, {_LEAST} / 5.0))) / 4 END""",
    reads=("csbytes",),
    history=3,
)
