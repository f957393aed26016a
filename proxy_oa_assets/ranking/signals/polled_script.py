"""One script of the host is asked again and again, without coming from a page: a gate that is polled."""

from proxy_oa_assets.ranking.signal import Signal

SIGNAL = Signal(
    name="polled_script",
    family="unprompted",
    words="one script is asked again and again without coming from a page",
    sql="""CASE WHEN NOT popular AND first_script = last_script AND polls >= 5 AND 2 * polls >= requests
        THEN ln(polls) / ln(40) END""",
    reads=("referer", "uripath"),
)
