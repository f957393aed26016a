"""Programs, applets, plug-in content or archives come from the host."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="content",
    family="content",
    words="it delivers programs, applets or archives",
    sql="""greatest(CASE WHEN programs + applets > 0 THEN 1.0 END, CASE WHEN silverlights > 0 THEN 0.8 END,
        CASE WHEN archives > 0 THEN 0.5 END, CASE WHEN flashs + documents + downloads > 0 THEN 0.4 END)""",
)
