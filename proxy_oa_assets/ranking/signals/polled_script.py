"""One script of the host is asked again and again, without coming from a page: a gate that is polled."""

from proxy_oa_assets.ranking.signal import Fact, Signal, requests_with

SIGNAL = Signal(
    name="polled_script",
    family="unprompted",
    words="one script is asked again and again without coming from a page",
    sql="""CASE WHEN NOT popular AND polled_scripts = 1 AND polls >= 5 AND 2 * polls >= requests
        THEN ln(polls) / ln(40) END""",
    reads=("referer", "uripath"),
    facts=(
        Fact("polls", requests_with("script IS NOT NULL")),
        Fact("polled_scripts", "count(DISTINCT script)"),
    ),
)
