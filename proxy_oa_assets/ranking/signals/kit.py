"""One host delivers several kinds of such content, as an exploit kit does."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="kit",
    family="content",
    words="several kinds of such content from one host",
    sql="""CASE WHEN least(programs, 1) + least(applets, 1) + least(silverlights, 1) + least(flashs, 1)
        + least(documents, 1) + least(archives, 1) + least(downloads, 1) >= 2 THEN 1 END""",
    reads=("resconttype",),
)
