"""The letters of the name are unlike those of known sites."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="letters",
    family="name",
    words="the name's letters are unlike those of known sites",
    # Content networks name their customers' hosts by machine.
    sql="""CASE WHEN length(word) >= 5 THEN within((letters - 4.2) / 2.0)
        * CASE WHEN user_content AND NOT dynamic_dns THEN 0.3 ELSE 1 END END""",
)
