"""One script of the host is asked again and again, without coming from a page: a gate that is polled."""

from proxy_oa_assets.ranking.signal import Fact, Signal

_SCRIPT = (
    "cold AND extension IN ('php', 'asp', 'aspx', 'cgi', 'pl', 'py', 'sh', 'jsp', 'cfm', 'cfml', 'bash')"
)

SIGNAL = Signal(
    name="polled_script",
    family="unprompted",
    words="one script is asked again and again without coming from a page",
    sql="""CASE WHEN NOT popular AND polled_first = polled_last AND polls >= 5 AND 2 * polls >= requests
        THEN ln(polls) / ln(40) END""",
    reads=("referer", "uripath"),
    facts=(
        Fact("polls", f"CASE WHEN {_SCRIPT} THEN 1 ELSE 0 END", "sum"),
        Fact("polled_first", f"CASE WHEN {_SCRIPT} THEN uripath END", "min"),
        Fact("polled_last", f"CASE WHEN {_SCRIPT} THEN uripath END", "max"),
    ),
)
