"""Values that run or hide where they are shown carelessly."""

import functools
from collections.abc import Callable

from support.fuzzing import counting, is_long
from support.hostile_values import thousand
from support.storyboard_days import HOSTILE

MARKUP = (
    "<script>window.ran = 1</script>",
    '"><img src=x onerror="window.ran = 2">',
    "' onmouseover='window.ran = 3",
    "javascript:window.ran=4",
    "</title></style></svg><script>window.ran = 5</script>",
    "<svg onload=window.ran=6><a href=//evil.test/>click</a></svg>",
    "]]><!--",
    "&lt;script&gt;&#0;",
    "{{ 7 * 7 }}{% for each in () %}",
    "<meta http-equiv=refresh content='0;url=http://evil.test/'>",
    "<link rel=stylesheet href=http://evil.test/x.css>",
    "<iframe srcdoc='<script>parent.ran = 7</script>'></iframe>",
    "\x1b[31mred\x1b]8;;http://evil.test\x07link",
    "moc.\u202eelpmaxe",
    "\u05d0\u05d1\u05d2/\u0627\u0644",
    "\ufffe\uffff\x7f\x85",
    "https://evil.test/?q=a&b=c#d",
)
# In `make fuzz`, a thousand more.
VALUES = (*MARKUP, *HOSTILE, *(thousand() if is_long() else ()))


def over_hostile_values(target: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test of all values a fuzz target, which counts them."""

    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        counts = {"cases": 0}

        @functools.wraps(test)
        def counted(*args: object, **kwargs: object) -> None:
            # A conftest that imports this module at its top makes it before the profile is known.
            assert len(VALUES) > 1_000 or not is_long()
            test(*args, **kwargs)
            counts["cases"] = len(VALUES)

        return counting(target, counts)(counted)

    return decorated
